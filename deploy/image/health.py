"""The image's health check: is the service that the container runs alive? Standard library only; exit code 0 or 1.

Which service it is stands on the command line of the container's first process. A container that runs a command
(`kip migrate`) has no port and is healthy while it runs. Alive, not ready: a broker that is away must not get the
service restarted.
"""

import os
import re
import sys
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

USUAL_PORTS = {"intake": 8080, "aggregation": 8081, "notifications": 8082, "board": 8083}
FIRST_PROCESS = 1


def healthy(process: int) -> bool:
    """Tell whether the service that this process runs answers /healthz, or it runs no service."""
    words = Path(f"/proc/{process}/cmdline").read_bytes().decode().split("\0")
    found = [match[1] for word in words if (match := re.fullmatch(r"services\.(\w+)", word))]
    if not found:
        return True
    port = os.environ.get(f"KIP_{found[0].upper()}_PORT") or USUAL_PORTS[found[0]]
    try:
        with build_opener(ProxyHandler({})).open(f"http://127.0.0.1:{port}/healthz", timeout=3) as answer:
            return bool(answer.status == 200)
    except (URLError, TimeoutError, ConnectionError):
        return False


if __name__ == "__main__":
    sys.exit(0 if healthy(int(sys.argv[1]) if len(sys.argv) > 1 else FIRST_PROCESS) else 1)
