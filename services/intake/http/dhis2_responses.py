"""Answers in DHIS2's two shapes: the web message of 2.38 and later, and the bare import summary of before."""

from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

from services.intake.formats.dhis2 import Conflict, written_for_dhis2
from services.intake.http.responses import LISTED
from services.intake.refusals.request_words import ImportWords
from shared.domain.refusals import Code
from shared.values.personal_data import named

WRAPPED_SINCE = 38
_SHOWN = 200  # of a name in a conflict, in characters
JOB_TYPE = "DATAVALUE_IMPORT"
# DHIS2's own codes where it has one for the fault; else ours.
_ERROR_CODES = {
    Code.INDICATOR_UNKNOWN: "E7610",
    Code.PERIOD_INVALID: "E7611",
    Code.UNIT_UNKNOWN: "E7612",
    Code.UNIT_NOT_IN_FORCE: "E7612",
    Code.OPTION_UNKNOWN: "E7613",
    Code.FIELD_MISSING: "E7615",
    Code.VALUE_INVALID: "E7619",
}
_DESCRIPTIONS = {"SUCCESS": ImportWords.ALL, "WARNING": ImportWords.SOME, "ERROR": ImportWords.NONE}


@dataclass(slots=True)
class ImportResult:
    """What became of an import's rows, each named by its place in the body; `withdrawing` ask to withdraw a record."""

    total: int
    conflicts: list[Conflict] = field(default_factory=list)
    withdrawing: set[int] = field(default_factory=set)

    @property
    def refused(self) -> dict[int, Code]:
        """The rows that were not taken, in their order, each with the code of its first conflict."""
        found: dict[int, Code] = {}
        for conflict in self.conflicts:
            for index in conflict.indexes:
                found.setdefault(index, conflict.refusal.code)
        return dict(sorted(found.items()))


def summary(result: ImportResult, language: str, *, complete: str | None, dry_run: bool) -> dict[str, Any]:
    """Write DHIS2's ImportSummary. What is taken counts as updated (a value replaces what stood there) or deleted.

    Of conflicts and refused rows it lists the first LISTED, and says how many there are.
    """
    refused = result.refused
    status = "SUCCESS" if not result.conflicts else "WARNING" if len(refused) < result.total else "ERROR"
    deleted = len(result.withdrawing - refused.keys())
    updated = result.total - len(refused) - deleted
    return {
        "responseType": "ImportSummary",
        "status": status,
        "importOptions": {"dryRun": dry_run},
        "description": _DESCRIPTIONS[status].value.in_language(language),
        "importCount": {"imported": 0, "updated": updated, "ignored": len(refused), "deleted": deleted},
        "conflicts": [_conflict(conflict, language) for conflict in result.conflicts[:LISTED]],
        "conflictsTotal": len(result.conflicts),
        "rejectedIndexes": list(refused)[:LISTED],
        "rejectedIndexesTotal": len(refused),
        "dataSetComplete": complete if complete and status == "SUCCESS" else "false",
    }


def import_answer(found: dict[str, Any], version: int | None, language: str) -> JSONResponse:
    """Answer an import: 200 for SUCCESS, 409 for WARNING and ERROR; wrapped, or bare for `/api/37/` and lower."""
    status = HTTPStatus.OK if found["status"] == "SUCCESS" else HTTPStatus.CONFLICT
    if version is not None and version < WRAPPED_SINCE:
        return JSONResponse(found, status_code=status)
    outcome = {"SUCCESS": "OK", "WARNING": "WARNING", "ERROR": "ERROR"}[found["status"]]
    message = ImportWords[found["status"]].value.in_language(language)
    return JSONResponse(_web_message(status, outcome, message, found), status_code=status)


def job_answer(job: str, created: str, prefix: str, language: str) -> JSONResponse:
    """Answer an import that is asked for with `async=true`: where its result will be."""
    response = {
        "responseType": "JobConfigurationWebMessageResponse",
        "name": "dataValueImport",
        "id": job,
        "created": created,
        "jobType": JOB_TYPE,
        "relativeNotifierEndpoint": f"{prefix}/system/tasks/{JOB_TYPE}/{job}",
    }
    return JSONResponse(_web_message(HTTPStatus.OK, "OK", ImportWords.STARTED.value.in_language(language), response))


def error_answer(status: int, message: str, headers: dict[str, str] | None) -> JSONResponse:
    """Answer any other end of a request: JSON as well, 5xx included."""
    return JSONResponse(_web_message(HTTPStatus(status), "ERROR", message), status_code=status, headers=headers)


def notifications(job: str, found: dict[str, Any], time: str) -> list[dict[str, Any]]:
    """Write the finished job's log, of one line."""
    level = "INFO" if found["status"] == "SUCCESS" else "ERROR"
    return [
        {
            "uid": job,
            "level": level,
            "category": JOB_TYPE,
            "time": time,
            "message": found["description"],
            "completed": True,
        }
    ]


def _web_message(status: HTTPStatus, outcome: str, message: str, response: Any = None) -> dict[str, Any]:
    body = {"httpStatus": status.phrase, "httpStatusCode": status.value, "status": outcome, "message": message}
    return body if response is None else {**body, "response": response}


def _conflict(conflict: Conflict, language: str) -> dict[str, Any]:
    refusal = conflict.refusal
    if refusal.code in {Code.PERIOD_FUTURE, Code.PERIOD_CLOSED}:
        expected, got = written_for_dhis2(refusal.expected), written_for_dhis2(str(refusal.got))
        refusal = replace(refusal, expected=expected, got=got)
    error = refusal.to_json(language)
    objects = {name: named(text, _SHOWN) for name, text in conflict.objects.items()}
    return {
        "object": next((text for text in objects.values() if text), ""),
        "objects": objects,
        "value": _sentence(error, language),
        "errorCode": _ERROR_CODES.get(conflict.refusal.code, conflict.refusal.code.value),
        "property": error["field"],
        "indexes": list(conflict.indexes[:LISTED]),
    }


def _sentence(error: dict[str, Any], language: str) -> str:
    """Say what is wrong as DHIS2 shows it to people: which field, why, and what came."""
    field, message, got = error["field"], error["message"].rstrip("."), error["got"]
    came = "" if got in (None, "") else ImportWords.CAME.value.filled(got=got)
    reason = message[:1].lower() + message[1:]
    return ImportWords.REFUSED.value.filled(field=field, reason=reason, came=came).in_language(language)
