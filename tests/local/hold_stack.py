"""A run for tests to interrupt: `python -m tests.local.hold_stack RUN_DIR`; prints `ready` once the servers are up."""

import sys
import time
from pathlib import Path

from deploy.local.processes import exit_on_signals
from deploy.local.stack import LocalStack

if __name__ == "__main__":
    with exit_on_signals(), LocalStack(Path(sys.argv[1]), usual_ports=False):
        print("ready", flush=True)
        time.sleep(600)
