"""What is said to people in either language."""

from typing import NamedTuple


class Words(NamedTuple):
    """One thing in Vietnamese and in English."""

    vi: str
    en: str

    def in_language(self, language: str) -> str:
        """The words in `vi`, else in English."""
        return self.vi if language == "vi" else self.en


def language_asked(header: str | None) -> str:
    """`vi` where an `Accept-Language` asks for Vietnamese first, else `en`."""
    return "vi" if header and header.strip().lower().startswith("vi") else "en"
