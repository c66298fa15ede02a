"""Tells whether a sheet is this report's: by what each of its rows says of itself. Pure."""

from services.board.report.fields import Form
from services.board.sheet.words import FaultWords
from shared.domain.periods import PeriodError, parse_period, period_words
from shared.domain.refusals import Place
from shared.sheets.row_reading import SheetRow
from shared.values.scalars import shown
from shared.wording.words import Common, Told, Words, in_both

_SAID = {
    "programme": FaultWords.PROGRAMME, "unit": FaultWords.UNIT, "agency": FaultWords.AGENCY, "report": FaultWords.FORM,
    "period": FaultWords.PERIOD,
}  # fmt: skip


class Identity:
    """What a form's own sheet says of itself. `foreign` are the cells that say something else, each thing once."""

    def __init__(self, form: Form) -> None:
        unit = form.unit
        self._form = form
        self._expected: dict[str, tuple[frozenset[str], Told]] = {
            "programme": (frozenset({form.programme.slug}), form.programme_name),
            "unit": (frozenset({unit.uid, unit.code}), f"{unit.name} ({unit.code})"),
            "agency": (frozenset({form.agency}), form.text(form.programme.agency[form.agency].label)),
            "report": (frozenset({form.report.slug}), form.title),
            "period": (frozenset({str(form.period)}), period_words(str(form.period))),
        }
        self.foreign: dict[tuple[str, str], tuple[Place, Words]] = {}

    def look(self, row: SheetRow, *more: str) -> bool:
        """Tell whether a row is of this report's programme, unit and agency, and of these things `more`."""
        sound = True
        for name in ("programme", "unit", "agency", *more):
            text, (own, expected) = row.text(name), self._expected[name]
            if text not in own and not (name == "period" and self._is_part(row, text)):
                sound = False
                words = FaultWords.FOREIGN.value.filled(
                    what=_SAID[name].value, got=self._told(name, text), expected=expected
                )
                self.foreign.setdefault((name, text), (row.place(name), words))
        return sound

    def _is_part(self, row: SheetRow, text: str) -> bool:
        """Tell whether the period of a figure is one of those that make up the report's."""
        try:
            period = parse_period(text)
        except PeriodError:
            return False
        kind = self._form.report.period
        made_up = row.kind == "indicator" and period.kind.makes_up(kind)
        return made_up and self._form.programme.calendar.within(period, kind) == self._form.period

    def _told(self, name: str, text: str) -> Words:
        """Say what stands there: a period and a report by their names, where it is one."""
        if not text:
            return Common.NOTHING.value
        if name == "period":
            try:
                return period_words(str(parse_period(text)))
            except PeriodError:
                return shown(text)
        report = self._form.programme.report.get(text) if name == "report" else None
        return shown(text) if report is None else in_both(self._form.text(report.label))
