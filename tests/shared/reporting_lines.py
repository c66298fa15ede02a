"""Who hears of an agency by a table of direct reporting lines, written by hand."""

from collections.abc import Mapping, Sequence


def all_above(lines: Mapping[str, Sequence[str]], agency: str) -> set[str]:
    """Whom the agency reports to, directly or not."""
    direct = set(lines.get(agency, ()))
    return direct.union(*(all_above(lines, above) for above in direct))
