"""Why a whole request is refused: stable codes, each with its status and its words in both languages."""

from enum import StrEnum

from starlette.responses import JSONResponse

from shared.access.acting import ActingFault
from shared.values.personal_data import named
from shared.wording.words import Common, Told, Words, said

RETRY_AFTER_SECONDS = 2


class Fault(StrEnum):
    """The stable codes of refused requests. `docs/errors.md` gives the meaning and the cure of each."""

    UNREADABLE = "unreadable"
    BAD_PARAMETER = "bad_parameter"
    UNAUTHORIZED = "unauthorized"
    NOT_ALLOWED = "not_allowed"
    MAY_NOT_ACT = ActingFault.MAY_NOT_ACT.value
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    GONE = ActingFault.GONE.value
    TOO_SLOW = "too_slow"
    TOO_LARGE = "too_large"
    UNSUPPORTED_TYPE = "unsupported_type"
    UNSUPPORTED_ENCODING = "unsupported_encoding"
    RATE_EXCEEDED = "rate_exceeded"
    UNAVAILABLE = "unavailable"


# The status and what is said of each. `{detail}` is what was expected and what came.
FAULTS: dict[Fault, tuple[int, Words]] = {
    Fault.UNREADABLE: (400, Words("Không đọc được nội dung: {detail}", "the body can't be read: {detail}")),
    Fault.BAD_PARAMETER: (400, Words("Tham số không hợp lệ; cần {detail}", "bad parameter: {detail}")),
    Fault.UNAUTHORIZED: (
        401,
        Words("Thiếu khóa hợp lệ; cần đúng một tiêu đề {detail}", "no valid key; expected one header {detail}"),
    ),
    Fault.NOT_ALLOWED: (
        403,
        Words("Khóa không được gửi nội dung này; {detail}", "the key may not post this; {detail}"),
    ),
    Fault.MAY_NOT_ACT: (403, Words("Không được làm thay cán bộ: {detail}", "no acting for officers: {detail}")),
    Fault.NOT_FOUND: (404, Words("Không có địa chỉ hoặc mục này: {detail}", "there is no such thing: {detail}")),
    Fault.METHOD_NOT_ALLOWED: (
        405,
        Words("Phương thức không được phép; cần {detail}", "method not allowed; expected {detail}"),
    ),
    Fault.GONE: (410, Words("Không tiếp tục được: {detail}", "not any more: {detail}")),
    Fault.TOO_SLOW: (408, Words("Gửi quá chậm; cần {detail}", "the body came too slowly; expected {detail}")),
    Fault.TOO_LARGE: (413, Words("Nội dung quá lớn; cần {detail}", "the body is too large; expected {detail}")),
    Fault.UNSUPPORTED_TYPE: (
        415,
        Words("Kiểu nội dung không hỗ trợ; cần {detail}", "unsupported type; expected {detail}"),
    ),
    Fault.UNSUPPORTED_ENCODING: (
        415,
        Words(
            "Không nhận nội dung nén; cần gửi không nén, nhận được {detail}",
            "compressed bodies are not taken; expected none, got {detail}",
        ),
    ),
    Fault.RATE_EXCEEDED: (
        429,
        Words(
            "Vượt quá tốc độ cho phép là {detail} sự kiện mỗi giây",
            "over the sender's rate of {detail} events a second",
        ),
    ),
    Fault.UNAVAILABLE: (
        503,
        Words(
            "Tạm thời không nhận được, hãy gửi lại y nguyên sau: {detail}",
            "not available now, send the same again later: {detail}",
        ),
    ),
}


class RefusedError(Exception):
    """The request ends here. `status` differs from the fault's own only where a sender would lose that one; `field` is
    the header that it is about, if it is about one.
    """

    def __init__(
        self,
        fault: Fault,
        detail: Told = "",
        *,
        headers: dict[str, str] | None = None,
        status: int | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(f"{fault}: {said(detail, 'en')}")
        self.fault = fault
        self.status = status or FAULTS[fault][0]
        self.detail = detail
        self.headers = headers
        self.field = field

    def message(self, language: str) -> str:
        """Say it in `vi` or `en`."""
        return FAULTS[self.fault][1].filled(detail=self.detail).in_language(language)

    def response(self, language: str) -> JSONResponse:
        """Answer `{"error", "message"}`, with `field` where a header is at fault."""
        field = {} if self.field is None else {"field": self.field}
        told = {"error": self.fault.value, **field, "message": self.message(language)}
        return JSONResponse(told, status_code=self.status, headers=self.headers)


def unsupported_type(expected: Told, got: str) -> RefusedError:
    """Make the refusal of a body of another type than this address takes (415)."""
    words = Common.GOT.value.filled(expected=expected, got=named(got) or Common.NOTHING.value)
    return RefusedError(Fault.UNSUPPORTED_TYPE, words)


def unavailable(detail: Told) -> RefusedError:
    """Make the refusal that promises nothing (503): the same post with the same ids, repeated, counts once."""
    return RefusedError(Fault.UNAVAILABLE, detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
