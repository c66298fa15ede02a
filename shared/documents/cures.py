"""What a refusal's code means and how it is cured, for `docs/errors.md`: of all services, below their own tables."""

from typing import NamedTuple

from shared.wording.words import Words


class Cure(NamedTuple):
    """What a code means, and what to do."""

    meaning: Words
    cure: Words


# Of requests that are no good HTTP/1.1: code, status, meaning and cure.
HTTP_CURES: dict[str, tuple[int, Cure]] = {
    "malformed_request": (400, Cure(
        Words(
            "Các byte có thể hiểu theo nhiều cách, hoặc không hiểu được: hai tiêu đề `Host`, `Content-Type` hoặc "
            "`Content-Length`; vừa ghi độ dài vừa chia khúc; dòng gấp; dòng không có CRLF; khúc khác độ dài đã ghi; "
            "phần cuối dài quá 8 KiB.",
            "The bytes can be read in more than one way, or in none: two of `Host`, `Content-Type` or "
            "`Content-Length`; a length and chunks together; folded lines; lines without CRLF; a chunk of another "
            "size than was said; a trailer over 8 KiB.",
        ),
        Words(
            "Dùng một thư viện HTTP hiện hành; thông báo cho biết cần gì.",
            "Use a current HTTP library; the message says what was expected.",
        ),
    )),
    "too_slow": (408, Cure(
        Words(
            "Phần đầu không đến trong 10 giây, hoặc nội dung ngừng đến trong `KIP_BODY_TIMEOUT` cộng 5 giây.",
            "The head did not arrive in 10 s, or nothing came of the body for `KIP_BODY_TIMEOUT` and 5 s more.",
        ),
        Words("Gửi liền một mạch.", "Send it in one go."),
    )),
    "expectation_failed": (417, Cure(
        Words(
            "`Expect` yêu cầu điều khác `100-continue`.", "`Expect` asks for something else than `100-continue`."
        ),
        Words("Bỏ tiêu đề này.", "Leave it out."),
    )),
    "head_too_large": (431, Cure(
        Words("Dòng yêu cầu và các tiêu đề dài quá 32 KiB.", "Request line and headers over 32 KiB."),
        Words("Rút ngắn lại.", "Shorten them."),
    )),
    "internal": (500, Cure(
        Words("Lỗi của chính dịch vụ; đã được ghi lại.", "An error of the service itself; it is logged."),
        Words("Báo cho bộ phận quản trị hệ thống.", "Tell whoever runs the system."),
    )),
    "not_implemented": (501, Cure(
        Words(
            "`Upgrade` (kể cả lên h2c), `CONNECT`, hoặc `Transfer-Encoding` khác `chunked`.",
            "`Upgrade` (also to h2c), `CONNECT`, or another `Transfer-Encoding` than `chunked`.",
        ),
        Words(
            "Dùng HTTP/1.1; với `HttpClient` của Java là `.version(HTTP_1_1)`. HTTP/2 là việc của cổng vào (ingress).",
            "Speak HTTP/1.1 to it; Java's `HttpClient` with `.version(HTTP_1_1)`. HTTP/2 is the ingress' matter.",
        ),
    )),
    "too_many_connections": (503, Cure(
        Words(
            "Đã mở `KIP_CONNECTIONS` kết nối và tất cả đang bận.",
            "`KIP_CONNECTIONS` are open and all of them are at work.",
        ),
        Words(
            "Thử lại sau `Retry-After`; giữ và dùng lại kết nối.",
            "Try again after `Retry-After`; keep connections and use them again.",
        ),
    )),
    "version_unsupported": (505, Cure(
        Words("Phiên bản khác HTTP/1.1 hoặc 1.0.", "Another version than HTTP/1.1 or 1.0."),
        Words("Như với 501.", "The same as for 501."),
    )),
}  # fmt: skip

# Of the read APIs: code, status, meaning and cure.
READ_CURES: dict[str, tuple[int, Cure]] = {
    "bad_parameter": (400, Cure(
        Words(
            "Không trả lời được câu hỏi như đã hỏi; `field` là tên tham số hoặc tiêu đề.",
            "The question can't be answered as asked; `field` is the parameter or header.",
        ),
        Words("Dùng một giá trị mà thông báo nêu.", "Use a value that the message names."),
    )),
    "unauthorized": (401, Cure(
        Words("Không có khóa, hoặc khóa sai, hết hạn, đã thu hồi.", "No key, or one that is wrong, ended or revoked."),
        Words("`Authorization: Bearer KHÓA`, đúng một lần.", "`Authorization: Bearer <key>`, once."),
    )),
    "forbidden": (403, Cure(
        Words("Khóa không xem được điều được hỏi.", "The key doesn't reach what is asked."),
        Words(
            "Hỏi trong phạm vi mà thông báo nêu, hoặc dùng khóa khác.",
            "Ask within what the message names, or use another key.",
        ),
    )),
    "may_not_act": (403, Cure(
        Words(
            "Tiêu đề `Kip-Officer` đi với khóa không được làm thay cán bộ.",
            "The header `Kip-Officer` came with a key that may not act for officers.",
        ),
        Words(
            "Dùng khóa có quyền đó (`kip source add TÊN --act`), hoặc bỏ tiêu đề.",
            "Use a key that may (`kip source add NAME --act`), or leave the header out.",
        ),
    )),
    "gone": (410, Cure(
        Words(
            "Cán bộ nêu trong `Kip-Officer` đã bị xóa, hoặc những gì đã cấp cho họ đã bị thu hồi.",
            "The officer whom `Kip-Officer` names was removed, or what they were given was revoked.",
        ),
        Words("Mở đường dẫn trong thông báo mới nhất.", "Open the link in the latest message."),
    )),
    "not_found": (404, Cure(
        Words("Không có địa chỉ này.", "No such address."), Words("Xem `/openapi.json`.", "See `/openapi.json`.")
    )),
    "method_not_allowed": (405, Cure(
        Words("Địa chỉ nhận phương thức khác.", "The address takes another method."),
        Words("Xem `Allow`.", "See `Allow`."),
    )),
    "unavailable": (503, Cure(
        Words(
            "Cơ sở dữ liệu không trả lời, hoặc số liệu mà các chương trình dùng chung đang được tính lại.",
            "The database does not answer, or figures that programmes share are being made anew.",
        ),
        Words("Hỏi lại sau `Retry-After`.", "Ask again after `Retry-After`."),
    )),
}  # fmt: skip
