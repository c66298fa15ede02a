"""A small register with every kind of unit around 1 July 2025, and what a key of each reaches, written by hand from the
rule in docs/operate/keys.md.

Provinces 11 and 12 became 11@2; 13 stayed whole but for one commune. Communes 11101 and 12101 became 11101@2, over the
old province line; 11102 was divided between 11102@2 (its successor) and 12102@2; 13102 went into 12102@2, in the other
province. District 119, an island, became the commune 11901@2; the other districts have no successor.
"""

from typing import NamedTuple

TODAY, MERGER = "2025-12-20", "2025-07-01"


class Place(NamedTuple):
    """A unit; `epoch` is the tree that it stands in, 0 for both."""

    level: str
    parent: str
    epoch: int
    successor: str = ""
    others: str = ""


PLACES = {
    "VN": Place("nation", "", 0),
    "11@1": Place("province", "VN", 1, "11@2"),
    "12@1": Place("province", "VN", 1, "11@2"),
    "13@1": Place("province", "VN", 1, "13@2"),
    "111@1": Place("district", "11@1", 1),
    "119@1": Place("district", "11@1", 1, "11901@2"),
    "121@1": Place("district", "12@1", 1),
    "131@1": Place("district", "13@1", 1),
    "11101@1": Place("commune", "111@1", 1, "11101@2"),
    "11102@1": Place("commune", "111@1", 1, "11102@2", "12102@2"),
    "12101@1": Place("commune", "121@1", 1, "11101@2"),
    "12102@1": Place("commune", "121@1", 1, "12102@2"),
    "13101@1": Place("commune", "131@1", 1, "13101@2"),
    "13102@1": Place("commune", "131@1", 1, "12102@2"),
    "11@2": Place("province", "VN", 2),
    "13@2": Place("province", "VN", 2),
    "11101@2": Place("commune", "11@2", 2),
    "11102@2": Place("commune", "11@2", 2),
    "12102@2": Place("commune", "11@2", 2),
    "11901@2": Place("commune", "11@2", 2),
    "13101@2": Place("commune", "13@2", 2),
}

REACHED = {
    "VN": set(PLACES),
    "11@1": {"11@1", "111@1", "119@1", "11101@1", "11102@1", "11@2", "11101@2", "11102@2", "11901@2"},
    "12@1": {"12@1", "121@1", "12101@1", "12102@1", "11@2", "11101@2", "12102@2"},
    "13@1": {"13@1", "131@1", "13101@1", "13102@1", "13@2", "13101@2", "12102@2"},
    "111@1": {"111@1", "11101@1", "11102@1", "11101@2", "11102@2"},
    "119@1": {"119@1", "11901@2"},
    "121@1": {"121@1", "12101@1", "12102@1", "11101@2", "12102@2"},
    "131@1": {"131@1", "13101@1", "13102@1", "13101@2", "12102@2"},
    "11101@1": {"11101@1", "11101@2"},
    "11102@1": {"11102@1", "11102@2"},
    "12101@1": {"12101@1", "11101@2"},
    "12102@1": {"12102@1", "12102@2"},
    "13101@1": {"13101@1", "13101@2"},
    "13102@1": {"13102@1", "12102@2"},
    "11@2": {"11@2", "11101@2", "11102@2", "12102@2", "11901@2", "11@1", "12@1", "111@1", "119@1", "121@1",
             "11101@1", "11102@1", "12101@1", "12102@1", "13102@1"},
    "13@2": {"13@2", "13101@2", "13@1", "131@1", "13101@1"},
    "11101@2": {"11101@2", "11101@1", "12101@1"},
    "11102@2": {"11102@2", "11102@1"},
    "12102@2": {"12102@2", "12102@1", "13102@1"},
    "11901@2": {"11901@2", "119@1"},
    "13101@2": {"13101@2", "13101@1"},
}  # fmt: skip

# What is an office's after the merger: its own, that of units that it came from, and of districts that went into it.
OFFICES = {
    "VN": {"VN"},
    "11@2": {"11@2", "11@1", "12@1", "111@1", "121@1"},
    "13@2": {"13@2", "13@1", "131@1"},
    "11101@2": {"11101@2", "11101@1", "12101@1"},
    "11102@2": {"11102@2", "11102@1"},
    "12102@2": {"12102@2", "12102@1", "13102@1"},
    "11901@2": {"11901@2", "119@1"},
    "13101@2": {"13101@2", "13101@1"},
}

# Which old units' figures are put together where one of before the merger is shown on the tree of after it.
MADE_OF = {
    "VN": {"VN"},
    "11@2": {"11@1", "12@1", "13102@1"},
    "13@2": {"13@1"},
    "11101@2": {"11101@1", "12101@1"},
    "11102@2": {"11102@1"},
    "12102@2": {"12102@1", "13102@1"},
    "11901@2": {"119@1"},
    "13101@2": {"13101@1"},
}

# What each unit of one tree climbs on the tree of the day: written out, lowest first.
CLIMBS_BEFORE = {
    "11101@1": "111@1 11@1 VN", "11102@1": "111@1 11@1 VN", "12101@1": "121@1 12@1 VN", "12102@1": "121@1 12@1 VN",
    "13101@1": "131@1 13@1 VN", "13102@1": "131@1 13@1 VN", "111@1": "11@1 VN", "119@1": "11@1 VN", "121@1": "12@1 VN",
    "131@1": "13@1 VN", "11@1": "VN", "12@1": "VN", "13@1": "VN", "VN": "",
    "11101@2": "11@2 VN", "11102@2": "11@2 VN", "12102@2": "11@2 VN", "11901@2": "11@2 VN", "13101@2": "13@2 VN",
    "11@2": "VN", "13@2": "VN",
}  # fmt: skip
CLIMBS_AFTER = {
    "11101@1": "11101@2 11@2 VN", "11102@1": "11102@2 11@2 VN", "12101@1": "11101@2 11@2 VN",
    "12102@1": "12102@2 11@2 VN", "13101@1": "13101@2 13@2 VN", "13102@1": "12102@2 11@2 VN", "111@1": "11@2 VN",
    "119@1": "11901@2 11@2 VN", "121@1": "11@2 VN", "131@1": "13@2 VN", "11@1": "11@2 VN", "12@1": "11@2 VN",
    "13@1": "13@2 VN", "VN": "",
    "11101@2": "11@2 VN", "11102@2": "11@2 VN", "12102@2": "11@2 VN", "11901@2": "11@2 VN", "13101@2": "13@2 VN",
    "11@2": "VN", "13@2": "VN",
}  # fmt: skip


def standing(uid: str, *, after: bool) -> bool:
    """Whether the unit is in force after the merger, or before it."""
    return PLACES[uid].epoch in {0, 2 if after else 1}


def climbs(uid: str, *, after: bool) -> set[str]:
    """The units whose figures have this one's in them, on the tree of after the merger or before it."""
    above = set((CLIMBS_AFTER if after else CLIMBS_BEFORE)[uid].split())
    return above if after and PLACES[uid].epoch == 1 else above | {uid}


def units_file() -> str:
    """The register as `kip load` takes it."""
    lines = ["uid,code,name,level,type,parent,valid_from,valid_to,successor,other_successors"]
    for uid, place in PLACES.items():
        since, until = {0: ("", ""), 1: ("", "2025-06-30"), 2: (MERGER, "")}[place.epoch]
        code = uid.partition("@")[0]
        row = (uid, code, f"Unit {uid}", place.level, "x", place.parent, since, until, place.successor, place.others)
        lines.append(",".join(row))
    return "\n".join(lines) + "\n"
