"""Put the sections of a letter together: what they begin and end with alike stands once, as in one letter."""

from collections.abc import Sequence
from itertools import takewhile

BETWEEN = "\n" + "—" * 40 + "\n\n"
_PARAGRAPH = "\n\n"
_OTHERS = {"vi": " và nội dung khác", "en": " and other matters"}
_LEFT_OUT = {
    "vi": (
        "Thư này còn thiếu {count} nội dung do dữ liệu có lỗi; quản trị viên hệ thống đã được thông báo.",
        "Thư này còn thiếu {count} nội dung do dữ liệu có lỗi; quản trị viên hệ thống đã được thông báo.",
    ),
    "en": (
        "{count} item is missing from this message because its data are faulty; the system's administrators have been "
        "told.",
        "{count} items are missing from this message because their data are faulty; the system's administrators have "
        "been told.",
    ),
}


def told_once(bodies: Sequence[str]) -> list[str]:
    """Leave out of all sections but the first the paragraphs that all begin with, of all but the last those that all
    end with: letterhead, salutation, button. A section that says nothing else is left out.
    """
    sections = [body.strip().split(_PARAGRAPH) for body in bodies]
    head = _alike(sections)
    rest = [section[len(head) :] for section in sections]
    tail = _alike([section[::-1] for section in rest])[::-1]
    middle = [kept for section in rest if (kept := section[: len(section) - len(tail)])] or [[]]
    middle[0] = [*head, *middle[0]]
    middle[-1] = [*middle[-1], *tail]
    return [f"{_PARAGRAPH.join(section).strip()}\n" for section in middle]


def _alike(sections: Sequence[Sequence[str]]) -> list[str]:
    """List the paragraphs that all sections begin with."""
    return [those[0] for those in takewhile(lambda those: len(set(those)) == 1, zip(*sections, strict=False))]


def and_others(subject: str, language: str) -> str:
    """Say in a subject that the letter has other sections too."""
    return subject + _OTHERS[language]


def left_out(count: int, language: str) -> str:
    """Say how many items a letter lacks."""
    one, several = _LEFT_OUT[language]
    return (one if count == 1 else several).format(count=count)
