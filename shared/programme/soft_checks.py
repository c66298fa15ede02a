"""What makes a figure doubtful without being wrong, by an indicator's `checks`: nothing is refused for it. Pure."""

from enum import StrEnum

from shared.programme.indicators import SoftCheck

# Of what is counted 5 at least: of a handful one or two move the ratio by much. A value has four places, no more.
MOVED = 4.99


class Flag(StrEnum):
    """The stable names of doubts."""

    DENOMINATOR_CHANGED = "denominator_changed"
    BELOW_MINIMUM = "below_minimum"
    ABOVE_MAXIMUM = "above_maximum"


def percentage(numerator: int, denominator: int, per: int = 100) -> float | None:
    """Divide, in per cent or so many of another number, to four places; None where the denominator is 0."""
    return round(per * numerator / denominator, 4) if denominator else None


def soft_flags(checks: SoftCheck, value: float, denominator: int, before: int | None) -> list[Flag]:
    """Flag what is doubtful of a value and its denominator; `before` is the denominator of an earlier period."""
    flags = []
    if (
        checks.denominator_change is not None
        and before
        and abs(denominator - before) / before > checks.denominator_change
    ):
        flags.append(Flag.DENOMINATOR_CHANGED)
    if checks.minimum is not None and value < checks.minimum:
        flags.append(Flag.BELOW_MINIMUM)
    if checks.maximum is not None and value > checks.maximum:
        flags.append(Flag.ABOVE_MAXIMUM)
    return flags


def ratio_moved(checks: SoftCheck, value: float, before: float, denominator: int, per: int = 100) -> bool:
    """Tell whether a value moved by much since that of an earlier period: by more than `ratio_change` of `per`, and by
    MOVED of what is counted.
    """
    if checks.ratio_change is None:
        return False
    moved = abs(value - before)
    return moved > checks.ratio_change * per and moved * denominator >= MOVED * per
