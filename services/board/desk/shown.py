"""What the desk and the view of an unverified device show, as their templates take it. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from zoneinfo import ZoneInfo

from services.board.access.door import Reader
from services.board.desk.words import DeskWords, StateWords
from services.board.pages.written import day, instant
from services.board.upstream.obligations import Acknowledged, DeskShown, ObligationShown, ProblemShown
from shared.wording.alphabet import alphabetical

Zones = Mapping[str, ZoneInfo]
Shown = dict[str, object]


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
        "open": row.state in {"open", "overdue"},
    }


def named_page(
    reader: Reader, rows: Sequence[ObligationShown], lost: int, zones: Zones, say: Callable[..., str]
) -> Shown:
    """Show what the message named, and nothing else."""
    items = [
        {**obligation_item(row, zones, reader.language), "own": row.agency == reader.officer.agency.slug}
        for row in sorted(rows, key=lambda row: (row.due_at, row.id))
    ]
    return {"say": say, "items": items, "lost": lost, "address": next(iter(reader.officer.personal), None)}


def desk_page(desk: DeskShown, zones: Zones, language: str, say: Callable[..., str]) -> Shown:
    """Show the desk of a verified device."""
    names = {row.programme: row.programme_short for row in (*desk.owed, *desk.late_below)}
    titles = {row.id: f"{row.report_name}, {row.period_name}" for row in (*desk.owed, *desk.late_below)}
    today = max((desk.clock.astimezone(zone).date() for zone in zones.values()), default=desk.clock.date())
    return {
        "say": say,
        "today": day(today).in_language(language),
        "several": len(zones) > 1,
        "owed": [obligation_item(row, zones, language) for row in desk.owed],
        "late": late_groups(desk.late_below, zones, language),
        "problems": [_problem(row, zones, language) for row in desk.problems],
        "paused": [_paused(row, zones, names, titles, language) for row in desk.acknowledged],
        "more": desk.more,
        "calendar": desk.calendar,
    }


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
        *desk.owed, *desk.late_below, *desk.problems, *desk.acknowledged
    )  # fmt: skip
    return {row.programme for row in rows}


def _problem(row: ProblemShown, zones: Zones, language: str) -> Shown:
    raised = instant(row.raised_at, zones[row.programme]) if row.raised_at is not None else None
    return {
        "text": row.text or DeskWords.NO_TEXT.value.in_language(language),
        "owner": row.owner_name,
        "raised": DeskWords.RAISED.value.filled(at=raised).in_language(language) if raised is not None else None,
    }


def _paused(
    row: Acknowledged, zones: Zones, names: Mapping[str, str], titles: Mapping[str, str], language: str
) -> Shown:
    until = instant(row.until, zones[row.programme])
    programme = names.get(row.programme, row.programme)
    whole = DeskWords.ALL_OF.value.filled(programme=programme).in_language(language)
    return {
        "programme": row.programme,
        "obligation": row.obligation,
        "title": whole if row.obligation is None else titles.get(row.obligation, row.obligation),
        "until": DeskWords.PAUSED_UNTIL.value.filled(at=until).in_language(language),
        "by_mail": row.reminders_only,
    }
