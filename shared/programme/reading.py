"""Reads a programme's folder in a process of its own: whoever wrote the folder can make it neither endless nor huge.

`folder_child.py` is that process, see `shared/runtime/confined.py`. It answers with what is wrong, and with the
programme as JSON where nothing is. Nothing here imports what the child reads with (YAML, templates, holidays).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

from shared.programme import text_filling
from shared.programme.message import Message
from shared.programme.model import Programme
from shared.programme.problems import PROGRAMME_FILE, Problem, ProgrammeError
from shared.runtime.confined import ConfinedError, ask_once

MODULE = "shared.programme.folder_child"
SECONDS = 120.0


def check_confined(folder: Path, levels: frozenset[str] | None) -> list[Problem]:
    """Find every problem of the programme in `folder`, the first 1,000; none if it can be loaded. Always comes back."""
    return _read(folder, levels)[1]


def load_confined(folder: Path) -> Programme:
    """Load the programme in `folder`. Raises ProgrammeError with every problem. Always comes back."""
    programme, problems = _read(folder, None)
    if problems or programme is None:
        raise ProgrammeError(problems)
    return programme


def fill_confined(jobs: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Message]:
    """Fill these (template, variables). Raises TextError or ConfinedError."""
    request = text_filling.request([text_filling.as_job(template, variables) for template, variables in jobs])
    found: list[Message] = []
    for outcome in text_filling.outcomes(ask_once(text_filling.MODULE, request, SECONDS)):
        if isinstance(outcome, text_filling.TextError):
            raise outcome
        found.append(outcome)
    return found


def _read(folder: Path, levels: frozenset[str] | None) -> tuple[Programme | None, list[Problem]]:
    asked = to_json({"folder": str(folder.resolve()), "levels": None if levels is None else sorted(levels)})
    try:
        answer = from_json(ask_once(MODULE, asked, SECONDS))
    except ConfinedError as error:
        reason = f"reading this folder takes {error}: a text that never ends, or far too many values"
        return None, [Problem(PROGRAMME_FILE, None, "", reason)]
    problems = [Problem(*item) for item in answer["problems"]]
    return None if problems else Programme.model_validate_json(answer["programme"]), problems
