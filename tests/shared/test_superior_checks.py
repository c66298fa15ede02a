"""A programme whose steps climb has somebody above each agency that owes, as long as it owes."""

from pathlib import Path

import pytest

from shared.programme.folder import load_programme
from shared.programme.model import AgencyRole, Programme
from shared.programme.superior_checks import superior_faults
from tests.forks import run_kip
from tests.sharing import PLAN, write_folder
from tests.shipped import shipped_programme, shipped_units
from tests.system import ROOT

LADDERS = shipped_units().ladder_levels()
SHIPPED = shipped_programme()


def with_agency(slug: str, **change: object) -> Programme:
    raw = SHIPPED.model_dump()
    raw["agencies"] = [{**row, **change} if row["slug"] == slug else row for row in raw["agencies"]]
    return Programme.model_validate(raw)


def faults(programme: Programme) -> list[tuple[str, str]]:
    return [
        (programme.agencies[place[1]].slug, reason) for place, reason in superior_faults(programme, LADDERS)
    ]  # fmt: skip


@pytest.mark.parametrize("folder", ["programmes/ecd-1437", "programmes/nap-23", "tests/programmes/cold-chain"])
def test_of_every_programme_here_somebody_hears(folder: str) -> None:
    assert list(superior_faults(load_programme(ROOT / folder), LADDERS)) == []


@pytest.mark.parametrize(
    ("slug", "change", "since"),
    [
        ("ubnd-xa", {"reports_to": ()}, "2022-12-15"),
        ("ubnd-xa", {"reports_to": ("bo-ldtbxh",)}, "2022-12-15"),  # the nation is no level of a commune's
        ("ubnd-xa", {"reports_to": ("so-ldtbxh",)}, "2022-12-15"),  # nor is the province, while there are districts
        ("so-gddt", {"reports_to": ()}, "2022-12-15"),
        ("ubnd-tinh", {"reports_to": ()}, "2022-12-15"),
        ("phong-ldtbxh-dt-huyen", {"successor": None}, "2025-03-01"),  # its communes lose it
        ("bo-ldtbxh", {"successor": None}, "2025-03-01"),
    ],
)
def test_who_has_nobody_above_is_named_with_the_day_and_the_cure(
    slug: str, change: dict[str, object], since: str
) -> None:
    (fault,) = faults(with_agency(slug, **change))
    blamed, reason = fault
    assert blamed == {"phong-ldtbxh-dt-huyen": "ubnd-xa", "bo-ldtbxh": "ubnd-tinh"}.get(slug, slug)
    assert f"nobody hears of it when '{blamed}' is late (from {since} on)" in reason
    assert "name an agency that sits at" in reason


def test_who_is_asked_only_or_sits_at_the_top_needs_nobody_above() -> None:
    assert faults(with_agency("so-gddt", reports_to=(), role=AgencyRole.REQUESTED)) == []
    raw = load_programme(ROOT / "tests/programmes/cold-chain").model_dump()
    national = [{**row, "level": "nation", "agency": "national-store"} for row in raw["reports"][1]["reporters"]]
    raw["reports"][1]["reporters"] = national
    assert list(superior_faults(Programme.model_validate(raw), LADDERS)) == []


def test_a_programme_that_climbs_nowhere_needs_nobody_above() -> None:
    raw = with_agency("ubnd-xa", reports_to=()).model_dump()
    raw["escalation"] = [step for step in raw["escalation"] if step["to"] == 0]
    assert list(superior_faults(Programme.model_validate(raw), LADDERS)) == []


def test_kip_check_names_the_agency_and_the_cure(tmp_path: Path) -> None:
    place = next(i for i, row in enumerate(PLAN["agencies"]) if row["slug"] == "ubnd-xa")
    agencies = [{**row, "reports_to": []} if row["slug"] == "ubnd-xa" else row for row in PLAN["agencies"]]
    folder = write_folder(tmp_path, {**PLAN, "agencies": agencies})
    done = run_kip("check", str(folder), environment={})
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 1
    assert f"agencies[{place}].reports_to: nobody hears of it when 'ubnd-xa' is late" in said
    assert "name an agency that sits at 'commune' or 'district' and acts then" in said
