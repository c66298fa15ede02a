"""Writes the sheet of one report: what the form asks, filled in with what it shows now. Pure."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from services.board.pages.written import day, sentence
from services.board.report.fields import Figure
from services.board.report.pages import Opened
from services.board.report.typed import NO, YES, count_or_text
from services.board.report.words import FormWords
from services.board.sheet.activity_rows import activity_lines
from services.board.sheet.cells import (
    ABSENT,
    BEFORE,
    FIGURE_CELLS,
    MARK,
    OF_PERIOD,
    X,
    fields_of,
    mark_of,
)  # fmt: skip
from services.board.sheet.shown import shown_activities
from services.board.sheet.words import HELP, BookWords
from shared.programme.figure_words import ratio, whole
from shared.sheets.columns import BY, LISTS, MONEY, PARTICIPANTS
from shared.sheets.report_tables import FigureRow, Sheet, activity_table, figure_table, report_table
from shared.sheets.template_words import TemplateWords
from shared.sheets.workbook import SAID, Column, Line, Table, Value, Workbook

FREE_ROWS = 20  # for activities that aren't recorded yet
LISTED_ELSEWHERE = 200
ENTRY = "entry"


def write_sheet(opened: Opened, batch: str) -> bytes:
    """Write the workbook. `batch` begins the codes of activities that are added in it: no two sheets share one."""
    form = opened.form
    sheet = Sheet(form.programme, form.report, form.unit, form.agency, form.period, form.language)
    due = form.said(FormWords.DUE.value.filled(due=opened.at(opened.obligation.due_at)))
    period = form.said(FormWords.PERIOD.value.filled(period=form.period_name, days=form.period_days))
    head = [f"{opened.obligation.owner_name} ({form.unit.code})", period, due]
    names = {name.lower(): sheet.said(TemplateWords[name].value) for name in ("REPORT", "FIGURES", "ACTIVITIES")}
    said = [form.said(words.filled(**names)) for words in HELP]
    target = io.BytesIO()
    with Workbook(target, sheet.said(LISTS)) as book:
        pages = [
            book.page(
                names["report"], form.title, _report(opened, sheet), above=[*head, *said], below=_elsewhere(opened)
            ),
            book.page(names["figures"], form.title, _figures(opened, sheet), above=head),
        ]
        if form.activities:
            table = _activities(opened, sheet, book, batch)
            pages.append(book.page(names["activities"], form.title, table, above=head))
        for page in pages:  # where somebody prints it: A4, as wide as the table
            page.set_paper(9)
            page.set_landscape()
            page.fit_to_pages(1, 0)
        pages[0].freeze_panes(0, 0)  # it is mostly text
    return target.getvalue()


def _laid_out(table: Table, seen: Sequence[Column], lines: Sequence[Line]) -> Table:
    """Lay a table out for an officer: these columns first, all others hidden behind them."""
    names = {column.name for column in seen}
    hidden = [replace(column, hidden=True) for column in table.columns if column.name not in names]
    return Table([*seen, *hidden, Column(MARK, MARK, hidden=True)], lines, table.frame, fitted=True)


def _report(opened: Opened, sheet: Sheet) -> Table:
    table, form = report_table(sheet, ENTRY), opened.form
    (line,) = table.lines
    (submitted,) = (column for column in table.columns if column.name == "submitted")
    seen = [Column("#report", form.said(BookWords.REPORT.value), 100, style=SAID), replace(submitted, width=24)]
    text = f"{form.title}, {opened.obligation.owner_name}, {form.period_name}"
    return _laid_out(table, seen, [replace(line, given={**line.given, "#report": text})])


def _elsewhere(opened: Opened) -> Iterator[str]:
    """List the activities that others have recorded: they are no rows of this sheet."""
    form = opened.form
    others = [held for held in opened.standing.activities if not held.own]
    if others:
        yield form.said(BookWords.ELSEWHERE.value)
    for held in others[:LISTED_ELSEWHERE]:
        known, on = form.activity(held.activity), form.said(day(date.fromisoformat(held.held_on)))
        people = form.said(FormWords.ATTEND.value.filled(count=whole(held.people)))
        sender = form.said(FormWords.FROM.value.filled(sender=held.sender))
        yield f"{on}: {known.label if known else held.activity}, {people}, {sender}"
    if len(others) > LISTED_ELSEWHERE:
        yield f"… (+{len(others) - LISTED_ELSEWHERE})"


def _figures(opened: Opened, sheet: Sheet) -> Table:
    form = opened.form
    table, rows = figure_table(sheet, [(figure.indicator, figure.period) for figure in form.figures], ENTRY)
    known = {column.name: column for column in table.columns}
    several = any(figure.period != form.period for figure in form.figures)
    counts, states = (any(bool(row.component) is it for row in rows) for it in (False, True))
    seen = [
        replace(known["#indicator"], width=52, style=SAID),
        *([Column(OF_PERIOD, form.said(BookWords.OF_PERIOD.value), 18, style=SAID)] if several else []),
        replace(known["#part"], width=34, style=SAID),
        *([replace(known[name], width=13) for name in ("numerator", "denominator")] if counts else []),
        *([replace(known["value"], width=12)] if states else []),
        Column(ABSENT, form.said(BookWords.ABSENT.value), 14, rule={"validate": "list", "source": [X]}),
        Column(BEFORE, form.said(BookWords.BEFORE.value), 20, style=SAID),
    ]
    figures = {figure.key: figure for figure in form.figures}
    lines, before = [], ""
    for line, row in zip(table.lines, rows, strict=True):
        figure = figures[f"{row.indicator.slug}/{row.period}"]
        lines.append(_figure_line(opened, figure, row, line, first=figure.key != before))
        before = figure.key
    return _laid_out(table, seen, lines)


def _figure_line(opened: Opened, figure: Figure, row: FigureRow, line: Line, *, first: bool) -> Line:
    shown, cells = opened.shown(figure), dict(line.open)
    for column, field in fields_of(row.component, row.by).items():
        text = shown.typed.get(field, "")
        cells[column] = _choice(opened, text) if row.component else count_or_text(text)
    if first:
        cells[ABSENT] = X if shown.absent else None
    given = {
        **line.given,
        "#indicator": _heading(opened, figure) if first else "",
        OF_PERIOD: figure.period_name,
        BEFORE: _before(opened, figure, row),
        MARK: mark_of({name: cells.get(name) for name in FIGURE_CELLS}),
    }
    return Line(given, cells)


def _heading(opened: Opened, figure: Figure) -> str:
    """Say what a figure is, and what is counted for it."""
    lines = [figure.label]
    if not figure.components:
        meaning = BookWords.MEANING.value.filled(numerator=figure.numerator, denominator=figure.denominator)
        lines.append(opened.form.said(meaning))
    return "\n".join([*lines, *([figure.age] if figure.age else [])])


def _before(opened: Opened, figure: Figure, row: FigureRow) -> str:
    """Write what the period before says of a row."""
    said = opened.form.said
    if row.component:
        state = opened.standing.state_before(figure).get(row.component)
        return "" if state is None else said((FormWords.YES if state else FormWords.NO).value)
    counts = opened.standing.counts_before(figure)
    both = [counts.get(field) for field in fields_of(row.component, row.by).values()]
    numerator, denominator = both
    if numerator is None or denominator is None:
        return ""
    return said(ratio(numerator, denominator))


def _choice(opened: Opened, text: str) -> Value:
    """Write a component's answer as its drop-down list has it."""
    words = {YES: TemplateWords.YES, NO: TemplateWords.NO}.get(text)
    return None if words is None else opened.form.said(words.value)


def _activities(opened: Opened, sheet: Sheet, book: Workbook, batch: str) -> Table:
    """Make the table of activities; money and what few types ask for is folded away, as on the form, where none is."""
    shown = shown_activities(opened)
    free = [f"{batch}-{number:03d}" for number in range(1, FREE_ROWS + 1)]
    table = activity_table(sheet, book, [*shown, *free], ENTRY)
    lines = list(activity_lines(opened, table, shown))
    seen, rare = [], []
    for column in table.columns:
        if column.name.startswith((MONEY, BY)):
            used = any(line.open[column.name] is not None for line in lines)
            rare.append(replace(column, folded=not used))
        elif column.name not in {"programme", "unit", "agency", "record", "withdraw"}:
            counted = column.name.startswith(PARTICIPANTS)
            seen.append(replace(column, label=sentence(column.label), width=12 if counted else column.width))
    known = {column.name: column for column in table.columns}
    last = [replace(known["withdraw"], width=12), replace(known["record"], width=14)]
    return _laid_out(table, [*seen, *sorted(rare, key=lambda column: column.folded), *last], lines)
