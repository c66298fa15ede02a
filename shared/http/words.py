"""What is said of requests that no application sees, or no route answers: the same in every service."""

from enum import Enum

from shared.wording.words import Words


class HttpWords(Enum):
    """Why a request is refused, with the cure."""

    HEAD_TOO_LARGE = Words(
        "cần dòng yêu cầu và các tiêu đề tối đa {most} byte",
        "expected at most {most} bytes of request line and headers",
    )
    NO_HTTP = Words(
        "không phải HTTP/1.1; cần dòng yêu cầu và các tiêu đề đúng quy cách, mỗi dòng kết thúc bằng CRLF",
        "no HTTP/1.1; expected a well-formed request line and headers, each line ending in CRLF",
    )
    METHOD = Words(
        "không phải HTTP/1.1; cần một phương thức như GET hoặc POST", "no HTTP/1.1; expected a method like GET or POST"
    )
    TARGET = Words("không phải HTTP/1.1; cần địa chỉ đúng quy cách", "no HTTP/1.1; expected a well-formed address")
    VERSION = Words("cần HTTP/1.1, nhận được {got}", "expected HTTP/1.1, got {got}")
    NO_PROXY = Words("đây không phải máy chủ trung gian: không nhận CONNECT", "this is no proxy: CONNECT is not spoken")
    NO_HOST = Words("cần tiêu đề Host", "expected the header Host")
    ONCE = Words("cần đúng một tiêu đề {name}, nhận được nhiều", "expected one header {name}, got several")
    NO_UPGRADE = Words(
        "cần HTTP/1.1 không có tiêu đề Upgrade: không dùng giao thức nào khác",
        "expected HTTP/1.1 without the header Upgrade: no other protocol is spoken here",
    )
    EXPECTATION = Words("cần Expect: 100-continue, hoặc bỏ tiêu đề này", "expected Expect: 100-continue or none")
    ONE_LENGTH = Words(
        "cần Content-Length hoặc, trong HTTP/1.1, Transfer-Encoding; không dùng cả hai",
        "expected Content-Length or, in HTTP/1.1, Transfer-Encoding; not both",
    )
    ONLY_CHUNKED = Words(
        "cần Transfer-Encoding: chunked, không kèm cách mã hóa khác",
        "expected Transfer-Encoding: chunked, without any other coding",
    )
    PATH = Words("cần đường dẫn bắt đầu bằng /", "expected a path that begins with /")
    NO_FRAGMENT = Words("cần đường dẫn không có #", "expected a path without #")
    CHUNK_CRLF = Words(
        "cần các dòng của nội dung chia khúc kết thúc bằng CRLF", "expected lines of the chunked body that end in CRLF"
    )
    CHUNK_END = Words(
        "cần CRLF sau mỗi khúc có đúng độ dài đã ghi", "expected CRLF behind a chunk of the size that was said"
    )
    TRAILER = Words(
        "cần các tiêu đề ở phần cuối của nội dung chia khúc", "expected headers in the trailer of the chunked body"
    )
    CHUNK_SIZE = Words(
        "cần độ dài của khúc, viết bằng chữ số thập lục phân", "expected the size of a chunk, in hexadecimal digits"
    )
    SMALL_CHUNKS = Words(
        "cần các khúc dài trung bình ít nhất {least} byte; hãy gộp dữ liệu trước khi gửi",
        "expected chunks of at least {least} bytes on average; collect the data before it is sent",
    )
    LONG_TRAILER = Words(
        "cần phần cuối dài tối đa {most} byte; phần này luôn bị bỏ",
        "expected a trailer of at most {most} bytes; it is dropped in any case",
    )
    LONG_CHUNK_LINE = Words(
        "cần dòng ghi độ dài của khúc tối đa {most} byte",
        "expected the line of a chunk's size to be at most {most} bytes",
    )
    BODY_OVERDUE = Words("cần gửi nội dung không ngắt quãng lâu như vậy", "expected the body without such a pause")
    HEAD_OVERDUE = Words("cần gửi đủ phần đầu của yêu cầu trong thời hạn", "expected the whole head in time")
    CRASHED = Words("lỗi của dịch vụ; đã được ghi lại", "an error of the service; it has been logged")
    CONNECTIONS = Words(
        "mọi kết nối đều đang bận; hãy thử lại sau ít phút", "every connection is at work; try again soon"
    )
    NOT_FOUND = Words("không có địa chỉ này; xem /openapi.json", "there is no such address; see /openapi.json")
    METHOD_NOT_ALLOWED = Words("cần phương thức {allowed}", "expected {allowed}")


class LimitWords(Enum):
    """Why a body isn't held in memory."""

    TOO_LARGE = Words("tối đa {most} byte", "at most {most} bytes")
    TOO_SLOW = Words("toàn bộ trong vòng {seconds} giây", "all of it within {seconds} s")
    NO_PAUSE = Words("không ngắt quãng quá {seconds} giây", "no pause of {seconds} s")
    BROKE_OFF = Words("nội dung bị ngắt giữa chừng", "the body broke off before its end")
    TOO_MANY = Words("quá nhiều nội dung cùng lúc", "too many bodies at once")
