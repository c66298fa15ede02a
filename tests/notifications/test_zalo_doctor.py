"""What `kip doctor` says of Zalo."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from cli.doctor.finding import State
from cli.doctor.zalo import template, tokens
from services.notifications.messages.channels.zalo_store import ZaloCheck, ZaloStanding

NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass
class Given:
    """The settings that matter."""

    zns_app_id: str = ""
    zns_secret: str | None = None
    zns_token: str | None = None


def standing(**changed):
    good = ZaloStanding(NOW - 40 * DAY, NOW + timedelta(hours=20), NOW + 89 * DAY, 0, None, lost=False)
    return good._replace(**changed)


@pytest.mark.parametrize(
    ("settings", "held", "state", "says", "cure"),
    [
        (Given(zns_token="x"), None, State.UNSURE, "25 hours", "KIP_ZNS_APP_ID"),
        (Given("1", "s"), None, State.BAD, "nobody has given", "kip zalo token"),
        (Given("1", "s"), standing(), State.GOOD, "40 days ago", None),
        (Given(), standing(), State.GOOD, "89 days", None),  # the operator's pod has none of Zalo's settings
        (Given(), standing(lost=True, fault="-14014: spent"), State.BAD, "-14014", "kip zalo token"),
        (Given(), standing(access_until=NOW + timedelta(hours=1)), State.BAD, "ends in 1:00:00", "oauth.zaloapp.com"),
        (Given(), standing(access_until=NOW, fault="-14004"), State.BAD, "has ended", "oauth.zaloapp.com"),
        (Given(), standing(access_until=None), State.BAD, "has ended", "KIP_ZNS_APP_ID and KIP_ZNS_SECRET are not set"),
        (Given("1"), standing(access_until=None), State.BAD, "has ended", "KIP_ZNS_SECRET is not set here"),
        (Given("1", "s"), standing(access_until=None), State.BAD, "has ended", "is notifications up"),
        (Given(), standing(refresh_until=NOW + 9 * DAY), State.UNSURE, "9 days", "kip zalo token"),
    ],
)
def test_the_tokens_are_judged(settings, held, state, says, cure):
    [finding] = tokens(settings, held, NOW)
    assert finding.state is state
    assert says in finding.seen
    assert (finding.cure is None) if cure is None else (cure in finding.cure)


def test_nothing_is_said_where_zalo_is_not_used():
    assert list(tokens(Given(), None, NOW)) == []
    assert list(template(ZaloCheck(*[None] * 7), NOW)) == []


@pytest.mark.parametrize(
    ("fault", "age", "left", "states"),
    [
        (None, timedelta(hours=1), 400, [State.GOOD, State.GOOD]),
        ("its state is DISABLE", timedelta(hours=1), 400, [State.BAD, State.GOOD]),
        (None, timedelta(hours=7), 400, [State.UNSURE, State.GOOD]),
        (None, timedelta(hours=1), 49, [State.GOOD, State.UNSURE]),
    ],
)
def test_the_template_and_the_quota_are_judged(fault, age, left, states):
    check = ZaloCheck(NOW - age, "7890", "ENABLE", "HIGH", fault, 500, left)
    assert [finding.state for finding in template(check, NOW)] == states
