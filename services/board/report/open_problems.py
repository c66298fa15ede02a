"""The open obstacles of a report's agency at its unit, as notifications tells them. Pure.

A record belongs to its sender: what came from here is resolved here, what came from elsewhere is resolved there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.board.report.fields import Form
from shared.domain.events import BOARD_SENDER

SHOWN = 50  # of a page: behind it stands a link to the next


class OpenProblem(BaseModel):
    """An obstacle that waits: from which sender, since when."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    sender: str
    record: str
    text: str | None
    raised_at: AwareDatetime | None

    @property
    def mark(self) -> str:
        """What its name ends with, which addresses name it by (`own_record`)."""
        return self.record.rpartition("/")[2]

    def is_own(self, form: Form) -> bool:
        """Whether it was raised in this form: then it can be resolved here."""
        return self.sender == BOARD_SENDER and self.record == form.own_record(self.mark)


@dataclass(frozen=True, slots=True)
class OpenProblems:
    """A page of them, those that wait longest first; `next` begins the page behind it."""

    rows: Sequence[OpenProblem]
    next: str | None
