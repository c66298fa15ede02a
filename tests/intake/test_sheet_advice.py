"""What a sheet's sender is told of a row that is missing, or a name that isn't there."""

from typing import Any

import pytest

from deploy.local.http import LOCAL
from tests.intake.test_import import ACTIVITIES, FIGURES, upload
from tests.shipped import shipped_programme
from tests.system import System


def errors_of(answer: Any) -> list[Any]:
    assert answer.status_code == 422, answer.text
    return [error for item in answer.json()["rejected"] for error in item["errors"]]


@pytest.mark.parametrize(("language", "said"), [("vi", "hãy thêm một dòng"), ("en", "the row of the whole")])
def test_parts_without_their_whole_are_told_that_its_row_is_missing(system: System, language: str, said: str) -> None:
    figure = "06430,ubnd-xa,2023-Q1,child-service-access"
    headers = {"Authorization": f"Bearer {system.key}", "Content-Type": "text/csv", "Accept-Language": language}
    body = f"{FIGURES}{figure},health,1,4\n{figure},nutrition,1,4\n".encode()
    (error,) = errors_of(LOCAL.post(f"{system.services.url('intake')}/v1/import", content=body, headers=headers))
    assert (error["code"], error["field"], error["row"], error["column"]) == ("field_missing", "row", 2, "D")
    assert said in error["message"]


def test_a_whole_without_its_count_is_told_at_its_cell(system: System) -> None:
    figure = "06430,ubnd-xa,2023-Q1,child-service-access"
    (error,) = errors_of(upload(system, f"{FIGURES}{figure},health,1,4\n{figure},,1,\n"))
    assert (error["code"], error["row"], error["column"]) == ("field_missing", 3, "G")


def test_what_fits_the_unit_s_level_is_named_first(system: System) -> None:
    programme = shipped_programme()
    figures = FIGURES + "06430,nobody,2023-Q1,child-service-access,,1,4\n"
    (error,) = errors_of(upload(system, figures))
    fitting = sorted(programme.agencies_at["commune"])
    assert fitting != sorted(programme.agency)[: len(fitting)]  # or the order of the alphabet would do
    assert error["message"].partition("expected ")[2].startswith(", ".join(fitting))
    held = ACTIVITIES + "06430;ubnd-xa;x-1;nothing;2023-03-09;nutrition;5;2;;\n"
    (error,) = errors_of(upload(system, held))
    fitting = sorted(slug for slug, item in programme.activity.items() if "commune" in item.levels)[:12]
    assert error["message"].partition("expected ")[2].startswith(", ".join(fitting))
