"""The main page: the desk of a verified device, of another what the message named. And the acts that begin there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from services.board.access.door import Door, Reader
from services.board.desk.handed_in import done_reports, handed_in_section
from services.board.desk.shown import (
    MOST_NAMED,
    chosen_names,
    desk_page,
    named_page,
    obligation_item,
    pause_page,
    programmes_of,
)
from services.board.desk.words import ActWords, DeskWords
from services.board.pages.posted import read_fields, read_form
from services.board.pages.rendering import PAGE_HEADERS, sayer
from services.board.pages.typed_days import TypedDayError, typed_day
from services.board.report.draft_store import HandedIn, accepted_of, handed_in_of
from services.board.upstream.client import RefusedError, at_once
from services.board.upstream.obligations import DeskShown, Obligations, ObligationShown, ProblemShown
from services.board.upstream.programmes import Programmes
from shared.domain.obligation_name import read_obligation_name
from shared.http.held_body import BodyLimits

DONE = {"pause": "DONE_PAUSE", "undo": "DONE_UNDO", "extend": "DONE_EXTEND", "waive": "DONE_WAIVE"}
_COUNTED_WITHIN = timedelta(hours=1)  # what is still owed then was withdrawn since, or waits for an operator
_NOT_THERE = frozenset({400, 403, 404, 410})  # of one obligation: gone, out of reach, of before a restore


@dataclass(frozen=True, slots=True)
class Desk:
    """The endpoints, with what they need."""

    door: Door
    obligations: Obligations
    programmes: Programmes
    body: BodyLimits

    def routes(self) -> list[Route]:
        """List the routes."""
        verified = self.door.verified
        return [
            Route("/", self.door.reader(self.show), methods=["GET"]),
            Route("/pause", verified(self.show_pause), methods=["GET"]),
            Route("/pause", verified(self.pause), methods=["POST"]),
            Route("/pause/undo", verified(self.undo), methods=["POST"]),
            Route("/obligations/{name}", verified(self.show_decision), methods=["GET"]),
            Route("/obligations/{name}/extend", verified(self.extend), methods=["POST"]),
            Route("/obligations/{name}/waive", verified(self.waive), methods=["POST"]),
        ]

    async def show(self, request: Request, reader: Reader) -> Response:
        """Show the desk, or what the message named."""
        say, done = sayer(DeskWords, reader.language), DONE.get(request.query_params.get("done", ""))
        if not reader.verified:
            return self._page("named.html", reader, await self._named(reader))
        desk = await self._desk(reader)
        programmes = await self.programmes.several(programmes_of(desk))
        named = frozenset(reader.session.obligations)
        reports = done_reports(desk, await self._handed_in(desk), programmes)
        values = desk_page(desk, programmes, reader.language, say)
        values |= handed_in_section(reports, programmes, named, reader.language)
        values |= {"done": say(done) if done else None, "counting": await self._counting(desk), "named": named}
        return self._page("desk.html", reader, values)

    async def show_pause(self, _: Request, reader: Reader) -> Response:
        """Show what reminders can be paused of."""
        return await self._pause_page(reader, [], None, {})

    async def pause(self, request: Request, reader: Reader) -> Response:
        """Pause reminders of what was chosen, until a day."""
        fields = await read_fields(request, self.body)
        chosen = [value for name, value in fields if name == "what"]
        typed = dict(fields).get("until", "")
        until, errors = _day(typed, "until", reader.language)
        if not chosen:
            errors["what"] = ActWords.NOTHING_CHOSEN.value.in_language(reader.language)
        if errors:
            return await self._pause_page(reader, chosen, typed, errors, 422)
        for programme, names in chosen_names(chosen, reader.session.obligations).items():
            try:
                await self.obligations.acknowledge(reader.session.officer, programme, names, until, reader.acting)
            except RefusedError as error:
                await self.door.note(reader, "pause", programme, error.code)
                at = "until" if error.field == "until" else "what"
                return await self._pause_page(reader, chosen, typed, {at: _sentence(error.message)}, error.status)
            for about in names or [programme]:
                await self.door.note(reader, "pause", about)
        return _done("pause")

    async def undo(self, request: Request, reader: Reader) -> Response:
        """Be reminded again."""
        fields = await read_form(request, self.body)
        programme, name = fields.get("programme", ""), fields.get("obligation", "")
        await self.obligations.undo(reader.session.officer, programme, [name] if name else [], reader.acting)
        await self.door.note(reader, "undo", name or programme)
        return _done("undo")

    async def show_decision(self, request: Request, reader: Reader) -> Response:
        """Show an obligation of a unit below, to be extended or waived."""
        return await self._decision_page(reader, request.path_params["name"], {}, {})

    async def extend(self, request: Request, reader: Reader) -> Response:
        """Give it a later deadline."""
        return await self._decide(request, reader, "extend")

    async def waive(self, request: Request, reader: Reader) -> Response:
        """Expect it no more."""
        return await self._decide(request, reader, "waive")

    async def _decide(self, request: Request, reader: Reader, what: str) -> Response:
        name, fields = request.path_params["name"], await read_form(request, self.body)
        reason = fields.get("reason", "")
        typed = {f"{what}-reason": reason, f"{what}-until": fields.get("until", "")}
        until, errors = _day(fields.get("until", ""), "extend-until", reader.language)
        if errors and what == "extend":
            return await self._decision_page(reader, name, errors, typed, 422)
        try:
            if what == "extend":
                await self.obligations.extend(name, until, reason, reader.acting)
            else:
                await self.obligations.waive(name, reason, reader.acting)
        except RefusedError as error:
            await self.door.note(reader, what, name, error.code)
            if error.status not in {409, 422}:
                raise
            at = f"{what}-{error.field or 'reason'}"
            return await self._decision_page(reader, name, {at: _sentence(error.message)}, typed, error.status)
        await self.door.note(reader, what, name)
        return _done(what)

    async def _desk(self, reader: Reader) -> DeskShown:
        return await self.obligations.desk(reader.session.officer, _reach(reader), reader.language)

    async def _counting(self, desk: DeskShown) -> frozenset[str]:
        """Name the reports that are on the desk for a moment more: handed in, and not counted yet."""
        names = map(read_obligation_name, (row.id for row in desk.owed))
        async with self.door.sessions.pool().acquire() as connection:
            return await accepted_of(connection, names, desk.clock - _COUNTED_WITHIN)

    async def _handed_in(self, desk: DeskShown) -> Mapping[str, HandedIn]:
        """Find what was handed in by the form of that which is owed no more."""
        names = [read_obligation_name(row.id) for row in desk.settled]
        async with self.door.sessions.pool().acquire() as connection:
            return await handed_in_of(connection, names)

    async def _named(self, reader: Reader) -> dict[str, object]:
        """Read what the message named, each as it stands now."""

        async def one(name: str) -> ObligationShown | None:
            try:
                return await self.obligations.one(name, _reach(reader), reader.language)
            except RefusedError as error:
                if error.status in _NOT_THERE:
                    return None
                raise

        names = reader.session.obligations[:MOST_NAMED]
        found = await at_once([lambda name=name: one(name) for name in names])  # type: ignore[misc]
        rows = [row for row in found if row is not None]
        problems = await self._named_problems(reader)
        programmes = {*(row.programme for row in rows), *(row.programme for row in problems)}
        zones = await self.programmes.zones(programmes)
        return named_page(reader, rows, problems, len(found) - len(rows), zones)

    async def _named_problems(self, reader: Reader) -> Sequence[ProblemShown]:
        session = reader.session
        if session.message is None:
            return ()
        try:
            named = await self.obligations.named(session.officer, session.message, _reach(reader), reader.language)
        except RefusedError as error:
            if error.status in _NOT_THERE:
                return ()
            raise
        return named.problems

    async def _pause_page(
        self, reader: Reader, chosen: list[str], until: str | None, errors: Mapping[str, str], status: int = 200
    ) -> Response:
        desk = await self._desk(reader)
        theirs = await self.programmes.loaded(reader.officer.programmes)
        zones = await self.programmes.zones({*programmes_of(desk), *theirs})
        names = await self.programmes.short_names(theirs, reader.language)
        values = pause_page(reader, desk, zones, names, chosen, until)
        values |= {"say": sayer(ActWords, reader.language), "errors": errors}
        return self._page("pause.html", reader, values, status)

    async def _decision_page(
        self, reader: Reader, name: str, errors: Mapping[str, str], typed: Mapping[str, str], status: int = 200
    ) -> Response:
        row = await self.obligations.one(name, _reach(reader), reader.language)
        zones = await self.programmes.zones([row.programme])
        values = {
            "say": sayer(ActWords, reader.language),
            "item": obligation_item(row, zones, reader.language),
            "path": f"/obligations/{quote(name, safe='~@')}",
            "errors": errors,
            "typed": typed,
        }
        return self._page("decision.html", reader, values, status)

    def _page(self, template: str, reader: Reader, values: Mapping[str, object], status: int = 200) -> Response:
        return self.door.renderer.page(template, reader.language, values, reader=reader.line, status=status)


def _reach(reader: Reader) -> dict[str, str]:
    """The headers of a question for an officer: it reaches no further than where they sit."""
    return {"Kip-Reach": reader.officer.seat.uid, "Accept-Language": reader.language}


def _day(typed: str, field: str, language: str) -> tuple[str, dict[str, str]]:
    """Read the day of a field, as services take it; or what is wrong with the field."""
    try:
        return typed_day(typed).isoformat(), {}
    except TypedDayError as error:
        words = error.expected if typed.strip() else ActWords.NO_DAY.value
        return "", {field: _sentence(words.in_language(language))}


def _sentence(message: str) -> str:
    """Begin a service's words as a sentence begins."""
    return message[:1].upper() + message[1:]


def _done(what: str) -> Response:
    return RedirectResponse(f"/?done={what}", 303, headers=PAGE_HEADERS)
