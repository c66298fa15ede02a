"""docs/programmes.md names every field of the form as it is, and its example is sound."""

import re
import subprocess
from collections.abc import Iterator
from datetime import date
from enum import Enum
from pathlib import Path
from shutil import copytree
from types import ModuleType
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from shared.domain.periods import PeriodKind
from shared.domain.seats import superiors
from shared.programme import base, indicators, model, reports, senders
from shared.programme.folder import check_programme, load_programme
from tests.system import ROOT, kip

PAGE = (ROOT / "docs" / "programmes.md").read_text(encoding="utf-8")
LEVELS = frozenset({"nation", "province", "district", "commune"})
SECTIONS = {
    heading.partition(":")[0]: text
    for heading, text in re.findall(r"^### (.+?)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
}
ROW = re.compile(r"^\| `(\w+)` \| .*? \| (.*?) \| .*\|$", re.MULTILINE)


def models(*modules: ModuleType) -> Iterator[type[base.Model]]:
    for module in modules:
        for item in vars(module).values():
            ours = isinstance(item, type) and issubclass(item, base.Model) and item.__module__ == module.__name__
            if ours and item is not base.Model:
                yield item


MODELS = list(models(base, indicators, model, reports, senders))


@pytest.mark.parametrize("form", MODELS, ids=lambda form: form.__name__)
def test_every_field_stands_in_its_models_table_with_what_it_is_where_it_is_absent(form: type[base.Model]) -> None:
    table = ROW.findall(SECTIONS[form.__name__].partition("\n\n| `")[0])
    own = {name: form.model_fields[name] for name in form.__annotations__ if name in form.model_fields}
    assert dict(table) == {name: _absent(field) for name, field in own.items()}
    assert len(table) == len(own)


def _absent(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or value in ((), {}) or isinstance(value, BaseModel):
        return "–"
    return f"`{str(value).lower()}`"


def test_no_section_tells_of_a_model_that_is_no_more() -> None:
    assert set(SECTIONS) == {form.__name__ for form in MODELS}


def test_every_word_that_a_field_may_be_is_named() -> None:
    words = {member.value for kind in (*_enums(indicators), *_enums(model), PeriodKind) for member in kind}
    words |= {word for form in MODELS for field in form.model_fields.values() for word in _literals(field.annotation)}
    assert len(words) > 30
    assert {str(word) for word in words if f"`{word}`" not in PAGE} - {"100", "1000", "100000"} == set()
    assert "100, 1000 or 100000" in PAGE


def _enums(module: ModuleType) -> list[type[Enum]]:
    return [item for item in vars(module).values() if isinstance(item, type) and issubclass(item, Enum) and list(item)]


def _literals(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    else:
        for part in get_args(annotation):
            yield from _literals(part)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """The folder that the page's commands make, in a repository that has nothing but the programme they copy from."""
    copytree(ROOT / "programmes" / "ecd-1437", tmp_path / "programmes" / "ecd-1437")
    (commands,) = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    subprocess.run(["sh", "-e", "-c", commands], cwd=tmp_path, check=True)
    return tmp_path / "programmes" / "clean-water"


def test_the_example_from_an_empty_folder_is_sound(made: Path) -> None:
    assert check_programme(made, LEVELS) == []
    programme = load_programme(made, LEVELS)
    assert programme.lead(date(2027, 1, 1)) == "so-nnmt"
    assert superiors(programme, "ubnd-xa", date(2027, 1, 1)) == {"so-nnmt", "ubnd-tinh"}


def test_the_example_of_a_fault_is_what_is_said_of_it(made: Path) -> None:
    file = made / "programme.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("agency: ubnd-xa,", "agency: ubnd-xaa,"), encoding="utf-8")
    (problem,) = check_programme(made, LEVELS)
    assert f"\nprogrammes/clean-water/{problem}\n" in PAGE


def test_kip_takes_the_example(made: Path, loaded_database: str) -> None:
    environment = {"KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": loaded_database}
    assert kip("check", str(made), environment={}).endswith(": no errors\n")
    assert kip("load", str(made), environment=environment) == "loaded programme clean-water\n"
