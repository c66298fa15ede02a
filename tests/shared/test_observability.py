"""Logs tell what happened, never what was in the variables when it did."""

import subprocess
import sys

CRASH = """
import structlog
from shared.observability import configure_logging
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
