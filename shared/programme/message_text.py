"""A programme's message texts: Jinja2 templates whose first line is `Subject: …`, then a blank line, then the body.

Whoever writes a programme is not whoever runs the machine: templates run in a sandbox, and an unknown variable is an
error. They are tried on sample data when the programme is loaded, so that none fails on the morning that it is due.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any

from babel.numbers import format_decimal
from jinja2 import (
    Environment,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateRuntimeError,
    TemplateSyntaxError,
    pass_context,
    pass_environment,
)
from jinja2.filters import make_attrgetter, make_multi_attrgetter
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from shared.programme.message import Message
from shared.wording.alphabet import alphabetical

LONGEST_TEXT = 1_000_000
_SUBJECT = "Subject:"


@cache
def environment() -> ImmutableSandboxedEnvironment:
    """Make the sandbox in which templates run: plain text, a line with only a statement leaves no line behind.

    `sort` puts texts in the Vietnamese alphabetical order; `groupby` keeps the order in which groups come.
    """
    made = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    made.filters |= {"number": _number, "sort": _sort, "groupby": _groupby}
    return made


@pass_environment
def _sort(
    environment: Environment,
    items: Iterable[Any],
    reverse: bool = False,
    case_sensitive: bool = False,
    attribute: str | int | None = None,
) -> list[Any]:
    place = make_multi_attrgetter(environment, attribute, postprocess=None if case_sensitive else _place)
    return sorted(items, key=place, reverse=reverse)


@pass_environment
def _groupby(
    environment: Environment, items: Iterable[Any], attribute: str | int, default: Any = None
) -> list[tuple[Any, list[Any]]]:
    group_of = make_attrgetter(environment, attribute, default=default)
    groups: dict[Any, list[Any]] = {}
    for item in items:
        groups.setdefault(group_of(item), []).append(item)
    return list(groups.items())


def _place(value: Any) -> Any:
    return alphabetical(value or "") if value is None or isinstance(value, str) else value


@pass_context
def _number(context: Context, value: float, digits: int = 0) -> str:
    """Write a number as the reader does: 10.035 in Vietnamese, 10,035 in English."""
    text: str = format_decimal(round(value, digits), locale=context["language"])
    return text


@lru_cache(maxsize=256)
def _compiled(template: str) -> Template:
    return environment().from_string(template)


def render(template: str, variables: Mapping[str, Any]) -> Message:
    """Render the message. Raises TemplateError for a template that fails, ValueError for a text without subject or
    body.

    A template may run without end or take all memory: call this in a confined process (shared.runtime.confined).
    """
    try:
        text = _bounded(_compiled(template).generate(variables))
    except TemplateError:
        raise
    except (
        Exception
    ) as error:  # a template may divide by nothing, call itself for ever, ask for a letter that isn't there
        raise TemplateRuntimeError(f"{type(error).__name__}: {error}") from error
    first, _, rest = text.partition("\n")
    if not first.startswith(_SUBJECT) or not first.removeprefix(_SUBJECT).strip():
        raise ValueError(f"the first line must be '{_SUBJECT} …', got {first!r}")
    blank, _, body = rest.partition("\n")
    if blank.strip():
        raise ValueError(f"a blank line must follow the subject, got {blank!r}")
    if not body.strip():
        raise ValueError("the body is empty")
    return Message(" ".join(first.removeprefix(_SUBJECT).split()), body.strip() + "\n")


def _bounded(pieces: Iterable[str]) -> str:
    kept: list[str] = []
    left = LONGEST_TEXT
    for piece in pieces:
        left -= len(piece)
        if left < 0:
            raise TemplateRuntimeError(f"the text is longer than {LONGEST_TEXT:,} letters")
        kept.append(piece)
    return "".join(kept)


def faults(template: str) -> Iterator[tuple[int | None, str]]:
    """Find what is wrong with a template, as (line, reason): tried with one and with two items, ordered and
    requested.
    """
    try:
        _compiled(template)
    except TemplateSyntaxError as error:
        yield error.lineno, f"not a template: {error.message}"
        return
    for requested in (False, True):
        for items in (_ITEMS[:1], _ITEMS):
            try:
                render(template, {**SAMPLE, "requested": requested, "waived": requested, "items": items, "count": 1})
            except (TemplateError, ValueError) as error:
                yield None, f"fails on sample data: {error}"
                return


_ITEMS: tuple[Mapping[str, Any], ...] = (
    {
        "unit_name": "Xã Yên Vượng",
        "unit_code": "06412",
        "parent_name": "Huyện Hữu Lũng",
        "owner": "UBND xã Yên Vượng (06412)",
        "former": None,
        "report_label": "Báo cáo quý",
        "period": "quý IV năm 2023",
        "period_days": "15/09/2023–14/12/2023",
        "due_at": "17:00 ngày 18/12/2023",
        "shifted_because": None,
        "days_late": 12,
        "contact": "Trần Thị Bình",
        "above_told": True,
        "received_at": "09:12 ngày 29/12/2023",
        "decided_by": "UBND huyện Hữu Lũng",
        "agency_label": "UBND xã",
        "raised_at": "09:00 ngày 19/12/2023",
        "expected": 23,
        "on_time": 20,
        "late": 2,
        "missing": 1,
        "percent": 86.96,
        "change": 4.35,
        "figures": (
            {
                "label": "Tỷ lệ trẻ em được tiếp cận dịch vụ",
                "period": None,
                "before": "412 trên 530",
                "now": "390 trên 530",
                "by": "ho-so-suc-khoe",
                "at": "02:10 ngày 30/12/2023",
            },
        ),
    },
    {
        "unit_name": "Xã Minh Tiến",
        "unit_code": "06415",
        "parent_name": None,
        "owner": "UBND xã Minh Tiến (06415)",
        "former": "đơn vị cũ, có đến hết ngày 30/06/2023",
        "report_label": "Báo cáo năm",
        "period": "năm 2023",
        "period_days": "15/12/2022–14/12/2023",
        "due_at": "17:00 ngày 18/12/2023",
        "shifted_because": "chuyển từ ngày 16/12/2023 do trùng thứ Bảy",
        "days_late": 12,
        "contact": None,
        "above_told": False,
        "received_at": None,
        "decided_by": None,
        "agency_label": "UBND xã",
        "raised_at": None,
        "expected": 23,
        "on_time": 0,
        "late": 2,
        "missing": 21,
        "percent": 0.0,
        "change": None,
        "figures": (),
    },
)
SAMPLE: Mapping[str, Any] = MappingProxyType(
    {
        "officer": {"name": "Nguyễn Văn A", "role": "cán bộ đầu mối", "office": "UBND tỉnh Lạng Sơn"},
        "unit": {"name": "Tỉnh Lạng Sơn", "place": "tỉnh Lạng Sơn"},
        "items": _ITEMS,
        "programme_label": "Đề án mẫu về chăm sóc trẻ em giai đoạn 2018 - 2025",
        "programme_short": "Đề án mẫu",
        "issuer": "Sở Lao động - Thương binh và Xã hội tỉnh Lạng Sơn",
        "how_to_report": "qua ứng dụng đang dùng hoặc bằng tệp biểu mẫu gửi đầu mối tiếp nhận của tỉnh",
        "now": "08:00 ngày 30/12/2023",
        "day": "ngày 30/12/2023",
        "count": len(_ITEMS) + 1,
        "reports": len(_ITEMS) + 18,
        "above_told": False,
        "requested": False,
        "resolved": False,
        "waived": False,
        "language": "vi",
        "page": "https://kip.example.vn/l/abc",
        "dark": (
            {
                "unit_name": "Huyện Bắc Sơn",
                "unit_code": "185",
                "former": None,
                "agency_label": "UBND xã",
                "report_label": "Báo cáo quý",
                "period": "quý IV năm 2023",
                "silent": 18,
                "expected": 18,
                "due_at": "17:00 ngày 18/12/2023",
                "days_late": 12,
                "contact": None,
                "above_told": True,
            },
        ),
        "problems": (
            {
                "unit_name": "Xã Cai Kinh",
                "unit_code": "06427",
                "owner": "UBND xã Cai Kinh (06427)",
                "agency_label": "UBND xã",
                "raised_at": "09:00 ngày 19/12/2023",
            },
        ),
    }
)
