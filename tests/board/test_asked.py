"""What the form makes of what aggregation says of an event."""

from collections.abc import Mapping
from typing import cast

import pytest

from services.board.report.asked import Ask, Asked, Ended
from services.board.upstream.client import Answered
from services.board.upstream.programmes import Programmes


class Told:
    """Aggregation's answers to GET /v1/events, by path."""

    def __init__(self, **status: str) -> None:
        self._rows = [{"status": status["status"]}]

    async def get(self, service: str, path: str, query: Mapping[str, str]) -> Answered:
        return Answered(200, {"rows": self._rows})


@pytest.mark.parametrize(
    ("status", "ended"),
    [
        ("counted", None),  # also where the page had read before that it doesn't count yet
        ("pending", None),
        ("superseded", Ended(None, None)),  # by what isn't to be seen
        ("withdrawn", Ended(None, None)),
    ],
)
async def test_only_what_counts_no_more_has_ended(status: str, ended: Ended | None) -> None:
    asked = Asked(cast("Ask", Told(status=status)), cast("Programmes", None))
    assert await asked.ended("any") == ended
