"""The process that reads a programme's folder, confined: `python -m shared.programme.folder_child`.

A request is a JSON object with `folder`, `calendars`, and `levels`, `units` and `ladders` of the register or null; the
answer has `problems` and, where there are none, `programme` and the `lines` of its places.
"""

import json
from dataclasses import astuple
from datetime import date
from pathlib import Path

from pydantic_core import to_json

from shared.programme.folder import read_programme
from shared.programme.problems import PROGRAMME_FILE
from shared.runtime.confined import MEBIBYTE, serve

MEMORY = 384 * MEBIBYTE
CPU_SECONDS = 12  # the shipped programme takes one
MOST_PROBLEMS = 1000


def _answer(asked: bytes) -> bytes:
    wanted = json.loads(asked)
    levels, units = (None if wanted[name] is None else frozenset(wanted[name]) for name in ("levels", "units"))
    ladders = wanted["ladders"] and {
        date.fromisoformat(day): frozenset(map(tuple, found)) for day, found in wanted["ladders"]
    }
    programme, document = read_programme(Path(wanted["folder"]), levels, units, Path(wanted["calendars"]), ladders)
    problems = document.problems
    listed = [astuple(problem) for problem in problems[:MOST_PROBLEMS]]
    if len(problems) > MOST_PROBLEMS:
        listed.append((PROGRAMME_FILE, None, "", f"and {len(problems) - MOST_PROBLEMS:,} more problems"))
    text = None if problems or programme is None else programme.model_dump_json()
    lines = [] if text is None else list(document.lines.items())
    return to_json({"problems": listed, "programme": text, "lines": lines})


if __name__ == "__main__":
    serve(_answer, memory=MEMORY, seconds=CPU_SECONDS)
