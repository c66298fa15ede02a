"""What the form shows of each activity now: the draft's answer, else what counts. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.board.report.draft import ActivityAnswer
from services.board.report.pages import Opened
from services.board.report.standing import Held


@dataclass(frozen=True, slots=True)
class ShownActivity:
    """An activity of this form: `held` where it counts already, `drafted` what the draft says of it."""

    record: str
    held: Held | None
    drafted: ActivityAnswer | None

    @property
    def withdrawn(self) -> bool:
        """Whether it is withdrawn when the report is handed in."""
        return self.drafted is not None and self.drafted.change == "withdrawn"

    @property
    def typed(self) -> Mapping[str, str]:
        """Its fields as somebody typed them, or would have."""
        if self.drafted is not None and not self.withdrawn:
            return self.drafted.typed
        return self.held.typed() if self.held is not None else {}


def shown_activities(opened: Opened) -> dict[str, ShownActivity]:
    """Show the activities that can be changed here, by their records: those that count, then those that were added."""
    held = {item.mark: item for item in opened.standing.activities if item.own}
    drafted = {item.record: item for item in opened.answers.activities}
    return {
        record: ShownActivity(record, held.get(record), drafted.get(record))
        for record in dict.fromkeys([*held, *drafted])
    }
