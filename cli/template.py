"""`kip template`: writes the spreadsheet of one unit's report, to be filled in and uploaded."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
import xlsxwriter
from rich.console import Console

from cli.database import with_database
from cli.template_words import HELP, LABELS, TemplateWords
from shared.database.connections import Connection
from shared.domain.duties import applies, own_options
from shared.domain.periods import Period, parse_period, period_words
from shared.domain.units import Unit, Units
from shared.programme.base import Label
from shared.programme.indicators import Indicator
from shared.programme.model import Programme
from shared.programme.reports import Report
from shared.programme.rule_words import age_words
from shared.registry import store
from shared.runtime.clock import SystemClock
from shared.sheets.columns import BY, LISTS, MONEY, PARTICIPANTS, column_letters, neutral, with_slug
from shared.wording.words import Words

ACTIVITY_ROWS = 60
HEADER_ROW = 2  # from 0: a title, the labels for people, then the technical names
out = Console()


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a template is for."""

    programme: Programme
    report: Report
    unit: Unit
    agency: str
    period: Period
    language: str

    def text(self, label: Label) -> str:
        """Write a label of the programme as a cell has it."""
        return neutral(self.programme.text(label, self.language))

    def said(self, words: Words, **values: object) -> str:
        """Write words of ours."""
        return words.filled(**values).in_language(self.language)

    @property
    def choices(self) -> list[str]:
        """Yes and no."""
        return [self.said(TemplateWords.YES.value), self.said(TemplateWords.NO.value)]


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
    out.print(f"wrote {path}")


def write_template(sheet: Sheet, path: Path, batch: str) -> None:
    """Write the workbook. `batch` begins the ids of its activity records: two templates never share one."""
    workbook = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    styles = {
        "title": workbook.add_format({"bold": True, "font_size": 14}),
        "label": workbook.add_format({"bold": True, "text_wrap": True, "bg_color": "#DDEBF7", "border": 1}),
        "given": workbook.add_format({"font_color": "#595959", "bg_color": "#F2F2F2"}),
        "open": workbook.add_format({"border": 1}),
        "day": workbook.add_format({"border": 1, "num_format": "dd/mm/yyyy"}),
    }
    lists = workbook.add_worksheet(sheet.said(LISTS))
    report, unit, period = sheet.programme.text(sheet.report.label, sheet.language), sheet.unit, str(sheet.period)
    title = sheet.said(
        TemplateWords.TITLE.value, report=report, unit=unit.name, code=unit.code, period=period_words(period)
    )
    _write_report(workbook.add_worksheet(sheet.said(TemplateWords.REPORT.value)), sheet, title, styles)
    _write_figures(
        workbook.add_worksheet(sheet.said(TemplateWords.FIGURES.value)), sheet, _with_age(sheet, title), styles
    )
    activities = workbook.add_worksheet(sheet.said(TemplateWords.ACTIVITIES.value))
    _write_activities(activities, lists, sheet, _with_age(sheet, title), styles, batch)
    lists.hide()
    workbook.worksheets()[1].activate()
    workbook.close()


def _with_age(sheet: Sheet, title: str) -> str:
    """Add which children are meant: whoever counts them has the sheet before them, not the programme."""
    known = [sheet.programme.age_max_completed_years]
    known += [indicator.age_max_completed_years for indicator, _ in _figures(sheet)]
    ages = [sheet.said(age_words(years)) for years in dict.fromkeys(known) if years is not None]
    return " - ".join([title, *ages])


def _write_report(page: Any, sheet: Sheet, title: str, styles: dict[str, Any]) -> None:
    _write_head(page, sheet, title, ["programme", "report", "unit", "agency", "period", "submitted"], {}, styles)
    row = HEADER_ROW + 1
    given = [sheet.programme.slug, sheet.report.slug, sheet.unit.uid, sheet.agency, str(sheet.period)]
    page.write_row(row, 0, given, styles["given"])
    page.write_blank(row, 5, None, styles["open"])
    page.data_validation(row, 5, row, 5, {"validate": "list", "source": sheet.choices})
    said = [sheet.said(words) for words in HELP]
    if sheet.report.recipients:
        said += ["", sheet.said(TemplateWords.RECIPIENTS.value)]
        names = [sheet.text(recipient) for recipient in sheet.report.recipients]
        said += [f"{name};" for name in names[:-1]] + [f"{names[-1]}."]
    for line, text in enumerate(said):
        page.write_string(row + 2 + line, 0, text)


def _write_figures(page: Any, sheet: Sheet, title: str, styles: dict[str, Any]) -> None:
    dimensions = sorted({slug for indicator, _ in _figures(sheet) for slug in indicator.breakdowns})
    columns = [
        "programme", "unit", "agency", "indicator", "#indicator", "period", "component", "#part",
        *(BY + slug for slug in dimensions), "numerator", "denominator", "value",
    ]  # fmt: skip
    labels = {BY + item.slug: sheet.text(item.label) for item in sheet.programme.dimensions}
    _write_head(page, sheet, title, columns, labels, styles)
    place = {name: index for index, name in enumerate(columns)}
    row = HEADER_ROW
    for indicator, period in _figures(sheet):
        for component, by, label in _parts(sheet, indicator, period):
            row += 1
            given = {
                "programme": sheet.programme.slug, "unit": sheet.unit.uid, "agency": sheet.agency,
                "indicator": indicator.slug, "#indicator": sheet.text(indicator.label), "period": str(period),
                "component": component, "#part": label, **{BY + slug: option for slug, option in by.items()},
            }  # fmt: skip
            for name, value in given.items():
                page.write_string(row, place[name], value, styles["given"])
            open_cells = ["value"] if component else ["numerator", "denominator"]
            for name in open_cells:
                page.write_blank(row, place[name], None, styles["open"])
                choice = {"validate": "list", "source": sheet.choices}
                page.data_validation(row, place[name], row, place[name], choice if component else _count(sheet))
    page.set_column(place["#indicator"], place["#indicator"], 50)
    page.set_column(place["#part"], place["#part"], 36)


def _write_activities(page: Any, lists: Any, sheet: Sheet, title: str, styles: dict[str, Any], batch: str) -> None:
    programme = sheet.programme
    activities = [item for item in programme.activities if sheet.unit.level in item.levels]
    carried = {slug for item in activities for slug in item.breakdowns}
    dimensions = sorted(carried - {"domain"})  # which has a column of its own, as an event has a field
    by_slug = {item.slug: item for item in programme.dimensions}
    columns = [
        "programme", "unit", "agency", "record", "activity", "held_on", *(["domain"] if "domain" in carried else []),
        *(PARTICIPANTS + item.slug for item in programme.participant_groups),
        *(["female"] if programme.participant_groups else []),
        *(MONEY + item.slug for item in programme.funding_lines), *(BY + slug for slug in dimensions), "withdraw",
    ]  # fmt: skip
    labels = {
        **{PARTICIPANTS + item.slug: sheet.text(item.label) for item in programme.participant_groups},
        **{
            MONEY + item.slug: sheet.said(TemplateWords.MONEY.value, line=sheet.text(item.label))
            for item in programme.funding_lines
        },
        **{BY + slug: sheet.text(by_slug[slug].label) for slug in dimensions},
    }
    _write_head(page, sheet, title, columns, labels, styles)
    choices = {"activity": [(sheet.text(item.label), item.slug) for item in activities]}
    for slug in (["domain"] if "domain" in carried else []) + dimensions:
        name = slug if slug == "domain" else BY + slug
        choices[name] = [(sheet.text(option.label), option.slug) for option in by_slug[slug].options]
    sources = {name: _write_list(lists, number, items) for number, (name, items) in enumerate(choices.items())}
    first, last = HEADER_ROW + 1, HEADER_ROW + ACTIVITY_ROWS
    for row in range(first, last + 1):
        given = [programme.slug, sheet.unit.uid, sheet.agency, f"{batch}-{row - HEADER_ROW:03d}"]
        page.write_row(row, 0, given, styles["given"])
    for column, name in enumerate(columns):
        if name in sources:
            page.data_validation(first, column, last, column, {"validate": "list", "source": sources[name]})
        elif name == "held_on":
            page.set_column(column, column, 14, styles["day"])
        elif name == "withdraw":
            page.data_validation(first, column, last, column, {"validate": "list", "source": ["x"]})
        elif column > columns.index("held_on"):
            page.data_validation(first, column, last, column, _count(sheet))
    page.set_column(columns.index("activity"), columns.index("activity"), 40)


def _count(sheet: Sheet) -> dict[str, Any]:
    return {"validate": "integer", "criteria": ">=", "value": 0, "error_message": sheet.said(TemplateWords.COUNT.value)}


def _write_head(
    page: Any, sheet: Sheet, title: str, columns: Sequence[str], labels: dict[str, str], styles: dict[str, Any]
) -> None:
    page.write_string(0, 0, neutral(title), styles["title"])
    for index, name in enumerate(columns):
        label = labels.get(name) or sheet.said(LABELS[name])
        page.write_string(HEADER_ROW - 1, index, label, styles["label"])
        page.write(HEADER_ROW, index, name)
    page.set_row(HEADER_ROW, None, None, {"hidden": True})
    page.freeze_panes(HEADER_ROW + 1, 0)
    page.set_column(0, len(columns) - 1, 16)


def _write_list(lists: Any, column: int, items: Sequence[tuple[str, str]]) -> str:
    """Write the choices of one drop-down list; the range that holds them."""
    for row, (label, slug) in enumerate(items):
        lists.write_string(row, column, with_slug(label, slug))
    letters = column_letters(column)
    return f"='{lists.get_name()}'!${letters}$1:${letters}${max(len(items), 1)}"


def _figures(sheet: Sheet) -> Iterator[tuple[Indicator, Period]]:
    """List what the agency reports of the unit, for each of its own periods within the report's."""
    for indicator in sheet.programme.indicators:
        if not indicator.period.makes_up(sheet.report.period):
            continue
        for period in sheet.programme.calendar.parts(sheet.period, indicator.period):
            if _own_options(sheet, indicator, period) is not None:
                yield indicator, period


def _own_options(sheet: Sheet, indicator: Indicator, period: Period) -> dict[str, set[str]] | None:
    return own_options(indicator, sheet.unit, sheet.agency, sheet.programme.calendar.end(period))


def _parts(sheet: Sheet, indicator: Indicator, period: Period) -> Iterator[tuple[str, dict[str, str], str]]:
    """List the rows of one figure (component, options, label): the whole, then each option of each dimension."""
    if indicator.components:
        yield from ((component.slug, {}, sheet.text(component.label)) for component in indicator.components)
        return
    yield "", {}, sheet.said(TemplateWords.WHOLE.value)
    allowed = sheet.programme.allowed(indicator)
    own = _own_options(sheet, indicator, period) or {}
    for dimension in sheet.programme.dimensions:
        for option in dimension.options:
            if option.slug not in allowed.get(dimension.slug, ()):
                continue
            if option.slug not in own.get(dimension.slug, (option.slug,)):
                continue
            label = f"{sheet.text(dimension.label)}: {sheet.text(option.label)}"
            yield "", {dimension.slug: option.slug}, label


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
