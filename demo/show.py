"""Prints what the made-up year came to: figures by level, and letters sent."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli.rollup import fetch_rows, table
from demo.figures import Compared
from demo.mail import letters, read_lines, text_of
from sample.letters import Told
from sample.officers import huu_lung_address
from shared.domain.periods import period_words
from shared.domain.units import Unit
from shared.programme.model import Programme

ACCESS = "child-service-access"
# (below which unit, at which level, how many rows at most)
LADDER = (
    ("VN", "nation", None),
    ("VN", "province", None),
    ("20@1", "district", None),
    ("186@1", "commune", None),
    ("19@1", "district", None),
    ("19@1", "commune", 5),
)
_INDENT = {"nation": "", "province": " ", "district": "  ", "commune": "   "}
Row = dict[str, Any]


def show_figures(out: Console, url: str, key: str, programme: Programme) -> None:
    """Print the rollup for Lạng Sơn and Thái Nguyên at each level, and all indicators at the end of the year."""
    rows = [
        {**row, "name": _INDENT[row["level"]] + row["name"]}
        for within, level, most in LADDER
        for row in _taking_part(fetch_rows(url, key, _asked(programme, ACCESS, "2023-Q1", within, level)), most)
    ]
    out.print(
        table(rows, f"MADE-UP FIGURES: {programme.text(programme.indicator[ACCESS].label, 'en')}", out.width),
        crop=False,
    )
    words = f"--programme {programme.slug} --indicator {ACCESS} --period 2023-Q1 --within 19@1 --level commune"
    out.print(f"  … and so on, with a key that reads: kip rollup {words}", style="dim")
    for indicator in programme.indicators:
        rows = [
            row
            for within, level in (("VN", "nation"), ("20@1", "province"), ("19@1", "province"))
            for row in fetch_rows(url, key, _asked(programme, indicator.slug, "2023", within, level))
        ]
        out.print()
        label = programme.text(indicator.label, "en")
        out.print(table(rows, f"MADE-UP FIGURES: {label}", out.width), crop=False)


def _asked(programme: Programme, indicator: str, period: str, within: str, level: str) -> dict[str, str]:
    return {"programme": programme.slug, "indicator": indicator, "period": period, "within": within, "level": level}


def _taking_part(rows: Iterable[Row], most: int | None) -> list[Row]:
    """Choose the rows of units that report, or that owe their silence to themselves: not of those outside the
    sample.
    """
    kept = [row for row in rows if row["units_reported"] or row["level"] == "commune"]
    return kept[:most]


def ladder_rows(url: str, key: str, programme: Programme, period: str, path: Sequence[Unit]) -> list[Row]:
    """Fetch a figure of a unit and of all above it, the nation first."""
    found = []
    for unit in reversed(path):
        asked = _asked(programme, ACCESS, period, unit.uid, unit.level)
        found += [{**row, "name": _INDENT[row["level"]] + row["name"]} for row in fetch_rows(url, key, asked)]
    return found


def show_change(out: Console, before: Sequence[Row], after: Sequence[Row]) -> None:
    """Print what has changed of a figure at each level: numerator, denominator, coverage."""
    made = Table(box=None, padding=(0, 2, 0, 0))
    made.add_column("unit")
    for heading in ("before", "reported", "after", "reported"):
        made.add_column(heading, justify="right")
    for was, row in zip(before, after, strict=True):
        made.add_row(row["name"], *_figure(was), *_figure(row))
    out.print(made)


def _figure(row: Row) -> tuple[str, str]:
    known = row["denominator"] is not None
    figure = f"{row['numerator']:,} of {row['denominator']:,}" if known else "no figure"
    return figure, f"{row['units_reported']:,}/{row['units_expected']:,}"


QUARTER = period_words("2023-Q1").vi


def show_letters(out: Console, folder: Path, programme: Programme) -> None:
    """Print how many alerts of each step were sent, and Hữu Lũng's digest of the first quarter in full."""
    arrived = letters(folder)
    told = Counter(_step(line) for letter in arrived for line in read_lines(letter, programme))
    out.print()
    out.print(f"[bold]{len(arrived):,} letters in {folder}[/], telling", highlight=False)
    for step, number in sorted(told.items()):
        out.print(f"  {number:>5,}  {step}", highlight=False)
    digest = next(
        (
            letter
            for letter in arrived
            if letter["To"] == huu_lung_address()
            and any(line.digest and line.period == QUARTER for line in read_lines(letter, programme))
        ),
        None,
    )
    if digest is None:
        out.print("[red]Hữu Lũng's digest of the first quarter has not come[/]")
    else:
        title = f"{digest['Date']}  To: {digest['To']}\nSubject: {digest['Subject']}"
        out.print(Panel(Text(f"{title}\n\n{text_of(digest).strip()}"), title="Hữu Lũng's digest", title_align="left"))


def _step(line: Told) -> str:
    if not line.digest:
        return "1 reminders before the deadline" if not line.overdue else "2 overdue notices to the unit itself"
    code = line.address.partition("@")[0].rpartition(".")[2]
    return "3 lines in digests to districts" if len(code) == 3 else "4 lines in digests to the province"


def show_compared(out: Console, what: str, compared: Compared) -> None:
    """Print how much was compared and what differed."""
    colour = "green" if compared.right else "red"
    out.print(f"[{colour}]{compared.equal:,} of {compared.figures:,} {what} are equal[/]", highlight=False)
    for difference in compared.differences:
        out.print(f"  {difference}", highlight=False, markup=False)
