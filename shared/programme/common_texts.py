"""The texts of messages that are common to all programmes: `messages/<language>/<name>.j2`."""

from functools import cache
from pathlib import Path

COMMON_TEXTS = Path(__file__).with_name("messages")


@cache
def common_text(language: str, name: str) -> str:
    """Read a common text. Raises FileNotFoundError where there is none of that name."""
    return (COMMON_TEXTS / language / f"{name}.j2").read_text(encoding="utf-8")
