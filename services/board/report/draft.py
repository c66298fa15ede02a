"""The answers of a draft, as they were typed: what the form shows again, and what events are made of."""

from typing import Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.domain.events import Split


class Answer(BaseModel):
    """What all answers have in common: an unknown field is another version's, and no answer of ours."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    typed: dict[str, str] = Field(default_factory=dict)  # by the field's name, as it was typed


class FigureAnswer(Answer):
    """What was typed for one figure.

    `absent` where the officer says that there is none. `reasons` say why a doubtful figure is right, by the doubt's
    name. `kept` are parts of the figure that counts now and that the form doesn't ask for: they are handed in again.
    """

    absent: bool = False
    reasons: dict[str, str] = Field(default_factory=dict)
    kept: tuple[Split, ...] = ()

    def reason(self, doubt: str) -> str:
        """The reason that was given for a doubt; nothing where none was."""
        return self.reasons.get(doubt, "").strip()


class ActivityAnswer(Answer):
    """An activity that was added, or one of the board's own that is corrected or withdrawn.

    `record` is the mark with which the record's name ends (`own_record`).
    """

    record: str
    change: Literal["added", "corrected", "withdrawn"] = "added"


class ProblemAnswer(Answer):
    """A problem that is raised, or one of the board's own that is resolved; of this one since when it was open."""

    record: str
    change: Literal["raised", "resolved"] = "raised"
    raised_at: AwareDatetime | None = None


_Recorded = TypeVar("_Recorded", bound="ActivityAnswer | ProblemAnswer")


class Answers(BaseModel):
    """All answers of a draft: figures by their keys, activities and problems in the order in which they came."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    figures: dict[str, FigureAnswer] = Field(default_factory=dict)
    activities: tuple[ActivityAnswer, ...] = ()
    problems: tuple[ProblemAnswer, ...] = ()

    def with_figure(self, key: str, answer: FigureAnswer) -> "Answers":
        """Answer one figure anew."""
        return self.model_copy(update={"figures": {**self.figures, key: answer}})

    def with_activity(self, answer: ActivityAnswer) -> "Answers":
        """Add the activity, or answer it anew."""
        return self.model_copy(update={"activities": _with(self.activities, answer)})

    def with_problem(self, answer: ProblemAnswer) -> "Answers":
        """Add the problem, or answer it anew."""
        return self.model_copy(update={"problems": _with(self.problems, answer)})

    def without(self, record: str) -> "Answers":
        """Take back what the draft says of an activity or a problem."""
        activities = tuple(item for item in self.activities if item.record != record)
        problems = tuple(item for item in self.problems if item.record != record)
        return self.model_copy(update={"activities": activities, "problems": problems})


def _with(answers: tuple[_Recorded, ...], answer: _Recorded) -> tuple[_Recorded, ...]:
    known = [item.record for item in answers]
    if answer.record not in known:
        return (*answers, answer)
    return tuple(answer if item.record == answer.record else item for item in answers)
