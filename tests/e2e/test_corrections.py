"""A correction that was accepted counts, whichever door it came through."""

import asyncpg
import httpx

from deploy.local.http import LOCAL
from deploy.local.own_loop import in_own_loop
from tests.system import System, access, event

FIGURES = "unit,agency,period,indicator,numerator,denominator\n"
RECORD = "SELECT alive, revision FROM aggregation.record WHERE key = $1"
REPORT = {"report": "progress-quarterly", "agency": "ubnd-xa", "period": "2023-Q1"}


def upload(system: System, unit: str, numerator: int) -> None:
    answer = LOCAL.post(
        f"{system.services.url('intake')}/v1/import", timeout=60,
        content=f"{FIGURES}{unit},ubnd-xa,2023-Q1,child-service-access,{numerator},530\n",
        headers={"Authorization": f"Bearer {system.key}", "Content-Type": "text/csv"},
    )  # fmt: skip
    assert answer.status_code == 202, answer.text


def dhis2(system: System, unit: str, **more: object) -> httpx.Response:
    body = {"completeDataSetRegistrations": [
        {"dataSet": "progress-quarterly", "period": "2023Q1", "organisationUnit": unit, **more}
    ]}  # fmt: skip
    return LOCAL.post(
        f"{system.services.url('intake')}/api/completeDataSetRegistrations", json=body, timeout=30,
        headers={"Authorization": f"ApiToken {system.key}"},
    )  # fmt: skip


def numerator(system: System, unit: str) -> int | None:
    query = {"programme": "ecd-1437", "indicator": "child-service-access", "within": unit, "period": "2023-Q1"}
    (row,) = system.rollups(**query)
    found: int | None = row["numerator"]
    return found


def standing(system: System, unit: str) -> tuple[bool, int | None] | None:
    """Whether the unit's report is alive, and the revision of the event that it rests on."""

    async def ask() -> asyncpg.Record | None:
        connection = await asyncpg.connect(system.environment["KIP_DATABASE_URL"], timeout=30)
        try:
            return await connection.fetchrow(RECORD, f"report:ecd-1437:progress-quarterly:{unit}:ubnd-xa:2023-Q1")
        finally:
            await connection.close(timeout=5)

    row = in_own_loop(ask)
    return None if row is None else (row["alive"], row["revision"])


def becomes(system: System, unit: str, right: int) -> None:
    system.wait_until(lambda: numerator(system, unit) == right, f"{unit} is {right}")


def test_an_upload_counts_after_any_revision_and_a_later_revision_after_it(system: System) -> None:
    assert system.post([access("06406", 400, revision=5)]).status_code == 202
    becomes(system, "06406@1", 400)
    upload(system, "06406", 300)
    becomes(system, "06406@1", 300)
    upload(system, "06406", 310)
    becomes(system, "06406@1", 310)
    assert system.post([access("06406", 250, revision=3)]).status_code == 202  # 5 is the strongest, and came before
    assert system.post([access("06406", 320, revision=6)]).status_code == 202
    becomes(system, "06406@1", 320)
    upload(system, "06406", 330)
    becomes(system, "06406@1", 330)


def test_a_report_withdrawn_at_a_revision_is_handed_in_again_by_dhis2(system: System) -> None:
    assert system.post([event("report.submitted", "06418", {**REPORT, "revision": 1})]).status_code == 202
    assert system.post([event("record.retracted", "06418", {**REPORT, "revision": 2})]).status_code == 202

    system.wait_until(lambda: standing(system, "06418@1") == (False, 2), "the report is withdrawn")
    answer = dhis2(system, "06418")
    assert answer.status_code == 200, answer.text
    system.wait_until(lambda: standing(system, "06418@1") == (True, None), "the report stands again")
