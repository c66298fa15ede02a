"""The tables in which a unit fills in a report: figures with their parts, activities, and the report itself. Pure.

`kip template` writes them empty, the board filled in; `POST /v1/import` reads both.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.domain.duties import own_options
from shared.domain.periods import Period
from shared.domain.units import Unit
from shared.programme.base import Label
from shared.programme.indicators import Indicator
from shared.programme.model import Activity, Programme
from shared.programme.reports import Report
from shared.programme.rule_words import age_words
from shared.sheets.columns import BY, MONEY, PARTICIPANTS, neutral
from shared.sheets.template_words import LABELS, TemplateWords
from shared.sheets.workbook import PLAIN_WIDTH, Column, Line, Table, Workbook
from shared.wording.words import Words


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a workbook is for: one report of one agency at one unit for one period, in one language."""

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
    def activities(self) -> list[Activity]:
        """The activities of the unit's level."""
        return [item for item in self.programme.activities if self.unit.level in item.levels]


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A row of a figure: its whole, one part of it, or one component."""

    indicator: Indicator
    period: Period
    component: str
    by: Mapping[str, str]
    label: str


Asked = Sequence[tuple[Indicator, Period]]  # the figures of a report, each of its own period


def with_age(sheet: Sheet, title: str, figures: Asked) -> str:
    """Add which children are meant: whoever counts them has the sheet before them, not the programme."""
    known = [sheet.programme.age_max_completed_years]
    known += [indicator.age_max_completed_years for indicator, _ in figures]
    ages = [sheet.said(age_words(years)) for years in dict.fromkeys(known) if years is not None]
    return " - ".join([title, *ages])


def report_table(sheet: Sheet, frame: str) -> Table:
    """Make the table of the report, by which an import submits it."""
    given = {
        "programme": sheet.programme.slug, "report": sheet.report.slug, "unit": sheet.unit.uid, "agency": sheet.agency,
        "period": str(sheet.period),
    }  # fmt: skip
    choice = _yes_or_no(sheet)
    columns = [_column(sheet, name) for name in given]
    return Table([*columns, _column(sheet, "submitted", rule=choice)], [Line(given, {"submitted": None})], frame)


def figure_table(sheet: Sheet, figures: Asked, frame: str) -> tuple[Table, list[FigureRow]]:
    """Make the table of the figures, and tell what each of its rows is of."""
    dimensions = sorted({slug for indicator, _ in figures for slug in indicator.breakdowns})
    labels = {item.slug: sheet.text(item.label) for item in sheet.programme.dimensions}
    count = _count(sheet)
    columns = [
        *(_column(sheet, name) for name in ("programme", "unit", "agency", "indicator")),
        _column(sheet, "#indicator", width=50), *(_column(sheet, name) for name in ("period", "component")),
        _column(sheet, "#part", width=36), *(Column(BY + slug, labels[slug]) for slug in dimensions),
        _column(sheet, "numerator", rule=count), _column(sheet, "denominator", rule=count),
        _column(sheet, "value", rule=_yes_or_no(sheet)),
    ]  # fmt: skip
    rows = [row for indicator, period in figures for row in _rows(sheet, indicator, period)]
    return Table(columns, [_figure_line(sheet, row) for row in rows], frame), rows


def _figure_line(sheet: Sheet, row: FigureRow) -> Line:
    given = {
        "programme": sheet.programme.slug, "unit": sheet.unit.uid, "agency": sheet.agency,
        "indicator": row.indicator.slug, "#indicator": sheet.text(row.indicator.label), "period": str(row.period),
        "component": row.component, "#part": row.label, **{BY + slug: option for slug, option in row.by.items()},
    }  # fmt: skip
    return Line(given, dict.fromkeys(["value"] if row.component else ["numerator", "denominator"]))


def _rows(sheet: Sheet, indicator: Indicator, period: Period) -> Iterator[FigureRow]:
    """List the rows of one figure: the whole, then each option of each dimension that the agency may report."""
    if indicator.components:
        for item in indicator.components:
            yield FigureRow(indicator, period, item.slug, {}, sheet.text(item.label))
        return
    yield FigureRow(indicator, period, "", {}, sheet.said(TemplateWords.WHOLE.value))
    allowed = sheet.programme.allowed(indicator)
    own = own_options(indicator, sheet.unit, sheet.agency, sheet.programme.calendar.end(period)) or {}
    for dimension in sheet.programme.dimensions:
        for option in dimension.options:
            if option.slug not in allowed.get(dimension.slug, ()):
                continue
            if option.slug not in own.get(dimension.slug, (option.slug,)):
                continue
            label = f"{sheet.text(dimension.label)}: {sheet.text(option.label)}"
            yield FigureRow(indicator, period, "", {dimension.slug: option.slug}, label)


def activity_table(sheet: Sheet, book: Workbook, records: Sequence[str], frame: str) -> Table:
    """Make the table of the activities, one row for each of these records; its drop-down lists go into the book."""
    programme = sheet.programme
    carried = {slug for item in sheet.activities for slug in item.breakdowns}
    of_field = ["domain"] if "domain" in carried else []  # which has a column of its own, as an event has a field
    dimensions = sorted(carried - {"domain"})
    count, choice = _count(sheet), _choices(sheet, book, [*of_field, *dimensions])
    labels = {item.slug: sheet.text(item.label) for item in programme.dimensions}
    columns = [
        *(_column(sheet, name) for name in ("programme", "unit", "agency", "record")),
        _column(sheet, "activity", width=40, rule=choice["activity"]),
        _column(sheet, "held_on", width=14, style=f"day-{frame}" if frame else "day"),
        *(_column(sheet, name, rule=choice[name]) for name in of_field),
        *(Column(PARTICIPANTS + it.slug, sheet.text(it.label), rule=count) for it in programme.participant_groups),
        *([_column(sheet, "female", rule=count)] if programme.participant_groups else []),
        *(Column(MONEY + it.slug, _dong(sheet, it.label), rule=count) for it in programme.funding_lines),
        *(Column(BY + slug, labels[slug], rule=choice[slug]) for slug in dimensions),
        _column(sheet, "withdraw", rule={"validate": "list", "source": ["x"]}),
    ]  # fmt: skip
    open_cells = dict.fromkeys(column.name for column in columns[4:])
    given = {"programme": programme.slug, "unit": sheet.unit.uid, "agency": sheet.agency}
    return Table(columns, [Line({**given, "record": record}, open_cells) for record in records], frame)


def _choices(sheet: Sheet, book: Workbook, dimensions: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Write the drop-down lists of the activities' types and of these dimensions; the rules of their columns."""
    options = {item.slug: item.options for item in sheet.programme.dimensions}
    found = {"activity": book.choices([(sheet.text(item.label), item.slug) for item in sheet.activities])}
    for slug in dimensions:
        found[slug] = book.choices([(sheet.text(option.label), option.slug) for option in options[slug]])
    return found


def _dong(sheet: Sheet, line: Label) -> str:
    return sheet.said(TemplateWords.MONEY.value, line=sheet.text(line))


def _column(
    sheet: Sheet, name: str, *, width: float = PLAIN_WIDTH, rule: Mapping[str, Any] | None = None, style: str = ""
) -> Column:
    return Column(name, sheet.said(LABELS[name]), width, rule=rule, style=style)


def _yes_or_no(sheet: Sheet) -> dict[str, Any]:
    return {"validate": "list", "source": [sheet.said(words.value) for words in (TemplateWords.YES, TemplateWords.NO)]}


def _count(sheet: Sheet) -> dict[str, Any]:
    return {"validate": "integer", "criteria": ">=", "value": 0, "error_message": sheet.said(TemplateWords.COUNT.value)}
