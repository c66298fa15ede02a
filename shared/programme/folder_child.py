"""The process that reads a programme's folder, confined: `python -m shared.programme.folder_child`.

A request is a JSON object with `folder` and `levels`; the answer has `problems`, and `programme` where there are none.
"""

import json
from dataclasses import astuple
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
    levels = None if wanted["levels"] is None else frozenset(wanted["levels"])
    programme, problems = read_programme(Path(wanted["folder"]), levels)
    listed = [astuple(problem) for problem in problems[:MOST_PROBLEMS]]
    if len(problems) > MOST_PROBLEMS:
        listed.append((PROGRAMME_FILE, None, "", f"and {len(problems) - MOST_PROBLEMS:,} more problems"))
    text = None if problems or programme is None else programme.model_dump_json()
    return to_json({"problems": listed, "programme": text})


if __name__ == "__main__":
    serve(_answer, memory=MEMORY, seconds=CPU_SECONDS)
