"""Take decisions about what is owed: a later deadline, or none any more. `decisions.py` says who may, and how."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.notifications import read_store
from services.notifications.decision_words import STATES, Decline, declined
from services.notifications.forms import read_form
from services.notifications.links import Links
from services.notifications.obligations import change_store
from services.notifications.obligations.decisions import new_deadline, reason_of, who_decides
from services.notifications.refusing import obligation_name, private
from shared.database.connections import Pool
from shared.http.held_body import BodyLimits
from shared.registry.snapshot import Registry


@dataclass(frozen=True, slots=True)
class Deciding:
    """The endpoints, with what they need. `body` bounds what is posted; `on_changed` hears of a changed obligation."""

    registry: Callable[[], Registry]
    pool: Callable[[], Pool]
    links: Callable[[], Links]
    now: Callable[[], datetime]
    body: BodyLimits
    on_changed: Callable[[], None]

    def routes(self) -> list[Route]:
        """List the routes."""
        return [
            Route("/v1/obligations/{name}/extend", private(self.extend), methods=["POST"]),
            Route("/v1/obligations/{name}/waive", private(self.waive), methods=["POST"]),
        ]

    async def extend(self, request: Request) -> Response:
        """Give an obligation a later deadline: `until` (a working day) and `reason`."""
        return await self._decide(request, "extend")

    async def waive(self, request: Request) -> Response:
        """Expect an obligation no more: `reason`."""
        return await self._decide(request, "waive")

    async def _decide(self, request: Request, what: str) -> Response:
        pool, registry, now = self.pool(), self.registry(), self.now()
        token = request.query_params.get("token")
        by = await who_decides(pool, registry, self.links(), request.scope["headers"], token, now)
        form = await read_form(request, self.body)
        name = obligation_name(request.path_params["name"], await read_store.epoch(pool))
        row = await read_store.find_obligation(pool, name)
        programme = registry.programmes.get(row.programme) if row else None
        if row is None or programme is None:
            raise declined(Decline.NO_OBLIGATION)
        today = programme.today(now)
        if not by.may_decide_for(registry.units, row.unit, row.programme, today):
            raise declined(Decline.NOT_ABOVE)
        reason = reason_of(form.get("reason"), now.year)
        if what == "extend":
            until = new_deadline(programme, form.get("until"), row.due_at, now)
            done = await change_store.extend(pool, row.id, until, by.name, reason, now, key=by.key, device=by.device)
        else:
            done = await change_store.waive(pool, row.id, by.name, reason, now, key=by.key, device=by.device)
        if not done:
            now_is = await read_store.find_obligation(pool, name)  # it changed between the two
            raise declined(Decline.FINISHED, state=STATES[(now_is or row).state])
        self.on_changed()
        return JSONResponse({"id": str(name), "decided": what, "by": by.name})
