"""Bodies that are no submission as KoboToolbox posts it: known by their shape, and refused with what to set up. Pure.

Sources: CommCare HQ's form data API and data forwarding (`domain`, `app_id`, `form` with `@xmlns`), the webhook call
of RapidPro's and TextIt's flows (`contact`, `flow`, `run`, `results`), ODK Central's OData service (`value`),
KoboToolbox's API (`results`), n8n's items (`json`) and webhooks (`body`), and the OpenRosa form submission API
(`xml_submission_file`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from services.intake.formats.form_rows import find
from services.intake.refusals.event_words import ForeignWords
from shared.domain.refusals import Code, Refusal
from shared.programme.senders import Form
from shared.wording.words import Words

XML = frozenset({"text/xml", "application/xml", "multipart/form-data"})
_WRAPPERS = {
    "value": ForeignWords.ODATA,
    "results": ForeignWords.PAGE,
    "body": ForeignWords.N8N,
    "json": ForeignWords.N8N,
    **dict.fromkeys(
        (
            "fields", "data", "submission", "submissions", "payload", "record", "records", "items", "answers",
            "content", "object", "event", "message",
        ),
        ForeignWords.WRAPPED,
    ),
}  # fmt: skip


def foreign_type(media_type: str) -> Words | None:
    """Say what to set up where the body is of this type; None if the type says nothing."""
    return ForeignWords.OPENROSA.value if media_type in XML else None


def foreign_body(document: Any, form: Form) -> Refusal | None:
    """Say why a body is no submission of this form; None where it answers any of its questions, or nothing is known."""
    if isinstance(document, list):
        return Refusal(Code.VALUE_INVALID, "submission", ForeignWords.LIST.value)
    if not isinstance(document, Mapping) or any(find(document, name) is not None for name in _names(form)):
        return None
    inner = document.get("form")
    if isinstance(inner, Mapping) and ("@xmlns" in inner or "#type" in inner):
        return Refusal(Code.VALUE_INVALID, "submission", ForeignWords.COMMCARE.value)
    if isinstance(document.get("flow"), Mapping) and isinstance(document.get("contact"), Mapping):
        return Refusal(Code.VALUE_INVALID, "submission", ForeignWords.RAPIDPRO.value)
    for name, words in _WRAPPERS.items():
        if isinstance(document.get(name), Mapping | list):
            return Refusal(Code.FIELD_UNKNOWN, name, words.value.filled())
    return None


def _names(form: Form) -> Iterator[str]:
    """List the names under which a submission may have an answer or a group of some, those of groups around it too."""
    for event in form.events:
        for question in (event.unit, *event.fields.values(), *((event.repeat,) if event.repeat else ())):
            steps = question.split("/")
            yield from ("/".join(steps[:length]) for length in range(1, len(steps) + 1))
