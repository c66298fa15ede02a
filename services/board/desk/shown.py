"""What the desk and the view of an unverified device show, as their templates take it. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.board.access.door import Reader
from services.board.desk.words import ActWords, DeskWords, StateWords
from services.board.pages.rendering import sayer
from services.board.pages.typed_days import as_typed
from services.board.pages.written import day, instant
from services.board.upstream.obligations import (
    LONGEST_PAUSE,
    Acknowledged,
    ChangedShown,
    DeskShown,
    ObligationShown,
    ProblemShown,
)
from shared.programme.figure_words import figure_words
from shared.programme.model import Programme
from shared.wording.alphabet import alphabetical

Zones = Mapping[str, ZoneInfo]
Shown = dict[str, object]
NAMED = "~named"  # among what can be chosen: all that the message named. No slug and no obligation's name begins so
MOST_NAMED = 500  # on one page
SOON = timedelta(days=5)  # until when it is proposed to pause reminders
_UNFINISHED = frozenset({"open", "overdue"})


def obligation_item(row: ObligationShown, zones: Zones, language: str) -> Shown:
    """Show one obligation: what, whose, until when, how it stands."""
    due = instant(row.due_at, zones[row.programme])
    return {
        "id": row.id,
        "title": f"{row.report_name}, {row.period_name}",
        "owner": row.owner_name,
        "programme": row.programme_short,
        "due": DeskWords.DUE.value.filled(at=due).in_language(language),
        "state": row.state,
        "state_words": StateWords[row.state.upper()].value.in_language(language),
        "reason": row.reason,
        "open": row.state in _UNFINISHED,
    }


def named_page(
    reader: Reader, rows: Sequence[ObligationShown], problems: Sequence[ProblemShown], lost: int, zones: Zones
) -> Shown:
    """Show what the message named, and nothing else: of reports what is unfinished first. `lost` are those that can't
    be seen any more.
    """
    language = reader.language
    items = [
        {**obligation_item(row, zones, reader.language), "own": row.agency == reader.officer.agency.slug}
        for row in sorted(rows, key=_place)
    ]
    return {
        "say": sayer(DeskWords, language),
        "reports": bool(items or lost or not problems),
        "items": items,
        "more": max(0, len(reader.session.obligations) - MOST_NAMED),
        "problems": [_problem(row, zones, language) for row in problems],
        "lost": lost,
    }


def _place(row: ObligationShown) -> tuple[object, ...]:
    """Where a report stands among those that a message named: what is unfinished first, owners by the alphabet."""
    return row.state not in _UNFINISHED, row.due_at, alphabetical(row.owner_name), row.id


def desk_page(desk: DeskShown, programmes: Mapping[str, Programme], language: str, say: Callable[..., str]) -> Shown:
    """Show the desk of a verified device."""
    zones = {slug: ZoneInfo(programme.timezone) for slug, programme in programmes.items()}
    return {
        "say": say,
        "today": day(_today(desk.clock, zones)).in_language(language),
        "several": len(zones) > 1,
        "owed": [obligation_item(row, zones, language) for row in desk.owed],
        "late": late_groups(desk.late_below, zones, language),
        "changed": [_changed(row, programmes[row.programme], zones, language) for row in desk.changed],
        "problems": [_problem(row, zones, language) for row in desk.problems],
        "paused": [_paused(row, zones, language) for row in desk.acknowledged],
        "more": desk.more,
        "calendar": desk.calendar,
    }


def pause_page(
    reader: Reader, desk: DeskShown, zones: Zones, names: Mapping[str, str], chosen: Sequence[str], until: str | None
) -> Shown:
    """Show what reminders can be paused of: what the message named, programmes by their `names`, single reports.

    `until` is the day that was typed; None: one is proposed.
    """
    language, today = reader.language, _today(desk.clock, zones)
    return {
        "named": (NAMED, len(reader.session.obligations)) if reader.session.obligations else None,
        "programmes": sorted(names.items()),
        "owed": [obligation_item(row, zones, language) for row in desk.owed],
        "late": late_groups(desk.late_below, zones, language),
        "chosen": chosen,
        "until": as_typed(today + SOON) if until is None else until,
        "help": ActWords.PAUSE_HELP.value.filled(days=LONGEST_PAUSE.days).in_language(language),
    }


def chosen_names(chosen: Sequence[str], named: Sequence[str]) -> dict[str, list[str]]:
    """Sort what was chosen by programme: names of obligations, all that the message `named` where NAMED is chosen, or a
    programme's slug for all of it, which is no name.
    """
    found: dict[str, list[str]] = {}
    texts = [text for text in chosen if text != NAMED] + ([*named] if NAMED in chosen else [])
    for text in dict.fromkeys(texts):
        programme, is_one, _ = text.partition("~")
        found.setdefault(programme, []).extend([text] if is_one else [])
    return {programme: [] if programme in chosen else names for programme, names in found.items()}


def _today(clock: datetime, zones: Zones) -> date:
    """Give the day it is: that of the programmes, the latest where these differ."""
    return max((clock.astimezone(zone).date() for zone in zones.values()), default=clock.date())


def late_groups(rows: Sequence[ObligationShown], zones: Zones, language: str) -> list[Shown]:
    """Put those together that owe the same report of the same period by the same deadline: in the order of the rows,
    and in each the owners by the alphabet.
    """
    groups: dict[object, list[ObligationShown]] = {}
    for row in rows:
        groups.setdefault((row.programme, row.report, row.period, row.due_at), []).append(row)
    count = DeskWords.UNITS.value
    return [
        {
            **obligation_item(group[0], zones, language),
            "count": count.filled(count=len(group)).in_language(language),
            "owners": [
                {"id": row.id, "owner": row.owner_name}
                for row in sorted(group, key=lambda row: alphabetical(row.owner_name))
            ],
        }
        for group in groups.values()
    ]


def programmes_of(desk: DeskShown) -> set[str]:
    """List the programmes of everything on a desk."""
    rows: Iterable[ObligationShown | ProblemShown | Acknowledged] = (
        *desk.owed, *desk.settled, *desk.late_below, *desk.changed, *desk.problems, *desk.acknowledged
    )  # fmt: skip
    return {row.programme for row in rows}


def _changed(row: ChangedShown, programme: Programme, zones: Zones, language: str) -> Shown:
    """Show a report with what others have changed of it since it was handed in."""
    lines = []
    for figure in row.figures:
        before, now = (figure_words(programme, figure.indicator, it) for it in (figure.before, figure.now))
        at = instant(figure.at, zones[row.programme])
        words = DeskWords.CHANGED_BY.value.filled(sender=figure.by, at=at, before=before, now=now)
        name = figure.indicator_name
        label = name if figure.period == row.period else f"{name} ({figure.period_name})"
        lines.append({"label": label, "text": words.in_language(language)})
    return {**obligation_item(row, zones, language), "figures": lines}


def _problem(row: ProblemShown, zones: Zones, language: str) -> Shown:
    raised = instant(row.raised_at, zones[row.programme]) if row.raised_at is not None else None
    return {
        "text": row.text or DeskWords.NO_TEXT.value.in_language(language),
        "owner": row.owner_name,
        "state": row.state,
        "state_words": StateWords[row.state.upper()].value.in_language(language),
        "raised": DeskWords.RAISED.value.filled(at=raised).in_language(language) if raised is not None else None,
    }


def _paused(row: Acknowledged, zones: Zones, language: str) -> Shown:
    until = instant(row.until, zones[row.programme])
    whole = DeskWords.ALL_OF.value.filled(programme=row.programme_short).in_language(language)
    return {
        "programme": row.programme,
        "obligation": row.obligation,
        "title": whole if row.obligation is None else f"{row.report_name}, {row.period_name}",
        "owner": row.owner_name,
        "until": DeskWords.PAUSED_UNTIL.value.filled(at=until).in_language(language),
        "by_mail": row.reminders_only,
    }
