"""A third programme for tests, which shares nothing with the shipped ones: see its README."""

from pathlib import Path
from typing import Any

from shared.programme.folder import load_programme
from tests.system import event

FOLDER = Path(__file__).resolve().parent / "programmes" / "cold-chain"
COLD_CHAIN = load_programme(FOLDER)


def told(kind: str, subject: str, **data: Any) -> dict[str, Any]:
    """An event of the programme, of the last days of March 2026."""
    own = {"programme": COLD_CHAIN.slug, "agency": "health-office", **data}
    return event(kind, subject, own, time="2026-03-30T06:00:00+13:00")


def in_range(subject: str, week: str, numerator: int, denominator: int = 10, **data: Any) -> dict[str, Any]:
    """How many of a unit's devices kept their temperature in a week."""
    figures = {"numerator": numerator, "denominator": denominator, **data}
    return told("indicator.reported", subject, indicator="in-range", period=week, **figures)


def discarded(subject: str, week: str, numerator: int, denominator: int = 1000) -> dict[str, Any]:
    """How many doses a unit threw away in a week."""
    figures = {"numerator": numerator, "denominator": denominator}
    return told("indicator.reported", subject, indicator="doses-discarded", period=week, **figures)
