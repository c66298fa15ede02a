"""`kip template`: writes the spreadsheet of one unit's report, to be filled in and uploaded."""

import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer

from cli.console import out
from cli.database import with_database
from shared.database.connections import Connection
from shared.domain.duties import applies, own_options
from shared.domain.periods import Period, parse_period, period_words
from shared.domain.units import Units
from shared.programme.indicators import Indicator
from shared.programme.model import Programme
from shared.registry import store
from shared.runtime.clock import SystemClock
from shared.sheets.columns import LISTS
from shared.sheets.report_tables import Sheet, activity_table, figure_table, report_table, with_age
from shared.sheets.template_words import HELP, TemplateWords
from shared.sheets.workbook import Workbook

ACTIVITY_ROWS = 60


def template(
    report: Annotated[str, typer.Argument(help="The report's slug, like progress-quarterly.")],
    unit: Annotated[str, typer.Option(help="The unit's code or uid.")],
    period: Annotated[str | None, typer.Option(help="Like 2023-Q1; the last one that ended if absent.")] = None,
    agency: Annotated[str | None, typer.Option(help="The agency, where several of the unit report.")] = None,
    programme: Annotated[str | None, typer.Option(help="The programme, where several are loaded.")] = None,
    language: Annotated[
        str | None, typer.Option(help="vi or en, as the programme has it; its first if absent.")
    ] = None,
    to: Annotated[Path | None, typer.Option("--out", help="The file; <report>-<unit>-<period>.xlsx if absent.")] = None,
) -> None:
    """Write the spreadsheet of a unit's report: period and record ids filled in, choices as drop-down lists."""

    async def read(connection: Connection) -> tuple[Units, dict[str, str], timedelta]:
        clock = await store.read_clock(connection)
        ahead = clock[0] if clock else timedelta(0)
        return await store.read_units(connection), await store.read_programmes(connection), ahead

    units, documents, ahead = with_database(read)
    chosen = _programme(documents, programme)
    today = chosen.today(SystemClock(ahead).now())
    sheet = _sheet(chosen, units, report, unit, period, agency, language, today)
    path = to or Path(f"{report}-{sheet.unit.code}-{sheet.period}.xlsx")
    write_template(sheet, path, uuid.uuid4().hex[:8])
    out().print(f"wrote {path}")


def write_template(sheet: Sheet, path: Path, batch: str) -> None:
    """Write the workbook. `batch` begins the ids of its activity records: two templates never share one."""
    figures = list(_figures(sheet))
    report, unit, period = sheet.programme.text(sheet.report.label, sheet.language), sheet.unit, str(sheet.period)
    title = sheet.said(
        TemplateWords.TITLE.value, report=report, unit=unit.name, code=unit.code, period=period_words(period)
    )
    records = [f"{batch}-{number:03d}" for number in range(1, ACTIVITY_ROWS + 1)]
    with Workbook(str(path), sheet.said(LISTS)) as book:
        book.page(sheet.said(TemplateWords.REPORT.value), title, report_table(sheet, "open"), below=_help(sheet))
        aged = with_age(sheet, title, figures)
        book.page(sheet.said(TemplateWords.FIGURES.value), aged, figure_table(sheet, figures, "open")[0])
        book.page(sheet.said(TemplateWords.ACTIVITIES.value), aged, activity_table(sheet, book, records, ""))


def _help(sheet: Sheet) -> list[str]:
    said = [sheet.said(words) for words in HELP]
    if sheet.report.recipients:
        said += ["", sheet.said(TemplateWords.RECIPIENTS.value)]
        names = [sheet.text(recipient) for recipient in sheet.report.recipients]
        said += [f"{name};" for name in names[:-1]] + [f"{names[-1]}."]
    return said


def _figures(sheet: Sheet) -> Iterator[tuple[Indicator, Period]]:
    """List what the agency reports of the unit, for each of its own periods within the report's."""
    for indicator in sheet.programme.indicators:
        if not indicator.period.makes_up(sheet.report.period):
            continue
        for period in sheet.programme.calendar.parts(sheet.period, indicator.period):
            if own_options(indicator, sheet.unit, sheet.agency, sheet.programme.calendar.end(period)) is not None:
                yield indicator, period


def _sheet(
    programme: Programme, units: Units, slug: str, code: str, period_text: str | None, agency: str | None,
    language: str | None, today: date,
) -> Sheet:  # fmt: skip
    report = programme.report.get(slug)
    if report is None:
        raise ValueError(f"no report {slug}: expected {', '.join(programme.report)}")
    if period_text is None:
        period = programme.calendar.containing(today, report.period).shift(-1)
    else:
        period = parse_period(period_text)
    if period.kind is not report.period:
        raise ValueError(f"{slug} is reported by {report.period}, got {period}")
    on = programme.calendar.end(period)
    unit = units.find(code, on)
    if unit is None or not unit.in_force(on):
        raise ValueError(f"no unit {code} is in force on {on}")
    speaking = [reporter.agency for reporter in report.reporters if applies(reporter, unit, on)]
    if agency is None and len(speaking) == 1:
        agency = speaking[0]
    if agency not in speaking:
        raise ValueError(f"--agency: expected {' or '.join(speaking) or 'none: this unit owes no such report'}")
    if language is not None and language not in programme.languages:
        raise ValueError(f"--language: expected {' or '.join(programme.languages)}, got {language!r}")
    return Sheet(programme, report, unit, str(agency), period, language or programme.languages[0])


def _programme(documents: dict[str, str], slug: str | None) -> Programme:
    if slug is None and len(documents) == 1:
        slug = next(iter(documents))
    if slug not in documents:
        raise ValueError(f"--programme: expected {' or '.join(sorted(documents)) or 'one: kip load first'}")
    return Programme.model_validate_json(documents[slug])
