"""Which events count, told again: of a record the highest revision, whatever the order of arrival."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from tests.e2e.three_programmes.plans import Owed, Plan

Key = tuple[str, ...]


class Version(NamedTuple):
    """One accepted event of a record. Versions compare as revisions do."""

    revision: int
    time: str
    source: str
    id: str
    accepted_at: datetime
    event: dict[str, Any]

    @property
    def alive(self) -> bool:
        return ".retracted." not in self.event["type"]

    @property
    def data(self) -> dict[str, Any]:
        return dict(self.event["data"])

    @property
    def unit(self) -> str:
        return str(self.event["subject"])


class Ledger:
    """All accepted events by record. A figure that programmes share is one record, whichever name it came by."""

    def __init__(self, plans: Mapping[str, Plan]) -> None:
        self.plans = plans
        self.versions: defaultdict[Key, dict[str, Version]] = defaultdict(dict)

    def key(self, event: Mapping[str, Any]) -> Key:
        data = event["data"]
        if "indicator" in data:
            root = self.plans[data["programme"]].root(data["indicator"])
            return ("indicator", *root, event["subject"], data["agency"], data["period"])
        if "report" in data:
            return ("report", data["programme"], data["report"], event["subject"], data["agency"], data["period"])
        return ("activity", data["programme"], data["record"])

    def take(self, event: dict[str, Any], accepted_at: datetime) -> None:
        """Take an event in; a copy of one that is known changes nothing."""
        revision = event["data"].get("revision", 0)
        version = Version(revision, event["time"], event["source"], event["id"], accepted_at, event)
        self.versions[self.key(event)].setdefault(event["id"], version)

    def counting(self, key: Key) -> Version | None:
        """The version of the record that counts, if it is alive."""
        rivals = self.versions.get(key)
        if not rivals:
            return None
        top = max(rivals.values(), key=lambda version: version[:4])
        return top if top.alive else None

    def live(self, kind: str) -> Iterator[tuple[Key, Version]]:
        for key in self.versions:
            if key[0] == kind and (version := self.counting(key)) is not None:
                yield key, version

    def stands_since(self, key: Key) -> datetime | None:
        """Since when what counts has stood: first accepted after the last withdrawal that was accepted before it."""
        top = self.counting(key)
        if top is None:
            return None
        all_ = self.versions[key].values()
        gone = [v.accepted_at for v in all_ if not v.alive and v.accepted_at <= top.accepted_at]
        return min(v.accepted_at for v in all_ if v.alive and not (gone and v.accepted_at <= max(gone)))

    def report_key(self, owed: Owed) -> Key:
        return ("report", owed.programme, owed.report, owed.unit, owed.agency, owed.period)
