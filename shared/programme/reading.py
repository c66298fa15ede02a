"""Reads a programme's folder in a process of its own: whoever wrote the folder can make it neither endless nor huge.

`folder_child.py` is that process, see `shared/runtime/confined.py`. It answers with what is wrong, and with the
programme as JSON where nothing is. Nothing here imports what the child reads with (YAML, templates, holidays).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

from shared.domain.units import Units
from shared.programme import text_filling
from shared.programme.message import Message
from shared.programme.model import Programme
from shared.programme.problems import PROGRAMME_FILE, Document, Problem, ProgrammeError
from shared.runtime.confined import ConfinedError, ask_once

MODULE = "shared.programme.folder_child"
SECONDS = 120.0


def load_confined(folder: Path, calendars: Path) -> Programme:
    """Load the programme in `folder`, with no register. Raises ProgrammeError with every problem. Always comes back."""
    programme, document = read_confined(folder, None, calendars)
    if programme is None:
        raise ProgrammeError(document.problems)
    return programme


def read_confined(folder: Path, register: Units | None, calendars: Path) -> tuple[Programme | None, Document]:
    """Read the programme in `folder`: the document has every problem, the first 1,000; without any the lines of its
    places, and the programme is there. Always comes back.

    Levels, units and superiors that it names are looked up in the register, where one is given.
    """
    request = {
        "folder": str(folder.resolve()),
        "levels": None if register is None else sorted({unit.level for unit in register}),
        "units": None if register is None else sorted(unit.uid for unit in register),
        "ladders": None
        if register is None
        else [(day.isoformat(), sorted(ladders)) for day, ladders in register.ladder_levels().items()],
        "calendars": str(calendars.resolve()),
    }
    document = Document(PROGRAMME_FILE)
    try:
        answer = from_json(ask_once(MODULE, to_json(request), SECONDS))
    except ConfinedError as error:
        reason = f"reading this folder takes {error}: a text that never ends, or far too many values"
        document.problems.append(Problem(PROGRAMME_FILE, None, "", reason))
        return None, document
    document.problems += [Problem(*item) for item in answer["problems"]]
    document.lines.update((tuple(place), line) for place, line in answer["lines"])
    return None if document.problems else Programme.model_validate_json(answer["programme"]), document


def fill_confined(jobs: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Message]:
    """Fill these (template, variables). Raises TextError or ConfinedError."""
    request = text_filling.request([text_filling.as_job(template, variables) for template, variables in jobs])
    found: list[Message] = []
    for outcome in text_filling.outcomes(ask_once(text_filling.MODULE, request, SECONDS)):
        if isinstance(outcome, text_filling.TextError):
            raise outcome
        found.append(outcome)
    return found
