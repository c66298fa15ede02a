"""What every part of a programme's file has in common."""

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from shared.domain.periods import Period, parse_period

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")  # of a programme that doesn't say which ones are its own
_SLUG = r"[a-z0-9]+(-[a-z0-9]+)*"
SLUG, UNIT_UID, SHARED_NAME = rf"^{_SLUG}$", r"^[A-Za-z0-9._-]{1,32}@[0-9]{1,4}$", rf"^{_SLUG}/{_SLUG}$"
Slug = Annotated[str, Field(pattern=SLUG, max_length=64)]
UnitUid = Annotated[str, Field(pattern=UNIT_UID)]
SharedName = Annotated[str, Field(pattern=SHARED_NAME, max_length=129)]  # <programme>/<indicator>
# What each asks for, in words: whoever writes a programme reads no regular expressions.
PATTERNS = {
    SLUG: "expected small letters a to z, digits and single hyphens, like child-service-access",
    UNIT_UID: "expected the uid of a unit, like 01@2 (data/units.csv)",
    SHARED_NAME: "expected another programme's indicator, like ecd-1437/child-service-access",
}


class Model(BaseModel):
    """Frozen, and an unknown key is an error: a misspelt setting must not pass in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


PeriodText = Annotated[
    Period,
    BeforeValidator(lambda value: value if isinstance(value, Period) else parse_period(str(value))),
    PlainSerializer(str, return_type=str),
]


class Label(Model):
    """A text in each language of the programme; `Programme.text` writes it in a reader's.

    `source` keeps the plan's own wording where `vi` corrects a slip of the source. Where the context of the validation
    names the programme's `languages`, the text has to be there in these and in no other.
    """

    vi: str | None = Field(default=None, min_length=1, validate_default=True)
    en: str | None = Field(default=None, min_length=1, validate_default=True)
    source: str | None = None

    @property
    def texts(self) -> dict[str, str]:
        """The text by language."""
        return {language: text for language, text in (("vi", self.vi), ("en", self.en)) if text is not None}

    @field_validator(*LANGUAGES)
    @classmethod
    def _of_the_programme(cls, text: str | None, info: ValidationInfo) -> str | None:
        languages = (info.context or {}).get("languages")
        if languages is not None and text is None and info.field_name in languages:
            raise PydanticCustomError("missing", "missing")
        if languages is not None and text is not None and info.field_name not in languages:
            raise ValueError(f"the programme's languages are {', '.join(languages)}")
        return text


class Named(Model):
    """Anything that has a slug and a label."""

    slug: Slug
    label: Label


class Sourced(Named):
    """Something that a plan states: `anchors` quote the plan's words and `clauses` say where they stand."""

    clauses: str | None = None
    anchors: tuple[str, ...] = ()
