"""Why a whole request is refused: stable codes, each with its status and its words in both languages."""

from enum import StrEnum

from starlette.responses import JSONResponse

from shared.words import Words

RETRY_AFTER_SECONDS = 2


class Fault(StrEnum):
    """The stable codes of refused requests. `docs/errors.md` gives the meaning and the cure of each."""

    UNREADABLE = "unreadable"
    BAD_PARAMETER = "bad_parameter"
    UNAUTHORIZED = "unauthorized"
    NOT_ALLOWED = "not_allowed"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    TOO_SLOW = "too_slow"
    TOO_LARGE = "too_large"
    UNSUPPORTED_TYPE = "unsupported_type"
    UNSUPPORTED_ENCODING = "unsupported_encoding"
    RATE_EXCEEDED = "rate_exceeded"
    UNAVAILABLE = "unavailable"


# Status; Vietnamese, English. `{detail}` is what was expected and what came, in words that need no translation.
FAULTS: dict[Fault, tuple[int, str, str]] = {
    Fault.UNREADABLE: (400, "Không đọc được nội dung: {detail}", "the body can't be read: {detail}"),
    Fault.BAD_PARAMETER: (400, "Tham số không hợp lệ: {detail}", "bad parameter: {detail}"),
    Fault.UNAUTHORIZED: (
        401,
        "Thiếu khóa hợp lệ; cần đúng một tiêu đề {detail}",
        "no valid key; expected one header {detail}",
    ),
    Fault.NOT_ALLOWED: (
        403,
        "Khóa không được gửi nội dung này; {detail}",
        "the key may not post this; {detail}",
    ),
    Fault.NOT_FOUND: (404, "Không có địa chỉ hoặc mục này: {detail}", "there is no such thing: {detail}"),
    Fault.METHOD_NOT_ALLOWED: (
        405,
        "Phương thức không được phép; cần {detail}",
        "method not allowed; expected {detail}",
    ),
    Fault.TOO_SLOW: (408, "Gửi quá chậm; cần {detail}", "the body came too slowly; expected {detail}"),
    Fault.TOO_LARGE: (413, "Nội dung quá lớn; cần {detail}", "the body is too large; expected {detail}"),
    Fault.UNSUPPORTED_TYPE: (415, "Kiểu nội dung không hỗ trợ; cần {detail}", "unsupported type; expected {detail}"),
    Fault.UNSUPPORTED_ENCODING: (
        415,
        "Không nhận nội dung nén; cần gửi không nén, nhận được {detail}",
        "compressed bodies are not taken; expected none, got {detail}",
    ),
    Fault.RATE_EXCEEDED: (
        429,
        "Vượt quá tốc độ cho phép; {detail} sự kiện mỗi giây",
        "over the sender's rate of {detail} events a second",
    ),
    Fault.UNAVAILABLE: (
        503,
        "Tạm thời không nhận được; hãy gửi lại y nguyên sau: {detail}",
        "not available now, send the same again later: {detail}",
    ),
}


class RefusedError(Exception):
    """The request ends here. `status` differs from the fault's own only where a sender would lose that one."""

    def __init__(
        self,
        fault: Fault,
        detail: str | Words = "",
        *,
        headers: dict[str, str] | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(f"{fault}: {detail}")
        self.fault = fault
        self.status = status or FAULTS[fault][0]
        self.detail = detail
        self.headers = headers

    def message(self, language: str) -> str:
        """The words in `vi` or `en`."""
        _, vietnamese, english = FAULTS[self.fault]
        detail = self.detail.in_language(language) if isinstance(self.detail, Words) else self.detail
        return (vietnamese if language == "vi" else english).format(detail=detail)

    def response(self, language: str) -> JSONResponse:
        """`{"error", "message"}`."""
        return JSONResponse(
            {"error": self.fault.value, "message": self.message(language)},
            status_code=self.status,
            headers=self.headers,
        )


def unavailable(detail: str) -> RefusedError:
    """503: nothing is promised; the same post with the same ids, repeated, counts once."""
    return RefusedError(Fault.UNAVAILABLE, detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
