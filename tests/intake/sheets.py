"""Spreadsheets as senders write them, and what the door makes of them before it asks the registry."""

import asyncio
import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import xlsxwriter

from services.intake.formats.json_text import UnreadableError
from services.intake.formats.sheet import Drafted, Drafting
from shared.spreadsheets.limits import REQUEST
from shared.spreadsheets.readers import Kind, Readers

NOW = datetime(2023, 12, 20, tzinfo=UTC)
FIGURE = ["unit", "agency", "period", "indicator", "by.domain", "numerator", "denominator"]
ACTIVITY = ["unit", "agency", "activity", "record", "held_on", "domain", "participants.parent", "female", "withdraw"]
REPORT = ["unit", "agency", "period", "report", "submitted"]
WHOLE = ["06412", "ubnd-xa", "2023-Q1", "child-service-access", ""]
HELD = ["06412", "ubnd-xa", "parent-counselling", "r1", "2023-03-09", "nutrition"]


def csv_of(rows: Sequence[Sequence[Any]], delimiter: str = ",") -> bytes:
    made = io.StringIO(newline="")
    csv.writer(made, delimiter=delimiter).writerows(rows)
    return made.getvalue().encode()


def xlsx_of(**sheets: Sequence[Sequence[Any]]) -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        for name, rows in sheets.items():
            page = book.add_worksheet(name)
            for number, row in enumerate(rows):
                page.write_row(number, 0, row)
    return made.getvalue()


def drafted(content: bytes, kind: Kind = "csv") -> Drafted:
    """What the door makes of a file before it asks the registry."""

    async def read() -> Drafted:
        drafting = Drafting("ecd-1437", NOW)
        async with Readers(REQUEST).read(kind, content) as slices:
            async for part in slices:
                drafting.take(part)
        return drafting.end()

    return asyncio.run(read())


def datas(found: Drafted) -> list[dict[str, Any]]:
    assert found.rejected == []
    return [draft.event["data"] for draft in found.drafts.values()]


def faults(found: Drafted) -> list[tuple[str, int, str]]:
    """Code, row and column of everything that is refused."""
    errors = [error for item in found.rejected for error in item.to_json("vi")["errors"]]
    return [(error["code"], error["row"], error["column"]) for error in errors]


def message(found: Drafted, language: str) -> str:
    return found.rejected[0].to_json(language)["errors"][0]["message"]


def refused(content: bytes, kind: Kind = "csv") -> Any:
    with pytest.raises(UnreadableError) as error:
        drafted(content, kind)
    return error.value.words
