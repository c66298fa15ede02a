"""A programme's message texts: Jinja2 templates whose first line is `Subject: …`, then a blank line, then the body.

Whoever writes a programme is not whoever runs the machine: templates run in a sandbox, and an unknown variable is an
error. They are tried on sample data when the programme is loaded, so that none fails on the morning that it is due.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any

from babel.numbers import format_decimal
from jinja2 import StrictUndefined, Template, TemplateError, TemplateRuntimeError, TemplateSyntaxError, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from shared.programme.message import Message

LONGEST_TEXT = 1_000_000
_SUBJECT = "Subject:"


@cache
def environment() -> ImmutableSandboxedEnvironment:
    """Make the sandbox in which templates run: plain text, a line with only a statement leaves no line behind."""
    made = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    made.filters["number"] = _number
    return made


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
                render(template, {**SAMPLE, "requested": requested, "items": items, "count": len(items)})
            except (TemplateError, ValueError) as error:
                yield None, f"fails on sample data: {error}"
                return


_ITEMS: tuple[Mapping[str, Any], ...] = (
    {
        "unit_name": "Xã Yên Vượng",
        "unit_code": "06412",
        "parent_name": "Huyện Hữu Lũng",
        "report_label": "Báo cáo quý",
        "period": "2023-Q1",
        "due_at": "17:00 16/03/2023",
        "shifted_because": None,
        "days_late": 1,
        "contact": "a@example.vn",
        "agency_label": "UBND xã",
        "raised_at": "09:00 16/03/2023",
        "expected": 23,
        "on_time": 20,
        "late": 2,
        "missing": 1,
        "percent": 86.96,
        "change": 4.35,
    },
    {
        "unit_name": "Xã Minh Tiến",
        "unit_code": "06415",
        "parent_name": None,
        "report_label": "Báo cáo năm",
        "period": "2023",
        "due_at": "17:00 18/12/2023",
        "shifted_because": "chuyển từ thứ Bảy, 16/12/2023",
        "days_late": 12,
        "contact": None,
        "agency_label": "UBND xã",
        "raised_at": None,
        "expected": 23,
        "on_time": 0,
        "late": 2,
        "missing": 21,
        "percent": 0.0,
        "change": None,
    },
)
SAMPLE: Mapping[str, Any] = MappingProxyType(
    {
        "officer": {"name": "Nguyễn Văn A"},
        "unit": {"name": "Huyện Hữu Lũng"},
        "items": _ITEMS,
        "programme_label": "Đề án mẫu",
        "now": "08:00 17/03/2023",
        "count": len(_ITEMS),
        "requested": False,
        "resolved": False,
        "language": "vi",
        "page": "https://kip.example.vn/v1/ack/abc",
        "dark": (
            {
                "unit_name": "Huyện Bắc Sơn",
                "unit_code": "185",
                "report_label": "Báo cáo quý",
                "period": "2023-Q1",
                "silent": 18,
                "expected": 18,
                "due_at": "17:00 16/03/2023",
                "days_late": 1,
                "contact": None,
            },
        ),
        "problems": (
            {
                "unit_name": "Xã Cai Kinh",
                "unit_code": "06427",
                "agency_label": "UBND xã",
                "raised_at": "09:00 16/03/2023",
            },
        ),
    }
)
