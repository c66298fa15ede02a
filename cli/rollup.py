"""`kip rollup`: the figures of a level as a table, each with its coverage."""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.addresses import asked_url
from cli.loopback import is_loopback

BAR = 12
_PARTS = " ▏▎▍▌▋▊▉█"
out = Console(width=None if Console().is_terminal else 132)


def rollup(
    indicator: Annotated[str | None, typer.Option(help="An indicator's or measure's slug.")] = None,
    activity: Annotated[str | None, typer.Option(help="An activity's slug, instead of an indicator.")] = None,
    programme: Annotated[str | None, typer.Option(help="The programme; needed where several are loaded.")] = None,
    within: Annotated[
        str | None, typer.Option(help="The unit (code or uid) to look below; the key's own if absent.")
    ] = None,
    level: Annotated[
        str | None, typer.Option(help="nation, province, district, commune; that of --within if absent.")
    ] = None,
    period: Annotated[
        str | None, typer.Option(help="Like 2023-Q1, 2023-03, 2023-H1 or 2023; the current one if absent.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Split by a dimension, like domain or group.")] = None,
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
    if (indicator is None) == (activity is None):
        raise ValueError("expected exactly one of --indicator and --activity")
    if not key:
        raise ValueError("no key: set KIP_KEY or give --key (kip source add NAME --read prints one)")
    asked = {
        "indicator": indicator, "activity": activity, "programme": programme,
        "within": within, "level": level, "period": period, "by": by, "view": view, "sort": sort,
    }  # fmt: skip
    address = asked_url(url, "aggregation")
    rows = list(fetch_rows(address, key, {name: value for name, value in asked.items() if value}, limit))
    if as_json:
        typer.echo(json.dumps({"rows": rows}, ensure_ascii=False))
    else:
        out.print(table(rows, indicator or activity or ""))


def fetch_rows(url: str, key: str, asked: Mapping[str, str], limit: int | None = None) -> Iterator[dict[str, Any]]:
    """The rows of `/v1/rollups`, over all its pages. Raises ValueError with the service's words when it refuses."""
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


def table(rows: list[dict[str, Any]], title: str) -> Table:
    """Rows of one figure. The bar of an indicator is its attainment, with the target beside it."""
    ratio = any(row["denominator"] is not None for row in rows) or not any("records" in row for row in rows)
    split = any("by" in row for row in rows)
    periods = ", ".join(sorted({row["period"] for row in rows}))
    made = Table(title=f"{title} · {periods or 'no rows'}", title_justify="left", header_style="bold", box=None)
    made.add_column("code", no_wrap=True)
    made.add_column("unit", min_width=24, no_wrap=True)
    if split:
        made.add_column("by", no_wrap=True)
    for name in ("value", "", "n", "d", "target") if ratio else ("records", "people", "dong"):
        made.add_column(name, justify="left" if name == "" else "right", no_wrap=True)
    made.add_column("reported", justify="right", no_wrap=True)
    made.add_column("", no_wrap=True)
    made.add_column("missing", justify="right", no_wrap=True)
    for row in rows:
        made.add_row(
            row["code"],
            row["name"],
            *([", ".join(row.get("by", {}).values())] if split else []),
            *(_ratio_cells(row) if ratio else _count_cells(row)),
            *_coverage_cells(row),
        )
    return made


def _ratio_cells(row: Mapping[str, Any]) -> list[Text | str]:
    value, target = row["value"], row["target"]
    colour = {True: "green", False: "red", None: "default"}[row["on_track"]]
    return [
        "no figure" if value is None else f"{value:.1f} %",
        Text(bar(value, 100), style=colour),
        _number(row["numerator"]),
        _number(row["denominator"]),
        "" if target is None else f"{target:g} %",
    ]


def _count_cells(row: Mapping[str, Any]) -> list[Text | str]:
    return [_number(row["value"]), _number(row.get("participants")), _number(row.get("amount"))]


def _coverage_cells(row: Mapping[str, Any]) -> list[Text | str]:
    expected, reported, missing = row["units_expected"], row["units_reported"], row["units_missing"]
    coverage = bar(100 * reported / expected if expected else None, 100)
    note = " *" if row.get("approximate") else ""
    return [f"{reported:,}/{expected:,}", Text(coverage, style="cyan"), f"{missing:,}{note}"]


def bar(value: float | None, full: float) -> str:
    """A bar of BAR characters, filled to an eighth of a character."""
    if value is None:
        return ""
    eighths = round(min(max(value / full, 0), 1) * BAR * 8)
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (_PARTS[rest] if rest else "")).ljust(BAR, "·")


def _number(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"
