"""Walks through what notifications lists, by every key, and holds it against the tables themselves."""

import re
from collections.abc import Callable
from typing import Any

from tests.rights.conftest import Field
from tests.rights.ledger import OTHER, OWN
from tests.rights.register import PLACES, REACHED

READERS = list(PLACES)
# What anybody may read: how the service is, and how it is spoken to.
PUBLIC = {"/healthz", "/readyz", "/metrics", "/spool", "/openapi.json", "/asyncapi.json", "/v1/schemas/{kind}"}
# The walk of each other route that reads, in `test_who_sees_what.py`.
WALKS: dict[str, str] = {
    "/v1/rollups": "test_rollups",
    "/v1/rollups/missing": "test_missing",
    "/v1/rollups/explain": "test_explain",
    "/v1/timeliness": "test_timeliness",
    "/v1/records": "test_records",
    "/v1/events/{source:path}/{id:path}": "test_events",
    "/v1/units/{code}": "test_units",
    "/v1/programmes": "test_programmes",
    "/v1/programmes/{slug}": "test_programmes",
    "/v1/changes": "test_changes",
    "/v1/obligations": "test_obligations",
    "/v1/obligations/grid": "test_grid",
    "/v1/obligations/{name}": "test_one_obligation",
    "/v1/alerts": "test_alerts",
    "/v1/alerts/unaddressed": "test_unaddressed",
    "/v1/problems": "test_problems",
    "/v1/officers/{ref}": "test_officers",
    "/v1/officers/{ref}/desk": "test_officers",
    "/v1/officers/{ref}/messages/{message}": "test_links",
    "/v1/ack/{token}": "test_links",
    "/v1/calendar/{token}.ics": "test_calendars",
    "/api/system/tasks/{job}": "test_jobs",
    "/api/system/taskSummaries/{job}": "test_jobs",
}


def all_rows(field: Field, path: str, key: str, **query: str) -> list[dict[str, Any]]:
    """The rows of all pages."""
    found: list[dict[str, Any]] = []
    page: dict[str, str] = {}
    while True:
        answer = field.get("notifications", path, key, limit="1000", **page, **query)
        assert answer.status_code == 200, answer.text
        found += answer.json()["rows"]
        if answer.json()["next"] is None:
            return found
        page = {"after": answer.json()["next"]}


NAME = "concat_ws('~', programme, report, unit, agency, period, (SELECT epoch FROM notifications.epoch))"
TRUTH = {
    "/v1/obligations": f"SELECT {NAME} AS id, unit, programme FROM notifications.obligation",  # noqa: S608
    "/v1/alerts": """SELECT alert.id, coalesce(obligation.unit, problem.unit) AS unit,
                            coalesce(obligation.programme, problem.programme) AS programme,
                            alert.unit AS addressed, alert.officer
                     FROM notifications.alert LEFT JOIN notifications.obligation ON obligation.id = alert.obligation
                     LEFT JOIN notifications.problem ON problem.id = alert.problem""",
    "/v1/problems": "SELECT id, unit, programme FROM notifications.problem WHERE state <> 'withdrawn'",
}
# What a message named.
NAMED = {
    "obligations": f"""SELECT {NAME} COLLATE "C" AS id FROM notifications.obligation
                       WHERE id IN (SELECT obligation FROM notifications.alert WHERE message = $1) ORDER BY 1""",  # noqa: S608
    "problems": "SELECT DISTINCT problem AS id FROM notifications.alert WHERE message = $1 AND problem > 0 ORDER BY 1",
}


def walk(field: Field, path: str, check: Callable[[str, list[dict[str, Any]]], None] = lambda key, rows: None) -> None:
    """Ask with every key, for all and for each unit; `check` gets what each saw."""
    truth = field.rows(TRUTH[path])
    assert {row["unit"] for row in truth} >= set(PLACES) - {"VN"}, "there are rows about every unit"
    for key in READERS:
        rows = all_rows(field, path, key)
        assert {row["id"] for row in rows} == {row["id"] for row in truth if row["unit"] in REACHED[key]}, key
        check(key, rows)
        for uid in PLACES:
            answer = field.get("notifications", path, key, unit=uid, limit="1000")
            assert answer.status_code == (200 if uid in REACHED[key] else 403), (key, uid)
            if answer.status_code == 200:
                assert {row["unit"] for row in answer.json()["rows"]} <= {uid}
    for key, programme in (("own programme", OWN), ("other programme", OTHER)):
        assert {row["id"] for row in all_rows(field, path, key)} == {
            row["id"] for row in truth if row["programme"] == programme
        }
    assert field.get("notifications", path, "posts").status_code == 403


def units_in(text: str) -> set[str]:
    """The units that a text names."""
    return set(re.findall(r"[Uu]nit (\d+@\d)", text))
