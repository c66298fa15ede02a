"""Logs, the same in every service."""

import logging
import re
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from pydantic_core import to_json

# Without the frames' local variables: they hold keys, bodies and addresses.
_TRACEBACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
_DETAILS = re.compile(r"\n[ |]*DETAIL:.*?(?=\n[ |]*(?:HINT:|Traceback|During|The above)|\Z)", re.DOTALL)


def configure_logging(service: str, log_format: str, level: str) -> None:
    """Log one line a batch or a request; JSON for machines. No event bodies, no addresses, no secrets are ever
    logged.
    """
    written: list[Any] = [_TRACEBACKS, without_details, structlog.processors.JSONRenderer(_json)]
    shown: list[Any] = [structlog.processors.format_exc_info, without_details, structlog.dev.ConsoleRenderer()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *(written if log_format == "json" else shown),
        ],
        logger_factory=structlog.BytesLoggerFactory() if log_format == "json" else structlog.PrintLoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")


def without_details(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Remove from rendered tracebacks what a database quotes of the rows that it refused (a structlog processor)."""
    found = event.get("exception")
    if isinstance(found, str):
        event["exception"] = _DETAILS.sub("", found)
    elif isinstance(found, list):
        event["exception"] = [{**item, "exc_value": _DETAILS.sub("", item["exc_value"])} for item in found]
    return event


def _json(event: Mapping[str, Any], **_: Any) -> bytes:
    return to_json(event, serialize_unknown=True)
