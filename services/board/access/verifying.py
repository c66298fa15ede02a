"""Verify a device: a code goes to the officer's own channel, and is typed in where the session is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from services.board.access import act_store, session_store
from services.board.access.door import Door, Reader
from services.board.access.sessions import verified_for
from services.board.access.ways_back import local_path, verify_first
from services.board.access.words import EntryWords
from services.board.pages.posted import read_form
from services.board.pages.rendering import PAGE_HEADERS, sayer
from services.board.upstream.client import AwayError, RefusedError
from shared.http.held_body import BodyLimits
from shared.wording.words import Words, in_both

AWAY = "unavailable"  # in the audit
CODE_LIVES = timedelta(minutes=30)  # as notifications has it
_CODE = re.compile(r"[0-9]{6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Verifying:
    """The endpoints, with what they need."""

    door: Door
    body: BodyLimits

    def routes(self) -> list[Route]:
        """List the routes."""
        return [
            Route("/verify", self.door.reader(self.show), methods=["GET"]),
            Route("/verify", self.door.reader(self.verify), methods=["POST"]),
            Route("/verify/send", self.door.reader(self.send), methods=["POST"]),
        ]

    async def show(self, request: Request, reader: Reader) -> Response:
        """Show where a code can go, or the field for the one that was sent."""
        there = local_path(request.query_params.get("next"))
        return _to(there) if reader.verified else self._page(reader, there, {})

    async def send(self, request: Request, reader: Reader) -> Response:
        """Have a code sent."""
        there = local_path((await read_form(request, self.body)).get("next"))
        session = reader.session
        try:
            sent = await self.door.officers.send_code(
                session.officer, session.hash, session.message, session.link, reader.language
            )
        except AwayError:
            return await self._unsure(reader, there)
        except RefusedError as error:
            if error.code not in {"too_many_codes", "no_personal_channel", "unsent"}:
                raise
            await self.door.note(reader, "send_code", outcome=error.code)
            return self._page(
                reader, there, {"send": in_both(error.message)}, status=error.status, headers=error.headers
            )
        await session_store.note_code(self.door.sessions.pool(), session.hash, sent.sent_to, sent.expires_at)
        await self.door.note(reader, "send_code")
        return _to(verify_first(there))

    async def _unsure(self, reader: Reader, there: str) -> Response:
        """Say that nobody knows whether a code was sent, and take it if it comes."""
        address = next(iter(reader.officer.personal), None)
        if address is None:
            return self._page(reader, there, {"send": EntryWords.AWAY.value}, status=503)
        ends_at = self.door.now() + CODE_LIVES
        await session_store.note_code(self.door.sessions.pool(), reader.session.hash, address, ends_at)
        await self.door.note(reader, "send_code", outcome=AWAY)
        return self._page(reader.with_code(address, ends_at), there, {"code": EntryWords.UNSURE.value}, status=503)

    async def verify(self, request: Request, reader: Reader) -> Response:
        """Try a code; the device counts as verified from here on where it is right."""
        fields = await read_form(request, self.body)
        there, typed = local_path(fields.get("next")), fields.get("code", "")
        code = "".join(typed.split())
        if not _CODE.fullmatch(code):
            return self._page(reader, there, {"code": EntryWords.CODE_WANTED.value}, typed=typed, status=422)
        session = reader.session
        try:
            await self.door.officers.verify_code(session.officer, session.hash, code, reader.language)
        except AwayError:  # it stays good for all its tries, also where it was right and only the answer was lost
            await self.door.note(reader, "verify", outcome=AWAY)
            return self._page(reader, there, {"code": EntryWords.AWAY.value}, typed=typed, status=503)
        except RefusedError as error:
            if error.code not in {"code_wrong", "code_expired"}:
                raise
            await self.door.note(reader, "verify", outcome=error.code)
            left = error.told.get("left")
            if error.code == "code_wrong" and isinstance(left, int) and left > 0:
                wrong = EntryWords.CODE_WRONG.value.filled(left=left)
                return self._page(reader, there, {"code": wrong}, status=error.status)
            await session_store.forget_code(self.door.sessions.pool(), session.hash)
            without = reader.with_code(None, None)
            return self._page(without, there, {"send": EntryWords.CODE_SPENT.value}, status=error.status)
        sessions, now = self.door.sessions, self.door.now()
        async with sessions.pool().acquire() as connection, connection.transaction():
            verified = await sessions.verify(connection, session)
            if verified is None:  # the other of two presses of the button was first, and its answer has the cookie
                return _to(there)
            await act_store.note(connection, now, session.officer, session.device, "verify")
        return sessions.give(_to(there), *verified)

    def _page(
        self,
        reader: Reader,
        there: str,
        errors: dict[str, Words],
        *,
        typed: str = "",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        language, now, session = reader.language, self.door.now(), reader.session
        left = (session.code_ends_at - now).total_seconds() if session.code_ends_at is not None else 0
        values = {
            "say": sayer(EntryWords, language),
            "next": there,
            "errors": {name: words.in_language(language) for name, words in errors.items()},
            "waits": session.code_waits(now),
            "sent_to": session.code_sent_to,
            "minutes": ceil(left / 60),
            "address": next(iter(reader.officer.personal), None),
            "days": max(1, verified_for(self.door.sessions.policy).days),
            "code": typed,
        }
        return self.door.renderer.page(
            "verify.html", language, values, reader=reader.line, status=status, headers=headers
        )


def _to(path: str) -> Response:
    return RedirectResponse(path, 303, headers=PAGE_HEADERS)
