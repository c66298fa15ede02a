"""A message before its templates are filled, and put together of their texts. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.notifications.messages.html_part import html_of
from services.notifications.messages.sections import BETWEEN, and_others, left_out, told_once
from shared.programme.message import Message

Variables = Mapping[str, object]  # what a template is filled with


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message in one language: plain text, and the same as HTML."""

    subject: str
    body: str
    html: str


@dataclass(frozen=True, slots=True)
class Section:
    """One template of the programme, with what it is filled with."""

    template: str
    variables: Variables


@dataclass(frozen=True, slots=True)
class Draft:
    """A message before its templates are filled. `left_out` says how many of its items could not be written."""

    sections: Sequence[Section]
    language: str
    left_out: int

    def rendered(self, texts: Sequence[Message]) -> Rendered:
        """Put the message together of the sections' texts in their order."""
        bodies = told_once([text.body for text in texts])
        if self.left_out:
            bodies.append(f"{left_out(self.left_out, self.language)}\n")
        subject = texts[0].subject if len(texts) == 1 else and_others(texts[0].subject, self.language)
        return Rendered(subject, BETWEEN.join(bodies), html_of(subject, bodies, self.language))
