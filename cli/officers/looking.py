"""`kip officer list` and `kip officer show`: who is registered, where they sit today, what they were sent."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from cli.console import out
from cli.database import with_database
from cli.listing import print_listing
from cli.officers.cells import CHANNELS
from cli.officers.people import Placed, Wanted, as_json, found, hours, kinds, named, nobody, people
from cli.officers.register import Register, read_register
from services.notifications.person_store import Kept, kept_of
from shared.database.connections import Connection
from shared.programme.model import Programme

LATELY = 10  # messages
Name = Annotated[str, typer.Argument(help="The officer's name, in any spelling: case and spaces don't count.")]
AtUnit = Annotated[str, typer.Option("--unit", help="The unit's uid or code: of the registration, else today's.")]
ForAgency = Annotated[
    str | None, typer.Option("--agency", help="The agency's slug, where one of that name is there for several.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def list_officers(
    name: Annotated[str | None, typer.Option(help="Only whose name has this in it; case doesn't count.")] = None,
    unit: Annotated[
        str | None, typer.Option(help="Only who is registered or sits today at this unit (uid or code).")
    ] = None,
    within: Annotated[str | None, typer.Option(help="Only who sits today at this unit (uid) or below.")] = None,
    agency: Annotated[str | None, typer.Option(help="Only those of this agency (slug).")] = None,
    programme: Annotated[str | None, typer.Option(help="Only who hears of this programme (slug).")] = None,
    without_channel: Annotated[
        str | None, typer.Option(help=f"Only who has no address of this kind: {', '.join(CHANNELS)}.")
    ] = None,
    away: Annotated[bool, typer.Option("--away", help="Only who is away today.")] = False,
    as_json: AsJson = False,
) -> None:
    """Every officer, each person once, with the unit where they sit today; addresses are in 'kip officer show'."""
    register = with_database(read_register)
    wanted = Wanted(name, unit, within, agency, programme, without_channel, register.day if away else None)
    _refuse_unknown(register, wanted)
    placed = [one for one in register.placed() if wanted.includes(one, register.units)]
    if as_json:
        typer.echo(json.dumps([_person(group) for group in people(placed)], default=str, ensure_ascii=False))
        return
    headings = ("officer", "unit, today's", "agency", "programmes", "channels", "away until")
    print_listing(out(), headings, [_listed(group) for group in people(placed)])


def show_officer(name: Name, unit: AtUnit, agency: ForAgency = None, as_json: AsJson = False) -> None:
    """All about an officer: addresses, wishes, programmes, what they were sent lately and have acknowledged."""

    async def work(connection: Connection) -> tuple[Register, list[tuple[Placed, Kept]]]:
        register = await read_register(connection)
        theirs = found(register.placed(), name, unit, agency)
        return register, [(one, await kept_of(connection, [one.officer.id], LATELY)) for one in theirs]

    register, shown = with_database(work)
    if not shown:
        raise nobody(name, unit)
    if as_json:
        typer.echo(json.dumps([whole(one, kept) for one, kept in shown], default=str, ensure_ascii=False))
        return
    for one, kept in shown:
        minutes = Minutes(register.programmes)
        for heading, text in _lines(one, kept, minutes):
            out().print(f"{heading:<12} {text}", markup=False, highlight=False, soft_wrap=True)
        _print_kept(kept, minutes)


def whole(one: Placed, kept: Kept) -> Mapping[str, Any]:
    """Make the JSON of an officer with their addresses and all that is kept of them."""
    parts = {part: [row._asdict() for row in rows] for part, rows in kept._asdict().items()}
    return {**as_json(one, one.officer.channels), **parts}


def _refuse_unknown(register: Register, wanted: Wanted) -> None:
    """Raise ValueError for what nobody can have: a list without anybody would look like an answer."""
    codes = {text for unit in register.units for text in (unit.uid, unit.code)}
    known = (
        ("--unit", wanted.unit, codes),
        ("--within", wanted.within, {unit.uid for unit in register.units}),
        ("--agency", wanted.agency, {slug for programme in register.programmes for slug in programme.agency}),
        ("--programme", wanted.programme, {programme.slug for programme in register.programmes}),
        ("--without-channel", wanted.without_channel, set(CHANNELS)),
    )
    for option, text, there in known:
        if text is not None and text not in there:
            raise ValueError(f"{option}: there is no {text}")


def _person(group: Sequence[Placed]) -> Mapping[str, Any]:
    return {"name": group[0].officer.name, "seats": [as_json(one, kinds(one.officer)) for one in group]}


def _listed(group: Sequence[Placed]) -> tuple[str, ...]:
    officers = [one.officer for one in group]
    where = ("\n→ ".join(map(named, one.units)) if one.today else f"{named(one.registered)}\n→ none" for one in group)
    away = (f"{o.away_until} ({o.deputy or 'no deputy'})" for o in officers if o.away_until is not None)
    columns = (
        (o.name for o in officers[:1]), where, (o.agency for o in officers),
        (" ".join(o.programmes) or "all" for o in officers), (" ".join(kinds(o)) for o in officers), away,
    )  # fmt: skip
    return tuple("\n".join(dict.fromkeys(column)) for column in columns)


class Minutes:
    """Writes instants to the minute, each in the time zone of its programme, with its distance from UTC."""

    def __init__(self, programmes: Sequence[Programme]) -> None:
        self._zones: Mapping[str, tzinfo] = {item.slug: ZoneInfo(item.timezone) for item in programmes}
        self._usual = next(iter(self._zones.values()), UTC)

    def of(self, at: datetime, programme: str | None = None) -> str:
        """Write an instant; of no programme or one that isn't loaded in the zone of the first."""
        return at.astimezone(self._zones.get(programme or "", self._usual)).isoformat(" ", timespec="minutes")


def _lines(one: Placed, kept: Kept, minutes: Minutes) -> Iterator[tuple[str, str]]:
    officer = one.officer
    yield "officer", f"{officer.name} ({officer.ref}), {officer.role}"
    yield "registered", f"{named(one.registered)}, {officer.agency}"
    yield "sits at", named(one.today)
    yield "programmes", " ".join(officer.programmes) or "all"
    yield "channels", " ".join(officer.channels)
    for dead in kept.unreached:
        reason = " ".join(f"{dead.status} {dead.reason}".split())
        yield "dead", f"{dead.address}, since {minutes.of(dead.since)}: {reason} (kip bounce forget)"
    yield "language", officer.language
    yield "quiet", hours(officer) or "no"
    yield "away until", f"{officer.away_until}" if officer.away_until is not None else "no"
    yield "deputy", officer.deputy or "none"
    yield "optional", "yes" if officer.optional else "no"


def _print_kept(kept: Kept, minutes: Minutes) -> None:
    rows: list[tuple[str | None, ...]]
    if kept.messages:
        out().print(f"\nsent lately (the last {LATELY})")
        headings = ("at", "programme", "state", "channel", "why not", "about")
        rows = [
            (minutes.of(m.sent_at or m.made_at, m.programme), m.programme, m.state, m.channel, m.error,
             "\n".join(m.about))
            for m in kept.messages
        ]  # fmt: skip
        print_listing(out(), headings, rows)
    if kept.acknowledged:
        out().print("\nacknowledged")
        whats = (
            " ".join(filter(None, (a.report, a.period, a.unit))) or "the whole programme" for a in kept.acknowledged
        )
        rows = [
            (minutes.of(a.at, a.programme), minutes.of(a.until, a.programme), a.programme, what)
            for a, what in zip(kept.acknowledged, whats, strict=True)
        ]
        print_listing(out(), ("at", "until", "programme", "what"), rows)
    if kept.decided:
        out().print("\ndecided")
        rows = [
            (minutes.of(d.at, d.programme), d.programme, d.change, f"{d.report} {d.period} {d.unit}", d.reason)
            for d in kept.decided
        ]
        print_listing(out(), ("at", "programme", "what", "about", "reason"), rows)
