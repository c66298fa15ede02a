"""What the cells of a report's sheet are: which field of the form each is of, and whether a row was touched. Pure."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date

from services.board.report.fields import COMPONENT, DENOMINATOR, NUMERATOR, Part
from services.board.report.typed import count_or_text
from shared.sheets.columns import cell_text

ABSENT, BEFORE, MARK, OF_PERIOD = "#absent", "#before", "#mark", "#period"
X = "x"
FIGURE_CELLS = ("numerator", "denominator", "value", ABSENT)
_MARK_DIGITS = 12


def fields_of(component: str, by: Mapping[str, str]) -> Mapping[str, str]:
    """Name the form's fields that a row of a figure holds, by their columns; none for parts of several dimensions."""
    if component:
        return {"value": f"{COMPONENT}.{component}"}
    if len(by) > 1:
        return {}
    part = next((Part(dimension, option, "") for dimension, option in by.items()), None)
    names = (NUMERATOR, DENOMINATOR) if part is None else (part.numerator, part.denominator)
    return dict(zip(("numerator", "denominator"), names, strict=True))


def same(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Tell whether two answers say the same, however their numbers are grouped."""
    left, right = (
        {name: count_or_text(text) for name, text in typed.items() if text.strip()} for typed in (one, other)
    )
    return left == right


def mark_of(cells: Mapping[str, object]) -> str:
    """Make the mark of a row by its open cells: one that still has it when it comes back was touched by nobody."""
    texts = {name: text for name, value in cells.items() if (text := _read_again(name, value))}
    written = json.dumps(texts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()[:_MARK_DIGITS]


def _read_again(name: str, value: object) -> str:
    """Read a cell as it comes back from a workbook."""
    match value:
        case None:
            return ""
        case date():
            return value.isoformat()
    return cell_text(name, value)
