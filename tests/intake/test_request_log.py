"""What is taken whole is logged by sender and second, not by request; what is refused says why, by code."""

import asyncio

from structlog.testing import capture_logs

from services.intake.admission.admission import Outcome
from services.intake.http.request_log import RequestLog
from shared.domain.refusals import Code, Refusal, Rejected


async def test_requests_of_a_second_are_one_line_for_each_sender() -> None:
    taken = RequestLog()
    with capture_logs() as lines:
        for sender, events in (("app", 1), ("app", 3), ("kobo", 2)):
            taken.count(sender, events)
        assert lines == []
        while not lines:
            await asyncio.sleep(0.05)
        taken.count("app", 5)
        taken.flush()  # as at a stop
    told = [(line["event"], line["sender"], line["requests"], line["accepted"]) for line in lines]
    assert told == [
        ("intake.requests", "app", 2, 4),
        ("intake.requests", "kobo", 1, 2),
        ("intake.requests", "app", 1, 5),
    ]


def test_a_request_with_refusals_or_a_dry_run_has_its_own_line_with_counts_by_code() -> None:
    log = RequestLog()
    with capture_logs() as lines:
        log.record("app", "cloudevents", 7, {"unit_unknown": 2, "period_future": 1}, dry_run=False)
        log.record("app", "sheet", 3, {}, dry_run=True)
    said = [{name: line[name] for name in line if name != "log_level"} for line in lines]
    assert said == [
        {
            "event": "intake.request", "sender": "app", "format": "cloudevents", "accepted": 7, "rejected": 3,
            "codes": {"unit_unknown": 2, "period_future": 1}, "dry_run": False,
        },
        {
            "event": "intake.request", "sender": "app", "format": "sheet", "accepted": 3, "rejected": 0, "codes": {},
            "dry_run": True,
        },
    ]  # fmt: skip


def test_a_rejected_event_counts_once_under_the_code_of_its_first_refusal() -> None:
    several = (Refusal(Code.UNIT_UNKNOWN, "subject"), Refusal(Code.PERIOD_FUTURE, "data.period"))
    outcome = Outcome(1, [Rejected(0, None, several), Rejected(2, None, several[:1]), Rejected(3, None, several[1:])])
    assert outcome.codes == {"unit_unknown": 2, "period_future": 1}
