"""Which of an officer's reports somebody else has changed after they were handed in, for their desk."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from services.notifications.obligations import figure_change_store
from services.notifications.obligations.figure_change_store import ChangedFigure
from services.notifications.obligations.rows import Shown, labels_of, shown_obligation
from services.notifications.officers import desk_store
from services.notifications.officers.asking import Asker
from services.notifications.public.calendar_feed import concerns, offices
from services.notifications.read_store import ObligationRow
from shared.database.connections import Pool
from shared.domain.periods import period_words
from shared.programme.model import Programme
from shared.registry.officers import Officer
from shared.registry.snapshot import Registry

SHOWN_FOR = timedelta(days=366)  # after the deadline
MOST_FIGURES = 1000  # those that were changed last


async def changed_reports(
    pool: Pool,
    registry: Registry,
    known: Mapping[str, Programme],
    asker: Asker,
    officer: Officer,
    now: datetime,
    epoch: int,
    language: str | None,
) -> tuple[list[Shown], bool]:
    """Show the reports of the officer's agency whose figures were changed since its last handing in, the latest change
    first, and whether there are more.
    """
    units = {unit for it in known.values() for unit in offices(registry.units, officer, it.today(now))}
    found = await figure_change_store.of_units(pool, sorted(units), MOST_FIGURES)
    rows = {row.id: row for row in await desk_store.by_id(pool, sorted(found))}

    def is_theirs(row: ObligationRow | None) -> bool:
        return (
            row is not None and row.programme in known and now - row.due_at <= SHOWN_FOR
            and concerns(known[row.programme], officer, row.agency, now)
            and asker.reach.sees(registry.units, row.unit, row.programme)
        )  # fmt: skip

    theirs = [(rows[id_], figures) for id_, figures in found.items() if is_theirs(rows.get(id_))]
    shown = [
        {
            **shown_obligation(row, epoch, labels_of(registry, row, language) if language else None),
            "figures": _figures(known[row.programme], figures, language),
        }
        for row, figures in theirs
    ]
    return shown, sum(map(len, found.values())) == MOST_FIGURES


def _figures(programme: Programme, figures: Sequence[ChangedFigure], language: str | None) -> list[Shown]:
    return [
        {
            "indicator": figure.indicator,
            "period": figure.period,
            "before": figure.before.model_dump(),
            "now": None if figure.now is None else figure.now.model_dump(),
            "by": figure.by,
            "at": figure.at.isoformat(),
            **(_labels(programme, figure, language) if language else {}),
        }
        for figure in figures
    ]


def _labels(programme: Programme, figure: ChangedFigure, language: str) -> dict[str, str]:
    known, spoken = programme.indicator.get(figure.indicator), programme.language_for(language)
    return {
        "indicator_name": figure.indicator if known is None else programme.text(known.label, spoken),
        "period_name": period_words(figure.period).in_language(spoken),
    }
