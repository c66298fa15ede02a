"""`docs/errors.md`, made from the tables of what the services say when they refuse: every code, in both languages."""

from collections.abc import Iterable, Iterator

from services.board.cures import BOARD_CURES
from services.intake.documents.cures import CODE_CURES, FAULT_CURES
from services.intake.refusals.request_errors import FAULTS, Fault
from services.notifications.cures import BODY_CURES, CURES
from services.notifications.decision_words import NOBODY, Decline
from services.notifications.forms import refused_body
from shared.documents.cures import HTTP_CURES, READ_CURES, Cure
from shared.domain.refusals import FORBIDDEN, TEXTS, Code
from shared.wording.words import Words

_INTRODUCTION = Words(
    """\
# Từ chối: ý nghĩa và cách khắc phục

Trả lời cho biết yêu cầu ra sao:

| trạng thái | ý nghĩa |
|---|---|
| 202 | Toàn bộ được nhận và sẽ được tính đúng một lần. |
| 207 | Với `partial=true`, hoặc trong luồng: phần mà `accepted` đếm được nhận, phần mà `rejected` nêu thì không. |
| 200 | Chạy thử: cùng báo cáo đó, không nhận gì. |
| 4xx | Không nhận gì, không bao giờ. Gửi lại y nguyên sẽ bị từ chối lần nữa. \
(409 của DHIS2 là ngoại lệ do chính API đó quy định: `importCount` cho biết phần được nhận.) |
| 503 | Lúc này chưa nhận; có thể đã nhận một phần. Gửi lại y nguyên với cùng id sau `Retry-After`: chỉ tính một lần. |

Ngôn ngữ do `Accept-Language` quyết định, ở mọi địa chỉ của mọi dịch vụ: \
tiếng Việt khi `vi` được ưu tiên hơn `en`, còn lại là tiếng Anh. \
Mã, tên trường và tên tham số không đổi.""",
    """\
# What is refused, and the cure

An answer says what became of a request:

| status | meaning |
|---|---|
| 202 | All of it is taken and will be counted exactly once. |
| 207 | With `partial=true`, or in a stream: what `accepted` counts is taken, what `rejected` lists is not. |
| 200 | A dry run: the same report, nothing is taken. |
| 4xx | Nothing of it is taken, ever. Repeating the same is refused again. \
(DHIS2's 409 is the exception that its own API makes: `importCount` says what was taken.) |
| 503 | Not taken now; part of it may have been. Send the same with the same ids after `Retry-After`: it counts once. |

`Accept-Language` decides the language, at every address of every service: \
Vietnamese where `vi` is preferred to `en`, else English. \
Codes, names of fields and of parameters never change.""",
)
_REQUESTS = Words(
    '## Yêu cầu bị từ chối toàn bộ: `{"error", "message"}`',
    '## A request that is refused as a whole: `{"error", "message"}`',
)
_EVENTS = Words(
    """\
## Sự kiện bị từ chối: `{"index", "id", "errors": [{"code", "field", "message", "got"}]}`

Trả lời nêu 1.000 sự kiện bị từ chối đầu tiên và đếm tất cả trong `rejected_total`; \
với một sự kiện, nêu 10 lỗi đầu tiên và đếm tất cả trong `errors_total` nếu còn nữa. \
Bản tóm tắt của DHIS2 nêu 1.000 `conflicts` và `rejectedIndexes`, \
kèm `conflictsTotal` và `rejectedIndexesTotal`.

`notes` bên cạnh `accepted` không phải lỗi: nêu những gì đã đọc, hoặc không có, mà bên gửi có thể không chủ ý.

Với bảng tính, mỗi lỗi có thêm `sheet`, `row` và `column`: mỗi ô sai một lỗi. \
Bản ghi có một dòng sai bị từ chối toàn bộ. Một mã 403 trong yêu cầu làm cả yêu cầu bị từ chối.""",
    """\
## An event that is refused: `{"index", "id", "errors": [{"code", "field", "message", "got"}]}`

An answer lists the first 1,000 refused events and counts all in `rejected_total`; \
of one event it lists the first 10 errors, and counts all in `errors_total` where there are more. \
DHIS2's summaries list 1,000 `conflicts` and `rejectedIndexes`, \
with `conflictsTotal` and `rejectedIndexesTotal` beside.

`notes` beside `accepted` are no errors: they say what was read, or not there, that the sender may not have meant.

In spreadsheets each error also has `sheet`, `row` and `column`: one error a bad cell. \
A record of which one row is wrong is refused whole. One 403 code in a request refuses all of it.""",
)
_HTTP = Words(
    """\
## Yêu cầu không đúng HTTP/1.1: `{"error", "message"}`, của mọi dịch vụ

Kết nối kết thúc trước khi xem xét bất cứ điều gì khác; ngôn ngữ theo các tiêu đề đã đến. \
Phần gửi thêm phía sau một yêu cầu mà không đọc được thì kết nối kết thúc không kèm trả lời nào nữa. \
Tiêu đề ở phần cuối (trailer) bị bỏ.""",
    """\
## A request that is no good HTTP/1.1: `{"error", "message"}`, of every service

The connection ends before anything else is looked at; the language is that of the headers that have come. \
What was sent behind a request, unasked, and can't be read ends the connection without a further answer: \
the one that comes is the request's own. A header in a trailer is dropped: it is no header, and no key.""",
)
_READING = Words(
    '## Câu hỏi không được trả lời: `{"error", "message"}`, với `field` khi lỗi ở một tham số',
    '## A question that is not answered: `{"error", "message"}`, with `field` where it is a parameter',
)
_DECISIONS = Words(
    '## Liên kết của cán bộ, gia hạn và miễn báo cáo: `{"error", "message", "field"}`',
    '## An officer\'s links, extensions and waivers: `{"error", "message", "field"}`',
)
_BOARD = Words(
    '## Điều mà bảng làm việc chuyển tiếp: `{"error", "message"}`; còn lại là trả lời của dịch vụ phía sau',
    '## What the board hands on: `{"error", "message"}`; all else is the answer of the service behind',
)
_MESSAGE = Words("thông báo", "message")
_STATUS = Words("trạng thái", "status")
_CODE = Words("mã", "code")
_MEANING = Words("ý nghĩa", "meaning")
_CURE = Words("cách khắc phục", "cure")


def errors_page() -> str:
    """Write the page: English, then Vietnamese."""
    note = "<!-- Made from the services' tables by `python -m deploy.checks.generated --write`. -->"
    return "\n".join([note, "", *_lines("en"), "", *_lines("vi"), ""])


def _lines(language: str) -> Iterator[str]:
    yield from (_INTRODUCTION.in_language(language), "", _REQUESTS.in_language(language), "")
    yield from _table(language, _faults())
    yield from ("", _EVENTS.in_language(language), "")
    yield from _table(language, _codes())
    yield from ("", _READING.in_language(language), "")
    yield from _table(language, [(code, status, None, cure) for code, (status, cure) in READ_CURES.items()])
    yield from ("", _DECISIONS.in_language(language), "")
    yield from _decisions(language)
    yield from ("", _BOARD.in_language(language), "")
    yield from _table(language, [(code, status, None, cure) for code, (status, cure) in BOARD_CURES.items()])
    yield from ("", _HTTP.in_language(language), "")
    yield from _table(language, [(code, status, None, cure) for code, (status, cure) in HTTP_CURES.items()])


def _faults() -> Iterator[tuple[str, int, Words | None, Cure]]:
    for fault in Fault:
        status, words = FAULTS[fault]
        yield fault.value, status, words, FAULT_CURES[fault]


def _codes() -> Iterator[tuple[str, int, Words | None, Cure]]:
    for code in Code:
        yield (
            code.value,
            403 if code in FORBIDDEN else 413 if code is Code.EVENT_TOO_LARGE else 422,
            TEXTS[code],
            CODE_CURES[code],
        )


def _table(language: str, rows: Iterable[tuple[str, int, Words | None, Cure]]) -> Iterator[str]:
    rows = list(rows)
    with_message = any(message is not None for _, _, message, _ in rows)
    heads = [_CODE, _STATUS, *([_MESSAGE] if with_message else []), _MEANING, _CURE]
    yield from _head(language, heads)
    for code, status, message, (meaning, cure) in rows:
        said = [f"`{message.in_language(language)}`"] if message is not None else []
        cells = [f"`{code}`", str(status), *said, meaning.in_language(language), cure.in_language(language)]
        yield f"| {' | '.join(cells)} |"


def _decisions(language: str) -> Iterator[str]:
    yield from _head(language, [_CODE, _STATUS, _MESSAGE, _CURE])
    refused = [(reason.value, CURES[reason]) for reason in Decline]
    refused += [(nobody, CURES[reason]) for reason, nobody in NOBODY.items()]
    refused += [(refused_body(limit, limit.value), cure) for limit, cure in BODY_CURES.items()]
    for (status, code, words), cure in refused:
        yield f"| `{code}` | {status} | `{words.in_language(language)}` | {cure.in_language(language)} |"


def _head(language: str, heads: Iterable[Words]) -> Iterator[str]:
    names = [head.in_language(language) for head in heads]
    yield f"| {' | '.join(names)} |"
    yield "|" + "---|" * len(names)
