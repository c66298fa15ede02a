"""What every part of a programme's file has in common."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from shared.domain.periods import Period, parse_period

LANGUAGES = ("en", "vi")  # in which every label and text is there
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]


class Model(BaseModel):
    """Frozen, and an unknown key is an error: a misspelt setting must not pass in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


PeriodText = Annotated[
    Period,
    BeforeValidator(lambda value: value if isinstance(value, Period) else parse_period(str(value))),
    PlainSerializer(str, return_type=str),
]


class Label(Model):
    """A text in both languages. `source` keeps the plan's own wording where `vi` corrects a slip of the source."""

    vi: str = Field(min_length=1)
    en: str = Field(min_length=1)
    source: str | None = None


class Named(Model):
    """Anything that has a slug and a label."""

    slug: Slug
    label: Label


class Sourced(Named):
    """Something that a plan states: `anchors` quote the plan's words and `clauses` say where they stand."""

    clauses: str | None = None
    anchors: tuple[str, ...] = ()
