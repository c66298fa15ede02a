"""Read the fields that a person or a mail program posts: a form in either encoding, or a JSON object. Bounded."""

from email import message_from_bytes
from urllib.parse import parse_qs

from pydantic_core import from_json
from starlette.requests import Request

from services.notifications.decision_words import DecisionError, Decline, Refused, declined
from shared.http.held_body import BODY_ERRORS, BodyError, BodyLimits, HeldBody
from shared.http.words import LimitWords
from shared.wording.words import Common, Words

FORM_BYTES = 16 * 1024
_MOST_FIELDS = 20


def refused_body(reason: LimitWords, words: Words) -> Refused:
    """Make the refusal of a body that isn't read to its end. Some reasons say what was expected, others what was."""
    expected = reason in {LimitWords.TOO_LARGE, LimitWords.TOO_SLOW}
    return Refused(*BODY_ERRORS[reason], Common.EXPECTED.value.filled(expected=words) if expected else words)


async def read_form(request: Request, limits: BodyLimits) -> dict[str, object]:
    """Read the fields. Raises DecisionError. Call it when it is known who asks: nobody else's body is read."""
    content_type = request.headers.get("content-type", "")
    try:
        async with HeldBody(request, limits) as body:
            if "json" in content_type:
                fields = from_json(body, allow_inf_nan=False)
                if not isinstance(fields, dict):
                    raise ValueError("not an object")
                return fields
            if "multipart/form-data" in content_type:
                return _parts(content_type, body)
            return {name: values[-1] for name, values in parse_qs(body.decode(), max_num_fields=_MOST_FIELDS).items()}
    except BodyError as error:
        raise DecisionError(refused_body(error.reason, error.words)) from error
    except ValueError as error:
        raise declined(Decline.NO_FORM) from error


def _parts(content_type: str, body: bytes) -> dict[str, object]:
    """Read the fields of multipart/form-data, which mail programs send for one field."""
    whole = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    return {
        str(part.get_param("name", header="content-disposition")): str(part.get_payload())
        for part in whole.walk()
        if not part.is_multipart()
    }
