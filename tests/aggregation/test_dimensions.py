"""By what a figure can be split, and by what together."""

from tests.aggregation.late import post
from tests.system import System, event


def test_the_order_of_dimensions_means_nothing_and_what_is_not_split_together_is_refused(late: System) -> None:
    part = {"by": {"sex": "female", "domain": "health"}, "numerator": 3, "denominator": 4}
    figures = {"agency": "ubnd-xa", "period": "2023-Q1", "revision": 0, "numerator": 5, "denominator": 9}
    data = {"indicator": "child-service-access", **figures, "breakdown": [part]}
    post(late, event("indicator.reported", "06418", data))
    asked = {"indicator": "child-service-access", "within": "06418", "period": "2023-Q1"}
    for by in ("sex,domain", "domain,sex"):
        (row,) = late.rollups(by=by, **asked)
        assert (row["by"], row["numerator"], row["part_reported"]) == ({"domain": "health", "sex": "female"}, 3, 1)
    activity = {"activity": "training", "within": "06418", "period": "2023-Q1"}
    refused = [
        (asked, "sex,sex"), (asked, "sex,domain,sex"), (activity, "sector,mode"), (activity, "participants,money"),
        ({**asked, "indicator": "knowledge-skills-provided"}, "group,series"),
    ]  # fmt: skip
    for query, by in refused:
        answer = late.read("/v1/rollups", by=by, **query)
        assert (answer.status_code, answer.json()["field"]) == (400, "by"), by
