"""What the form asks of the other services, through the board's one client of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

from services.board.report.events import SOURCE
from services.board.report.fields import Form
from services.board.report.open_problems import SHOWN, OpenProblem, OpenProblems
from services.board.report.standing import Standing, read_standing
from services.board.upstream.client import Answered, AwayError, RefusedError, at_once, read
from services.board.upstream.obligations import ObligationShown
from services.board.upstream.programmes import Programmes, Reading
from shared.domain.obligation_name import ObligationName
from shared.domain.periods import Period
from shared.domain.units import Unit
from shared.programme.model import Programme

_UNCOUNTED = frozenset({"pending", "dead", "conflict"})
_NOT_ENDED = _UNCOUNTED | {"counted"}


class Ask(Reading, Protocol):
    """The board's client of the other services, that posts too."""

    async def post(self, service: str, path: str, content: bytes, headers: Mapping[str, str]) -> Answered:
        """Post to one of them. Raises AwayError."""


class Ended(NamedTuple):
    """Whose event took another's place, and when; None of what isn't to be seen."""

    by: str | None
    at: datetime | None


class NotThereError(Exception):
    """What an address names isn't there, or isn't this key's to see."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The questions of the form. `programmes` are the same for all who ask."""

    ask: Ask
    programmes: Programmes

    async def programme(self, slug: str) -> Programme:
        """Read a programme from the catalogue. Raises NotThereError."""
        try:
            return await self.programmes.programme(slug)
        except RefusedError as error:
            raise NotThereError(slug) from error

    async def unit(self, uid: str) -> Unit:
        """Read a unit of the register; where it stands in the tree is not told. Raises NotThereError."""
        told = await self._get("aggregation", f"/v1/units/{uid}", {})
        days = {name: _day(told[name]) for name in ("valid_from", "valid_to")}
        texts = {name: told[name] for name in ("uid", "code", "name", "level", "type", "successor")}
        return Unit(**texts, **days, parent=None, other_successors=tuple(told["other_successors"]))

    async def stands_for(self, unit: Unit, on: date) -> str | None:
        """Find which unit stands for this one on a day, by successors alone. Raises NotThereError."""
        while unit.valid_to is not None and unit.valid_to < on:
            if unit.successor is None:
                return None
            unit = await self.unit(unit.successor)
        return unit.uid

    async def obligation(self, name: ObligationName, language: str) -> ObligationShown:
        """Read how an obligation stands, its words in `vi` or `en`. Raises NotThereError."""
        answered = await self.ask.get("notifications", f"/v1/obligations/{name}", {"labels": language})
        try:
            return read(answered, ObligationShown)
        except RefusedError as error:
            raise NotThereError(str(name)) from error

    async def standing(self, form: Form) -> Standing:
        """Read what counts of the report's figures and activities, and of the periods that they are held against."""
        periods: dict[Period, None] = {form.period: None}
        for figure in form.figures:
            periods |= dict.fromkeys((figure.period, figure.period.shift(-1), figure.period.year_before))
        found = await at_once([lambda period=period: self._records(form, period) for period in periods])  # type: ignore[misc]
        activities = [row for row in found[0] if row["kind"] == "activity.recorded"]
        figures = [row for rows in found for row in rows if row["kind"] == "indicator.reported"]
        return read_standing([*figures, *activities])

    async def _records(self, form: Form, period: Period) -> list[Mapping[str, Any]]:
        query = {
            "programme": form.programme.slug,
            "unit": form.unit.uid,
            "agency": form.agency,
            "period": str(period),
        }
        rows: list[Mapping[str, Any]] = []
        while True:
            page = await self._get("aggregation", "/v1/records", query)
            rows += page["rows"]
            if page.get("next") is None:
                return rows
            query = {**query, "after": page["next"]}

    async def open_problems(self, form: Form, after: str | None = None) -> OpenProblems:
        """Read a page of the open obstacles of the report's agency at its unit. Raises NotThereError."""
        page = await self._problems(form, {"limit": str(SHOWN)} | ({"after": after} if after else {}))
        return OpenProblems([OpenProblem.model_validate(row) for row in page["rows"]], page.get("next"))

    async def own_problem(self, form: Form, mark: str) -> OpenProblem:
        """Read an open obstacle that was raised in this form. Raises NotThereError."""
        page = await self._problems(form, {"record": form.own_record(mark)})
        found = (OpenProblem.model_validate(row) for row in page["rows"])
        own = next((problem for problem in found if problem.is_own(form)), None)
        if own is None:
            raise NotThereError(mark)
        return own

    async def _problems(self, form: Form, more: Mapping[str, str]) -> Any:
        asked = {"programme": form.programme.slug, "unit": form.unit.uid, "agency": form.agency, "state": "raised"}
        return await self._get("notifications", "/v1/problems", {**asked, **more})

    async def post(self, events: str, officer: str, device: str | None, language: str) -> Answered:
        """Post the events of a submission in the officer's name. Raises AwayError."""
        headers = {
            "Content-Type": "application/cloudevents-batch+json",
            "Kip-Officer": written_acting(officer, device),
            "Accept-Language": language,
        }
        return await self.ask.post("intake", "/v1/events", events.encode(), headers)

    async def is_counted(self, event_id: str) -> bool:
        """Tell whether aggregation has applied an event."""
        return any(row["status"] not in _UNCOUNTED for row in await self._event(SOURCE, event_id))

    async def ended(self, event_id: str) -> Ended | None:
        """Find whose event took the place of one that was applied; None where none did, or this was not."""
        rows = [row for row in await self._event(SOURCE, event_id) if row["status"] not in _NOT_ENDED]
        if not rows:
            return None
        by = rows[0].get("superseded_by")
        others = await self._event(by["source"], by["id"]) if by is not None else []
        whose = [(row["sender"], datetime.fromisoformat(row["accepted_at"])) for row in others if "accepted_at" in row]
        return Ended(*whose[0]) if whose else Ended(None, None)

    async def _event(self, source: str, event_id: str) -> list[Mapping[str, Any]]:
        """Read what became of the events of a name."""
        path = f"/v1/events/{quote(source, safe='')}/{quote(event_id, safe='')}"
        answered = await self.ask.get("aggregation", path, {})
        rows: list[Mapping[str, Any]] = answered.body.get("rows", []) if answered.status == 200 else []
        return rows

    async def _get(self, service: str, path: str, query: Mapping[str, str]) -> Any:
        answered = await self.ask.get(service, path, query)
        if answered.status in {400, 403, 404, 410}:
            raise NotThereError(f"{service} {path}: {answered.status}")
        if answered.status != 200:
            raise AwayError(f"{service} {path}: {answered.status}")
        return answered.body


def written_acting(officer: str, device: str | None) -> str:
    """Write in whose name something is asked, and on which device."""
    return officer if device is None else f"{officer}; device={device}"


def _day(text: str | None) -> Any:
    return None if text is None else datetime.fromisoformat(text).date()
