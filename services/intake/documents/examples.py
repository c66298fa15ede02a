"""One example of each thing that may be posted, used in the documents and posted for real by the tests."""

from typing import Any

from shared.domain.events import Kind

_PROGRAMME = "ecd-1437"


def _event(kind: Kind, number: int, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"0f8fad5b-d9cb-469f-a165-70867728950{number}",
        "source": "/forms/commune-06412",
        "type": kind.type,
        "subject": "06412",
        "time": "2023-03-15T08:00:00+07:00",
        "data": {"programme": _PROGRAMME, **data},
    }


EVENTS: dict[Kind, dict[str, Any]] = {
    Kind.ACTIVITY_RECORDED: _event(
        Kind.ACTIVITY_RECORDED,
        1,
        {
            "activity": "parent-counselling", "record": "3f0c9a1b-001", "revision": 1, "held_on": "2023-03-09",
            "agency": "ubnd-xa", "domain": "nutrition", "participants": {"parent": 24, "caregiver": 3}, "female": 20,
            "money": [{"line": "f1-state-budget", "amount": 1500000}],
        },
    ),
    Kind.INDICATOR_REPORTED: _event(
        Kind.INDICATOR_REPORTED,
        2,
        {
            "indicator": "child-service-access", "agency": "ubnd-xa", "period": "2023-Q1", "revision": 1,
            "numerator": 412, "denominator": 530,
            "breakdown": [{"by": {"domain": "health"}, "numerator": 400, "denominator": 530}],
        },
    ),
    Kind.REPORT_SUBMITTED: _event(
        Kind.REPORT_SUBMITTED,
        3,
        {"report": "progress-quarterly", "agency": "ubnd-xa", "period": "2023-Q1", "revision": 1},
    ),
    Kind.PROBLEM_RAISED: _event(
        Kind.PROBLEM_RAISED,
        4,
        {"record": "problem-1", "agency": "ubnd-xa", "text": "Thiếu cán bộ tập huấn tại hai thôn."},
    ),
    Kind.PROBLEM_RESOLVED: _event(
        Kind.PROBLEM_RESOLVED,
        5,
        {"record": "problem-1", "agency": "ubnd-xa", "text": "Đã bố trí cán bộ."},
    ),
    Kind.RECORD_RETRACTED: _event(Kind.RECORD_RETRACTED, 6, {"record": "3f0c9a1b-001", "revision": 2}),
}  # fmt: skip
DATA_VALUES: dict[str, Any] = {
    "dataSet": "progress-quarterly",
    "period": "2023Q1",
    "orgUnit": "06412",
    "dataValues": [
        {"dataElement": "child-service-access.numerator", "value": "412"},
        {"dataElement": "child-service-access.denominator", "value": "530"},
        {"dataElement": "child-service-access.numerator", "categoryOptionCombo": "domain:health", "value": 400},
        {"dataElement": "child-service-access.denominator", "categoryOptionCombo": "domain:health", "value": 530},
    ],
}
DATA_VALUES_CSV = (
    "dataelement,period,orgunit,catoptcombo,attroptcombo,value\n"
    "child-service-access.numerator,2023Q1,06412,,,412\n"
    "child-service-access.denominator,2023Q1,06412,,,530\n"
)
COMPLETIONS: dict[str, Any] = {
    "completeDataSetRegistrations": [
        {"dataSet": "progress-quarterly", "period": "2023Q1", "organisationUnit": "06412", "date": "2023-03-16"}
    ]
}
SUBMISSION: dict[str, Any] = {
    "_id": 4711,
    "_uuid": "9d5a1f0e-8a6b-4c8f-9a55-2f8d7e3c1b20",
    "meta/instanceID": "uuid:9d5a1f0e-8a6b-4c8f-9a55-2f8d7e3c1b20",
    "_submission_time": "2023-03-14T01:10:05",
    "place/commune": "06412",
    "session/date": "2023-03-09",
    "session/domain": "dinh_duong",
    "session/people/parents": "24",
    "session/people/women": "20",
}
SHEET_CSV = (
    "unit,agency,period,indicator,by.domain,numerator,denominator\n"
    "06412,ubnd-xa,2023-Q1,child-service-access,,412,530\n"
    "06412,ubnd-xa,2023-Q1,child-service-access,health,400,530\n"
)
