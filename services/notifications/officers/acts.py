"""Take what officers ask for themselves by the board: to be told no more of something until a day, and the undoing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.notifications import act_store, read_store
from services.notifications.acknowledging import until_of
from services.notifications.act_store import Author
from services.notifications.decision_words import Decline, declined
from services.notifications.forms import read_form
from services.notifications.officers.asking import Asker, asker_of, officer_by_ref, only_fields, text_field
from services.notifications.refusing import obligation_name, refusing
from shared.access.acting import read_acting
from shared.database.connections import Pool
from shared.domain.units import Units
from shared.http.held_body import BodyLimits
from shared.http.read_api import guarded
from shared.programme.model import Programme
from shared.registry.officers import Officer
from shared.registry.snapshot import Registry
from shared.values.scalars import shown

MOST = 500  # obligations at a time


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who asks, and about which programme and obligations (None: all of it)."""

    author: Author
    programme: Programme
    obligations: Sequence[int | None]
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class OfficerActs:
    """The endpoints, with what they need. `on_changed` hears that the next sweep may have something to tell."""

    registry: Callable[[], Registry]
    pool: Callable[[], Pool]
    now: Callable[[], datetime]
    body: BodyLimits
    on_changed: Callable[[], None]

    def routes(self) -> list[Route]:
        """List the routes."""
        path = "/v1/officers/{ref}/acknowledgements"
        return [
            Route(path, guarded(refusing(self.acknowledge)), methods=["POST"]),
            Route(path, guarded(refusing(self.undo)), methods=["DELETE"]),
        ]

    async def acknowledge(self, request: Request) -> Response:
        """Acknowledge obligations, or pause the whole programme, until the morning of a day."""
        now = self.now()
        asked = await self._asked(request, now, "programme", "obligations", "until")
        slug, until = asked.programme.slug, until_of(asked.programme, asked.fields.get("until"), now)
        await act_store.acknowledge(self.pool(), asked.author, slug, asked.obligations, until, now)
        return JSONResponse({"programme": slug, "until": until.isoformat()})

    async def undo(self, request: Request) -> Response:
        """Undo it; what was kept back is told at the next hour of work, if it is still true."""
        now = self.now()
        asked = await self._asked(request, now, "programme", "obligations")
        await act_store.undo(self.pool(), asked.author, asked.programme.slug, asked.obligations, now)
        self.on_changed()
        return JSONResponse({"programme": asked.programme.slug, "until": None})

    async def _asked(self, request: Request, now: datetime, *known: str) -> _Asked:
        registry, pool = self.registry(), self.pool()
        asker = asker_of(registry, request, now)
        reference = read_acting(request.scope["headers"])
        if reference is None:
            raise declined(Decline.NO_OFFICER)
        if reference.ref != request.path_params["ref"]:
            raise declined(Decline.NOT_YOURS)
        officer = await officer_by_ref(pool, registry, asker, reference.ref)
        fields = await read_form(request, self.body)
        only_fields(fields, known)
        programme = _programme(registry, asker, officer, fields)
        obligations = await self._obligations(registry.units, officer, programme, fields.get("obligations"), now)
        author = Author(officer.id, officer.generation, asker.key.sender, reference.device)
        return _Asked(author, programme, obligations, fields)

    async def _obligations(
        self, units: Units, officer: Officer, programme: Programme, given: object, now: datetime
    ) -> Sequence[int | None]:
        """Read the obligations that are named, all of the programme's and at or below the officer's unit; none: all."""
        if not isinstance(given, list) or len(given) > MOST or not all(isinstance(name, str) for name in given):
            raise declined(Decline.NO_LIST, "obligations", most=MOST)
        if not given:
            return [None]
        epoch, today = await read_store.epoch(self.pool()), programme.today(now)
        names = [obligation_name(name, epoch) for name in dict.fromkeys(given)]
        seat = units.stands_for(officer.unit, today)
        found = await act_store.ids_of(self.pool(), names)
        for name in names:
            above = {step.uid for step in units.ladder(name.unit, today)} if name.unit in units else set()
            if name.programme != programme.slug or seat not in above or name not in found:
                raise declined(Decline.NOT_THEIRS, "obligations", name=name)
        return [found[name] for name in names]


def _programme(registry: Registry, asker: Asker, officer: Officer, fields: Mapping[str, object]) -> Programme:
    """Find the programme that is named, one of the officer's that the key sees. Raises DecisionError."""
    slug = text_field(fields, "programme")
    programme = registry.programmes.get(slug)
    if programme is None or not officer.belongs_to(slug) or not asker.reach.sees_programme(slug):
        raise declined(Decline.NO_PROGRAMME, "programme", got=shown(slug))
    return programme
