"""Bodies that are no submission as KoboToolbox posts it: known by their shape, and refused with what to set up. Pure.

Sources: CommCare HQ's form data API and data forwarding (`domain`, `app_id`, `form` with `@xmlns`), the webhook call
of RapidPro's and TextIt's flows (`contact`, `flow`, `run`, `results`), ODK Central's OData service (`value`),
KoboToolbox's API (`results`), n8n's items (`json`) and webhooks (`body`), and the OpenRosa form submission API
(`xml_submission_file`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from services.intake.formats.form_rows import find
from services.intake.refusals import Code, Refusal
from shared.programme_senders import Form
from shared.words import Words

XML = frozenset({"text/xml", "application/xml", "multipart/form-data"})
_OPENROSA = Words(
    "đây là XML của OpenRosa (xml_submission_file); cần JSON: trong KoboToolbox chọn kiểu JSON cho REST Services, còn "
    "ODK Collect gửi về KoboToolbox hoặc ODK Central",
    "this is XML of OpenRosa (xml_submission_file); expected JSON: in KoboToolbox choose the type JSON for the REST "
    "service, and let ODK Collect send to KoboToolbox or ODK Central",
)
_COMMCARE = Words(
    "một bài gửi của KoboToolbox hoặc ODK, đây là biểu mẫu do CommCare HQ chuyển tiếp; cần một luồng (như OpenFn) "
    "đổi mỗi biểu mẫu thành sự kiện và gửi đến /v1/events",
    "a submission of KoboToolbox or ODK, this is a form that CommCare HQ forwards; let a workflow (like OpenFn) make "
    "events of it and post them to /v1/events",
)
_RAPIDPRO = Words(
    "một bài gửi của KoboToolbox hoặc ODK, đây là webhook của RapidPro hoặc TextIt; cần viết sự kiện trong phần body "
    "của «Call Webhook» và gửi đến /v1/events, kiểu application/cloudevents+json",
    "a submission of KoboToolbox or ODK, this is the webhook of RapidPro or TextIt; write the event as the body of "
    "'Call Webhook' and post it to /v1/events, type application/cloudevents+json",
)
_LIST = Words(
    "một bài gửi mỗi yêu cầu, đây là một danh sách; cần gửi từng bài gửi trong đó",
    "one submission in a request, this is a list; post each submission in it by itself",
)
_ODATA = Words(
    "một bài gửi mỗi yêu cầu, đây là danh sách OData của ODK Central; cần gửi từng phần tử của «value»",
    "one submission in a request, this is a list of ODK Central's OData; post each element of 'value' by itself",
)
_PAGE = Words(
    "một bài gửi mỗi yêu cầu, đây là một trang của API; cần gửi từng phần tử của danh sách này, hoặc đăng ký "
    "REST Services",
    "one submission in a request, this is a page of an API; post each element of this list, or register a REST service",
)
_N8N = Words(
    "chính bài gửi, không bọc trong trường này; trong n8n đặt Body của HTTP Request là {{ $json.body }} (sau Webhook) "
    "hoặc {{ $json }}",
    "the submission itself, not wrapped in this field; in n8n set the body of HTTP Request to {{ $json.body }} (after "
    "Webhook) or {{ $json }}",
)
_WRAPPED = Words(
    "chính bài gửi, không bọc trong trường này; cần gửi nội dung của trường này như REST Services của KoboToolbox",
    "the submission itself, not wrapped in this field; post what is in it, as KoboToolbox's REST service does",
)
_WRAPPERS = {
    "value": _ODATA, "results": _PAGE, "body": _N8N, "json": _N8N, "fields": _WRAPPED, "data": _WRAPPED,
    "submission": _WRAPPED, "submissions": _WRAPPED, "payload": _WRAPPED, "record": _WRAPPED, "records": _WRAPPED,
    "items": _WRAPPED, "answers": _WRAPPED, "content": _WRAPPED, "object": _WRAPPED, "event": _WRAPPED,
    "message": _WRAPPED,
}  # fmt: skip


def foreign_type(media_type: str) -> Words | None:
    """What to set up where the body is of this type; None if the type says nothing."""
    return _OPENROSA if media_type in XML else None


def foreign_body(document: Any, form: Form) -> Refusal | None:
    """Why a body is no submission of this form; None where it answers any of its questions, or nothing is known."""
    if isinstance(document, list):
        return Refusal(Code.VALUE_INVALID, "submission", _LIST)
    if not isinstance(document, Mapping) or any(find(document, name) is not None for name in _names(form)):
        return None
    inner = document.get("form")
    if isinstance(inner, Mapping) and ("@xmlns" in inner or "#type" in inner):
        return Refusal(Code.VALUE_INVALID, "submission", _COMMCARE)
    if isinstance(document.get("flow"), Mapping) and isinstance(document.get("contact"), Mapping):
        return Refusal(Code.VALUE_INVALID, "submission", _RAPIDPRO)
    for name, words in _WRAPPERS.items():
        if isinstance(document.get(name), Mapping | list):
            return Refusal(Code.FIELD_UNKNOWN, name, words)
    return None


def _names(form: Form) -> Iterator[str]:
    """The names under which a submission may have an answer, or a group of some: those of all groups around it too."""
    for event in form.events:
        for question in (event.unit, *event.fields.values(), *((event.repeat,) if event.repeat else ())):
            steps = question.split("/")
            yield from ("/".join(steps[:length]) for length in range(1, len(steps) + 1))
