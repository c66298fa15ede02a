"""`kip rollup`: the figures of a level as a table, each with its coverage."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import httpx
import typer
from rich.cells import cell_len
from rich.console import JustifyMethod
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from cli.addresses import asked_url
from cli.console import out
from cli.loopback import is_loopback
from shared.wording.suppressed_words import suppressed_text

BAR = 12
NARROWEST = 12  # of a column of words: a syllable stays in one piece
NO_ROWS = ["code", "unit", "value", "reported", "missing"]  # the headings of a table without any
_BARS = frozenset({"attained", "covered"})  # columns without a heading
_FOLDS = frozenset({"unit", "by"})  # words, which lose nothing by being on two lines
_OF = {100: " %", 1000: " ‰", 100_000: " /100,000"}  # what a value is so many of
_PARTS = " ▏▎▍▌▋▊▉█"
PIPED = 132  # columns where no terminal says how many it has


def rollup(
    indicator: Annotated[str | None, typer.Option(help="An indicator's or measure's slug.")] = None,
    activity: Annotated[str | None, typer.Option(help="An activity's slug, or all, instead of an indicator.")] = None,
    programme: Annotated[str | None, typer.Option(help="The programme; needed where several are loaded.")] = None,
    within: Annotated[
        str | None, typer.Option(help="The unit (code or uid) to look below; the key's own if absent.")
    ] = None,
    level: Annotated[
        str | None, typer.Option(help="nation, province, district, commune; that of --within if absent.")
    ] = None,
    period: Annotated[
        str | None, typer.Option(help="Like 2023-Q1, 2023-03, 2023-W07 or 2023; the current one if absent.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Split by a dimension, like domain or group, or by task.")] = None,
    view: Annotated[
        str | None, typer.Option(help="as_reported, or as_of_today: on today's units, whatever they were then.")
    ] = None,
    sort: Annotated[
        str | None, typer.Option(help="uid, name, value, coverage or units_missing; -value for downwards.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Most rows; all if absent.")] = None,
    url: Annotated[
        str | None, typer.Option(help="The aggregation service; the one at KIP_AGGREGATION_PORT here if absent.")
    ] = None,
    key: Annotated[str, typer.Option(envvar="KIP_KEY", help="A key that may read.", show_default=False)] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print a figure for every unit of a level: value, numerator and denominator, and who has not reported."""
    asked = {
        "indicator": indicator, "activity": activity, "programme": programme,
        "within": within, "level": level, "period": period, "by": by, "view": view, "sort": sort,
    }  # fmt: skip
    _check(asked, key)
    address = asked_url(url, "aggregation")
    rows = list(fetch_rows(address, key, {name: value for name, value in asked.items() if value}, limit))
    if as_json:
        typer.echo(json.dumps({"rows": rows}, ensure_ascii=False))
    else:
        console = out(width=None if out().is_terminal else PIPED)
        console.print(table(rows, indicator or activity or "", console.width), crop=False)


def _check(asked: Mapping[str, str | None], key: str) -> None:
    """Raise ValueError where the service needs not be asked."""
    if (asked["indicator"] is None) == (asked["activity"] is None):
        raise ValueError("expected exactly one of --indicator and --activity")
    if not key:
        raise ValueError("no key: set KIP_KEY or give --key (kip source add NAME --read prints one)")


def fetch_rows(url: str, key: str, asked: Mapping[str, str], limit: int | None = None) -> Iterator[dict[str, Any]]:
    """Fetch the rows of `/v1/rollups`, over all its pages. Raises ValueError with the service's words when it
    refuses.
    """
    after: str | None = None
    left = limit
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=not is_loopback(url)) as client:
        while left is None or left > 0:
            page = {**asked, **({"after": after} if after else {}), **({"limit": str(min(left, 1000))} if left else {})}
            response = client.get("/v1/rollups", params=page)
            if response.status_code != httpx.codes.OK:
                raise ValueError(f"{url}: {_refusal(response)}")
            answer = response.json()
            yield from answer["rows"]
            if left is not None:
                left -= len(answer["rows"])
            after = answer["next"]
            if after is None:
                return


def _refusal(response: httpx.Response) -> str:
    try:
        body = response.json()
    except ValueError:
        body = {}
    field = f"--{body['field']}: " if "field" in body else ""
    return f"{field}{body.get('message', f'answers {response.status_code}')}"


def table(rows: list[dict[str, Any]], title: str, width: int) -> Table:
    """Lay out the rows of one figure for a console of so many columns; print it with `crop=False`.

    The bar of an indicator is its value of the whole, with the target beside it. Where the width doesn't do for all,
    bars get shorter and then go, then units' names fold; codes and numbers are never cut.
    """
    measuring = out(width=10_000)  # what a table would take if there were room for everything
    for bar_width, gap in ((BAR, 2), (8, 2), (5, 1), (0, 1)):
        made = _table(rows, title, bar_width, gap)
        if Measurement.get(measuring, measuring.options, made).maximum <= width:
            break
    least = sum((column.min_width or 0) + gap for column in made.columns) - gap
    if least > width:  # lines longer than the console's, which the terminal folds, rather than figures cut
        made.width = least
    return made


def _table(rows: list[dict[str, Any]], title: str, bar_width: int, gap: int) -> Table:
    ratio = any(row["denominator"] is not None for row in rows) or not any("records" in row for row in rows)
    cells = _ratio_cells if ratio else _count_cells
    lines = [
        {
            "code": row["code"],
            "unit": row["name"],
            **({"by": ", ".join(name or "–" for name in row["by"].values())} if "by" in row else {}),
            **cells(row, bar_width),
            **_coverage_cells(row, bar_width),
        }
        for row in rows
    ]
    periods = ", ".join(sorted({row["period"] for row in rows}))
    made = Table(
        title=f"{title} · {periods or 'no rows'}", title_justify="left", header_style="bold", box=None,
        padding=(0, gap, 0, 0), pad_edge=False,
    )  # fmt: skip
    names = list(dict.fromkeys(name for line in lines for name in line)) or NO_ROWS
    for name in names:
        _add_column(made, name, [line.get(name, "") for line in lines])
    for line in lines:
        made.add_row(*(line.get(name, "") for name in names))
    return made


def _add_column(made: Table, name: str, column: Sequence[Text | str]) -> None:
    heading = "" if name in _BARS else name
    width = max(cell_len(heading), *(cell_len(str(cell)) for cell in column), 0)
    if name in _FOLDS:
        made.add_column(heading, overflow="fold", min_width=min(width, NARROWEST))
        return
    justify: JustifyMethod = "left" if name in {"code", *_BARS} else "right"
    made.add_column(heading, justify=justify, no_wrap=True, min_width=width)


def _ratio_cells(row: Mapping[str, Any], bar_width: int) -> dict[str, Text | str]:
    value, target, per = row["value"], row["target"], row["per"] or 100
    colour = {True: "green", False: "red", None: "default"}[row["on_track"]]
    mark = row.get("suppressed")
    nothing = "no figure" if mark is None else suppressed_text(mark)
    return {
        "value": nothing if value is None else f"{value:.1f}{_OF[per]}",
        **_bar_cell("attained", value, colour, bar_width, per),
        "n": _number(row["numerator"]),
        "d": _number(row["denominator"]),
        "target": "" if target is None else f"{target:g}{_OF[per]}",
    }


def _count_cells(row: Mapping[str, Any], _: int) -> dict[str, Text | str]:
    return {
        "records": _number(row["value"]),
        "people": _number(row.get("participants")),
        "dong": _number(row.get("amount")),
    }


def _coverage_cells(row: Mapping[str, Any], bar_width: int) -> dict[str, Text | str]:
    expected, reported, missing = row["units_expected"], row["units_reported"], row["units_missing"]
    note = " *" if row.get("approximate") else ""
    return {
        "reported": f"{reported:,}/{expected:,}",
        **_bar_cell("covered", 100 * reported / expected if expected else None, "cyan", bar_width),
        "missing": f"{missing:,}{note}",
    }


def _bar_cell(name: str, value: float | None, colour: str, width: int, full: float = 100) -> dict[str, Text | str]:
    return {name: Text(bar(value, full, width), style=colour)} if width else {}


def bar(value: float | None, full: float, width: int = BAR) -> str:
    """Draw a bar of `width` characters, filled to an eighth of a character."""
    if value is None:
        return ""
    eighths = round(min(max(value / full, 0), 1) * width * 8)
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (_PARTS[rest] if rest else "")).ljust(width, "·")


def _number(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"
