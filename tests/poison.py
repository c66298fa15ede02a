"""Events as a publisher other than intake might put them on the queue."""

import copy
from collections.abc import Iterator
from typing import Any

VALUES = (
    None, True, 1, -1, 1.5, 10**30, [], [1], {}, {"x": 1}, "", "x", "\x00", "a\x1fb", "2023-13", "9999-99-99",
    "".join(chr(0x4E00 + number) for number in range(9000)),  # too long, and not to be compressed, for an index
)  # fmt: skip


def poisoned(sound: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The event with each of its attributes and fields lacking or something else."""
    for inside in (False, True):
        for key in sound["data"] if inside else sound:
            for value in ("lacking", *VALUES):
                made = copy.deepcopy(sound)
                place = made["data"] if inside else made
                if value == "lacking":
                    del place[key]
                else:
                    place[key] = value
                yield f"{'data.' * inside}{key} = {str(value)[:20]!r}", made
