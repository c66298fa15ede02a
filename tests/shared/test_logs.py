"""Logs tell what happened, never what was in the variables when it did."""

import subprocess
import sys

CRASH = """
import structlog
from shared.runtime.logs import configure_logging
configure_logging("test", "{form}", "info")
try:
    authorization = "Bearer kip_secret"
    raise ValueError("it broke")
except ValueError as error:
    structlog.get_logger().error("crashed", exc_info=error)
"""


def test_a_traceback_in_the_log_has_no_local_variables() -> None:
    for form in ("json", "console"):
        script = CRASH.format(form=form)
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        logged = done.stdout + done.stderr
        assert "it broke" in logged
        assert "'authorization'" not in logged
        assert '"authorization"' not in logged


REFUSED_ROW = """
import asyncpg, structlog
from shared.runtime.logs import configure_logging
configure_logging("test", "{form}", "info")
try:
    try:
        error = asyncpg.UniqueViolationError("duplicate key")
        error.detail, error.hint = "Key (address)=(an@example.vn) exists.\\nand an@example.vn", "a hint"
        raise error
    except asyncpg.PostgresError as error:
        raise ValueError("it broke") from error
except ValueError as error:
    structlog.get_logger().error("crashed", exc_info=error)
"""


def test_a_traceback_in_the_log_quotes_no_row_that_the_database_refused() -> None:
    for form in ("json", "console"):
        script = REFUSED_ROW.format(form=form)
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        logged = done.stdout + done.stderr
        assert "an@example.vn" not in logged
        assert all(told in logged for told in ("duplicate key", "a hint", "it broke", "UniqueViolationError"))
