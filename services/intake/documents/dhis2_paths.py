"""DHIS2's import endpoints, as OpenAPI has them."""

from typing import Any

from services.intake.documents import dhis2, examples
from services.intake.documents.openapi_parts import REFUSALS, language_parameter
from services.intake.formats.dhis2_parameters import OF_COMPLETIONS, OF_VALUES, OF_WITHDRAWALS
from services.intake.http.dhis2_responses import JOB_TYPE
from shared.documents.openapi import JSON, answers, path, ref

_NO_JOB = {
    400: "Kip-Reach or Kip-Officer is not what it has to be",
    401: "No valid key",
    403: "The key may not act for officers",
    404: "No such job of this sender",
    503: "The database can't be asked",
}


def paths(prefix: str, version: list[dict[str, Any]]) -> dict[str, Any]:
    """Describe the endpoints below `prefix`, of which `version` is the parameter if it has one."""
    name = "Versioned" if version else ""
    imported = _imported(versioned=bool(version))
    return {
        f"{prefix}/dataValueSets": {"post": _import_values(name, version, imported)},
        f"{prefix}/completeDataSetRegistrations": {
            "post": _complete(name, version, imported),
            "delete": _withdraw(name, version, imported),
        },
        **_jobs(prefix, name, version),
    }


def _imported(*, versioned: bool) -> dict[str, Any]:
    """Describe the answers of an import: each is wrapped, or bare for a version before 38."""
    either = {"oneOf": [ref("WebMessage"), ref("ImportSummary")]}
    missing = {404: "No such version"} if versioned else {}
    return {
        **answers({200: "Imported, or accepted as a job", 409: "Conflicts; `importCount` says what was taken"}, either),
        **answers({**REFUSALS, **missing}, "WebMessage"),
    }


def _import_values(name: str, version: list[dict[str, Any]], imported: dict[str, Any]) -> dict[str, Any]:
    values = {
        JSON: {"schema": ref("DataValueSet"), "examples": {"set": {"value": examples.DATA_VALUES}}},
        "application/csv": {"schema": {"type": "string"}, "examples": {"set": {"value": examples.DATA_VALUES_CSV}}},
    }
    return {
        "operationId": f"importDataValues{name}",
        "summary": "Import data values, as DHIS2 does; complete records only",
        "parameters": [*version, *dhis2.parameters(OF_VALUES), language_parameter()],
        "requestBody": {"required": True, "content": values},
        "responses": imported,
    }


def _complete(name: str, version: list[dict[str, Any]], imported: dict[str, Any]) -> dict[str, Any]:
    one = {"schema": ref("CompleteDataSetRegistrations"), "examples": {"one": {"value": examples.COMPLETIONS}}}
    return {
        "operationId": f"completeDataSets{name}",
        "summary": "A completed data set is a submitted report",
        "parameters": [*version, *dhis2.parameters(OF_COMPLETIONS), language_parameter()],
        "requestBody": {"required": True, "content": {JSON: one}},
        "responses": imported,
    }


def _withdraw(name: str, version: list[dict[str, Any]], imported: dict[str, Any]) -> dict[str, Any]:
    refused = {status: answer for status, answer in imported.items() if status != "200"}
    return {
        "operationId": f"withdrawCompletions{name}",
        "summary": "A data set that is no longer complete: its report is withdrawn",
        "parameters": [*version, *dhis2.parameters(OF_WITHDRAWALS, {"ds", "pe", "ou"}), language_parameter()],
        "responses": {"204": {"description": "Withdrawn"}, **refused},
    }


def _jobs(prefix: str, name: str, version: list[dict[str, Any]]) -> dict[str, Any]:
    """Describe where the result of an asynchronous import is asked for."""
    job = [*version, path("job", {"type": "string"})]
    log = answers({200: "The job's log"}, {"type": "array", "items": {"type": "object"}})
    bare = answers({200: "The bare summary"}, "ImportSummary")
    return {
        f"{prefix}/system/{what}/{JOB_TYPE}/{{job}}": {
            "get": {
                "operationId": f"{operation}{name}",
                "parameters": job,
                "responses": {**found, **answers(_NO_JOB, "WebMessage")},
            }
        }
        for what, operation, found in (("tasks", "importTasks", log), ("taskSummaries", "importSummary", bare))
    }
