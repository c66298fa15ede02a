"""Reports as officers hand them in by the form, and what aggregation tells of figures that count no more as they were.

Aggregation has no part in these years: what it would tell is published in its place, as its contract says.
"""

import itertools
import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import aio_pika

from deploy.local.own_loop import in_own_loop
from tests.e2e.three_programmes.plans import Owed
from tests.e2e.told.officers import Officer
from tests.system import System, kip

SOURCE = "/kip/board"


class Form:
    """The form's key, and the officers as it names them."""

    def __init__(self, system: System, key: str, officers: Sequence[Officer]) -> None:
        self.system, self.key = system, key
        listed = json.loads(kip("officer", "list", "--json", environment=system.environment))
        self.refs = {row["name"]: seat["ref"] for row in listed for seat in row["seats"]}
        self.seated: defaultdict[tuple[str, str], list[Officer]] = defaultdict(list)
        for officer in officers:
            self.seated[officer.unit, officer.agency].append(officer)
        self.by: dict[str, Officer] = {}  # by the event's id
        self._batches, self._instants = itertools.count(1), itertools.count()
        self.told = 0

    def officer_of(self, owed: Owed) -> Officer | None:
        """Who can hand it in."""
        there = self.seated[owed.unit, owed.agency]
        return next((it for it in there if not it.programmes or owed.programme in it.programmes), None)

    def instant(self, now: datetime) -> datetime:
        """When a report is handed in: no two at the same instant, by which what was handed in together is known."""
        return now + timedelta(microseconds=next(self._instants))

    def as_theirs(self, event: dict[str, Any], officer: Officer) -> dict[str, Any]:
        """The event as the form posts it in their name."""
        self.by[event["id"]] = officer
        return {**event, "source": SOURCE}

    def post(self, events: Sequence[dict[str, Any]]) -> None:
        """Post each as whoever says it."""
        others = [event for event in events if event["id"] not in self.by]
        answers = [self.system.post(others)] if others else []
        for event in events:
            if event["id"] in self.by:
                headers = {"Kip-Officer": self.refs[self.by[event["id"]].name]}
                answers.append(self.system.post([event], key=self.key, headers=headers))
        for answer in answers:
            assert answer.status_code == 202, answer.text[:2000]

    def changed(
        self,
        owed: Owed,
        indicator: str,
        before: tuple[int, int],
        counts: tuple[int, int] | None,
        handed_in: datetime,
        now: datetime,
    ) -> None:
        """Tell that a figure of what was handed in counts no more as it was, twice; wait until it is known."""
        batch, at = next(self._batches), now.isoformat()
        data = {
            "programme": owed.programme, "record": f"{indicator}:{'~'.join(owed)}", "batch": batch,
            "indicator": indicator, "agency": owed.agency, "period": owed.period, "by": "app", "at": at,
            "handed_in": {"sender": "kip-board", "source": SOURCE, "id": "figure", "time": handed_in.isoformat()},
            "before": _figure(before), "now": None if counts is None else _figure(counts),
        }  # fmt: skip
        event = {
            "specversion": "1.0", "id": f"{batch}.{batch}", "source": "/kip/aggregation", "subject": owed.unit,
            "type": "vn.kip.figure.changed.v1", "time": at, "acceptedat": at, "sender": "kip-aggregation",
            "province": "any", "data": data,
        }  # fmt: skip
        self._publish([event, event])
        self.told += 2
        self.system.wait_until(lambda: self._taken() >= self.told, "the change is known")

    def _taken(self) -> float:
        return self.system.metric("notifications", "kip_events_applied_total", kind="figure.changed")

    def _publish(self, events: Sequence[dict[str, Any]]) -> None:
        body, url = json.dumps(events).encode(), self.system.environment["KIP_AMQP_URL"]

        async def work() -> None:
            async with await aio_pika.connect(url) as connection:
                channel = await connection.channel()
                exchange = await channel.get_exchange("kip.events", ensure=False)
                await exchange.publish(aio_pika.Message(body), routing_key="figure.changed")

        in_own_loop(work)


def _figure(counts: tuple[int, int]) -> dict[str, int]:
    return {"numerator": counts[0], "denominator": counts[1]}
