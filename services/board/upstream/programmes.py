"""The programmes, from the catalogue that aggregation serves."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol
from urllib.parse import quote
from zoneinfo import ZoneInfo

import structlog
from pydantic import BaseModel, ValidationError

from services.board.upstream.catalogue import programme_of
from services.board.upstream.client import Answered, AwayError, RefusedError, at_once, read
from shared.programme.model import Programme

KNOWN_SECONDS = 60.0  # after a programme was loaded anew, its former form may be shown so long; intake judges by it
log = structlog.get_logger()


class Reading(Protocol):
    """The board's client of the other services, as far as it reads. It knows the key."""

    async def get(self, service: str, path: str, query: Mapping[str, str]) -> Answered:
        """Ask `intake`, `aggregation` or `notifications`. Raises AwayError."""


class _Entry(BaseModel):
    slug: str


class _Listed(BaseModel):
    rows: list[_Entry]


class Programmes:
    """Remembers for a minute what it was told. `seconds` is a clock that only goes forward."""

    def __init__(self, ask: Reading, seconds: Callable[[], float]) -> None:
        self._ask = ask
        self._seconds = seconds
        self._known: dict[str, tuple[Programme, float]] = {}

    async def zones(self, slugs: Iterable[str]) -> dict[str, ZoneInfo]:
        """Read in which time zones the deadlines of these programmes are. Raises AwayError and RefusedError."""
        return {slug: ZoneInfo(programme.timezone) for slug, programme in (await self.several(slugs)).items()}

    async def several(self, slugs: Iterable[str]) -> dict[str, Programme]:
        """Read these programmes. Raises AwayError and RefusedError."""
        wanted = sorted(set(slugs))
        found = await at_once([lambda slug=slug: self.programme(slug) for slug in wanted])  # type: ignore[misc]
        return {programme.slug: programme for programme in found}

    async def loaded(self, wanted: Collection[str]) -> list[str]:
        """List which of these are loaded; where none is wanted, all that are. Raises AwayError and RefusedError."""
        listed = read(await self._ask.get("aggregation", "/v1/programmes", {}), _Listed)
        return [entry.slug for entry in listed.rows if not wanted or entry.slug in wanted]

    async def short_names(self, slugs: Iterable[str], language: str) -> dict[str, str]:
        """Read how these programmes are named in a few words. Raises AwayError and RefusedError."""
        known = [await self.programme(slug) for slug in sorted(set(slugs))]
        return {programme.slug: programme.text(programme.short or programme.label, language) for programme in known}

    async def programme(self, slug: str) -> Programme:
        """Read a programme. Raises RefusedError where there is none, AwayError where it isn't known now."""
        known = self._known.get(slug)
        if known is not None and self._seconds() < known[1]:
            return known[0]
        answered = await self._ask.get("aggregation", f"/v1/programmes/{quote(slug, safe='')}", {})
        if answered.status != 200:
            raise RefusedError(answered)
        try:
            programme = programme_of(answered.body)
        except (ValidationError, KeyError, TypeError) as error:
            log.error("upstream.other_form", model="Catalogue", reason=type(error).__name__)
            raise AwayError(f"the catalogue of {slug}: not as agreed") from error
        self._known[slug] = programme, self._seconds() + KNOWN_SECONDS
        return programme
