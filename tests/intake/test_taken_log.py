"""What is taken whole is logged by sender and second, not by request."""

import asyncio

from structlog.testing import capture_logs

from services.intake.http.taken_log import TakenLog


async def test_requests_of_a_second_are_one_line_for_each_sender() -> None:
    taken = TakenLog()
    with capture_logs() as lines:
        for sender, events in (("app", 1), ("app", 3), ("kobo", 2)):
            taken.count(sender, events)
        assert lines == []
        while not lines:
            await asyncio.sleep(0.05)
        taken.count("app", 5)
        taken.tell()  # as at a stop
    told = [(line["event"], line["sender"], line["requests"], line["accepted"]) for line in lines]
    assert told == [
        ("intake.requests", "app", 2, 4),
        ("intake.requests", "kobo", 1, 2),
        ("intake.requests", "app", 1, 5),
    ]
