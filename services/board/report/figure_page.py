"""What the page of one figure shows: its fields as they were typed, each beside the period before. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic_core import to_json

from services.board.pages.rendering import sayer
from services.board.pages.written import sentence
from services.board.report.draft import FigureAnswer
from services.board.report.fields import COMPONENT, DENOMINATOR, NUMERATOR, Breakdown, Figure, Form
from services.board.report.judging import REASON, Judged
from services.board.report.pages import Opened, common, errors_of
from services.board.report.rules import rules_of
from services.board.report.words import FormWords
from shared.domain.periods import period_words
from shared.programme.figure_words import whole


def after(form: Form, figure: Figure) -> str:
    """Name the page behind a figure's: the next figure's, or the activities."""
    keys = [item.key for item in form.figures]
    following = keys[keys.index(figure.key) + 1 :]
    return f"figure/{following[0]}" if following else "activities"


def figure_page(
    opened: Opened, figure: Figure, answer: FigureAnswer, judged: Judged | None, *, stale: datetime | None
) -> dict[str, object]:
    """Show a figure: `judged` is what is wrong or unusual about the answer, `stale` when another one was kept."""
    language = opened.form.language
    errors = errors_of(judged.refusals, language) if judged is not None else {}
    fields = _Fields(opened, figure, answer, judged, errors)
    return {
        **common(opened),
        "figure": figure,
        "whole": [fields.count(NUMERATOR, figure.numerator), fields.count(DENOMINATOR, figure.denominator)],
        "components": fields.components(),
        "breakdowns": [fields.breakdown(breakdown) for breakdown in figure.breakdowns],
        "absent": answer.absent,
        "notes": _notes(opened, figure, answer),
        "doubts": fields.doubts(),
        "errors": errors if judged is None else {**errors, **_reasons_wanted(judged, language)},
        "stale": None if stale is None else sayer(FormWords, language)("STALE", at=opened.at(stale)),
        "rules": to_json(rules_of(figure, opened.standing.before(figure), language)).decode(),
    }


def _reasons_wanted(judged: Judged, language: str) -> dict[str, str]:
    """Say of each reason that is wanted what it is wanted for: the summary has them under one another."""
    return {
        item.field: sentence(judged.told(item).in_language(language))
        for item in judged.refusals
        if item.field.startswith(f"{REASON}.")
    }


@dataclass(frozen=True, slots=True)
class _Fields:
    """Makes the fields of the page."""

    opened: Opened
    figure: Figure
    answer: FigureAnswer
    judged: Judged | None
    errors: Mapping[str, str]

    @property
    def language(self) -> str:
        return self.opened.form.language

    def count(self, name: str, label: str) -> dict[str, object]:
        known = self.opened.standing.counts_before(self.figure).get(name)
        return {
            "name": name,
            "label": label,
            "value": self.answer.typed.get(name, ""),
            "error": self.errors.get(name),
            "before": None if known is None else self._before(name, known),
        }

    def _before(self, name: str, known: int) -> dict[str, object]:
        period = period_words(str(self.figure.period.shift(-1))).in_language(self.language)
        return {
            "count": known,
            "text": f"{period}: {whole(known).in_language(self.language)}",
            "apart": _apart(self.judged, name, known, self.language),
        }

    def breakdown(self, breakdown: Breakdown) -> dict[str, object]:
        say = sayer(FormWords, self.language)
        names = [name for part in breakdown.parts for name in (part.numerator, part.denominator)]
        parts = [
            {
                "label": part.label,
                "fields": [
                    self.count(part.numerator, say("NUMERATOR")),
                    self.count(part.denominator, say("DENOMINATOR")),
                ],
            }
            for part in breakdown.parts
        ]
        shown = any(self.answer.typed.get(name) or name in self.errors for name in names)
        return {"label": breakdown.label, "open": shown, "parts": parts}

    def components(self) -> list[dict[str, object]]:
        before = self.opened.standing.state_before(self.figure)
        return [
            {
                "name": f"{COMPONENT}.{item.slug}",
                "label": item.label,
                "value": self.answer.typed.get(f"{COMPONENT}.{item.slug}"),
                "error": self.errors.get(f"{COMPONENT}.{item.slug}"),
                "before": before.get(item.slug),
            }
            for item in self.figure.components
        ]

    def doubts(self) -> list[dict[str, object]]:
        return [
            {
                "name": f"{REASON}.{doubt.name}",
                "words": doubt.words.in_language(self.language),
                "value": self.answer.reasons.get(doubt.name, ""),
                "error": self.errors.get(f"{REASON}.{doubt.name}"),
            }
            for doubt in (self.judged.unusual if self.judged is not None else ())
        ]


def _apart(judged: Judged | None, name: str, known: int, language: str) -> str:
    """Write the difference to the period before, of what could be read of the whole."""
    data = judged.data if judged is not None else None
    now = getattr(data, name, None) if data is not None and name in {NUMERATOR, DENOMINATOR} else None
    if now is None:
        return ""
    text = whole(now - known).in_language(language)
    return f"+{text}" if now > known else text


def _notes(opened: Opened, figure: Figure, answer: FigureAnswer) -> list[str]:
    """Say where what stands in the fields comes from."""
    say, counted = sayer(FormWords, opened.form.language), opened.standing.figures.get(figure.key)
    notes = []
    if counted is not None and counted.programme != opened.form.programme.slug:
        notes.append(say("FROM_PROGRAMME", programme=counted.programme, at=opened.at(counted.accepted_at)))
    elif counted is not None:
        sender = say("FROM_HERE") if counted.officer is not None else say("FROM", sender=counted.sender)
        notes.append(say("FROM_SENDER", sender=sender, at=opened.at(counted.accepted_at)))
    elif figure.key not in opened.answers.figures and answer.typed:
        notes.append(say("FROM_BEFORE"))
    if answer.kept:
        notes.append(say("KEPT", count=len(answer.kept)))
    return notes
