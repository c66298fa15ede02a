"""Reads what aggregation tells of figures that officers have handed in, in any order and repeated. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from shared.domain.canonical import CanonicalEvent
from shared.domain.events import FIGURE_CHANGED, FigureChanged, FigureSaid


class FigureChange(NamedTuple):
    """What counts now of a figure, and what was handed in: a row for `figure_change_store.py`. `sender`, `source` and
    `handed_in_at` are those of the handing in, `before` and `now` JSON of FigureSaid.
    """

    record: str
    batch: int
    programme: str
    indicator: str
    unit: str
    agency: str
    period: str
    sender: str
    source: str
    handed_in_at: datetime
    before: str
    now: str | None
    changed_by: str
    changed_at: datetime
    differs: bool


def figure_change_of(event: CanonicalEvent) -> FigureChange | None:
    """What a canonical event says about a handed in figure; None if it is about something else.

    Raises ValueError where its data is of another form than its kind's.
    """
    if event.kind != FIGURE_CHANGED:
        return None
    said = FigureChanged.model_validate(event.data)
    return FigureChange(
        said.record, said.batch, said.programme, said.indicator, event.unit, said.agency, said.period,
        said.handed_in.sender, said.handed_in.source, said.handed_in.time, _written(said.before),
        None if said.now is None else _written(said.now), said.by, said.at, said.differs,
    )  # fmt: skip


def newest(changes: Iterable[FigureChange]) -> list[FigureChange]:
    """Choose the change that holds of each record, in the order of their names."""
    found: dict[str, FigureChange] = {}
    for change in changes:
        known = found.get(change.record)
        if known is None or known.batch < change.batch:
            found[change.record] = change
    return [found[record] for record in sorted(found)]


def _written(said: FigureSaid) -> str:
    return said.model_dump_json(exclude_none=True)
