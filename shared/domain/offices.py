"""What a unit, and an agency at it, is called within a sentence. Pure."""

from shared.domain.units import Unit

_WHOLE_COUNTRY = "cả nước"  # the country has no «địa bàn» beside others
_LEVELS = frozenset({"tỉnh", "huyện", "xã"})
_COMMITTEES = ("UBND ", "Ủy ban nhân dân ")


def place(unit: Unit, language: str) -> str:
    """Name a unit within a sentence: «tỉnh Lạng Sơn», of the country «Việt Nam»."""
    if language != "vi" or unit.parent is None:
        return unit.name
    return unit.name[:1].lower() + unit.name[1:]


def area(unit: Unit, language: str) -> str:
    """Name a unit as the area of what is told of: «(trên địa bàn) tỉnh Lạng Sơn», of the country «cả nước»."""
    return _WHOLE_COUNTRY if language == "vi" and unit.parent is None else place(unit, language)


def seated(agency: str, unit: Unit, language: str) -> str:
    """Name an agency at its unit: «UBND phường Tam Thanh», «Sở Y tế tỉnh Lạng Sơn», of the whole country «Bộ Y tế».

    A programme's label may end with a level («Hội Nông dân tỉnh», also of a city), and that of People's Committees may
    name several («UBND các huyện, thành phố, thị xã»).
    """
    if unit.parent is None:
        return agency
    if language != "vi":
        return f"{agency}, {unit.name}"
    committee = next((name for name in _COMMITTEES if agency.startswith(name)), None)
    if committee is not None:
        return f"{committee}{place(unit, language)}"
    kept, _, level = agency.rpartition(" ")
    return f"{kept if kept and level in _LEVELS else agency} {place(unit, language)}"
