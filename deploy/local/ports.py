"""TCP ports for what a run starts on this machine: the usual one when it is free, else another.

A port from the kernel's own range would be the simple choice, but a client that keeps reconnecting to a killed server
on such a port can be given the same number as its source port and then talks to itself, and the server cannot bind
again. So the substitutes come from below that range.
"""

import random
import socket
import threading
from pathlib import Path

LOOPBACK = "127.0.0.1"
EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
LOWEST_SUBSTITUTE = 20_000
TRIES = 200
_LOCAL, _STATE, _INODE = 1, 3, 9  # columns of /proc/net/tcp
_LISTEN = "0A"


class NoPortError(OSError):
    """Every port that was tried is somebody's."""


_given: dict[int, socket.socket] = {}  # each with what tells the other processes of this machine
_lock = threading.Lock()


def free_port(preferred: int = 0) -> int:
    """Choose `preferred` if it can be bound on the loopback, else a free port; the same one never twice.

    0 means no preference. Neither two picks of one run nor two runs that begin at once get the same port, although it
    is bound only once its server starts: a pick holds until its process ends. Raises NoPortError.
    """
    with _lock:
        if preferred and _take(preferred):
            return preferred
        highest = _first_ephemeral_port() - 1
        for _ in range(TRIES):
            port = random.randint(LOWEST_SUBSTITUTE, highest)  # noqa: S311 - a port is not a secret
            if _take(port):
                return port
        for _ in range(TRIES):
            port = _port_from_kernel()
            if _take(port):
                return port
    raise NoPortError(f"no free port on {LOOPBACK} after {2 * TRIES} tries: end what holds them, and start again")


def can_bind(port: int) -> bool:
    """Tell whether a server could listen on the loopback at `port` now; connections in TIME_WAIT do not count."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def can_reach(port: int) -> bool:
    """Tell whether a server on the loopback takes connections at `port`."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True


def listens(pid: int, port: int) -> bool:
    """Tell whether this process itself listens at `port`, whoever else may answer there. By Linux's /proc."""
    own = {
        f"socket:[{fields[_INODE]}]"
        for table in ("tcp", "tcp6")
        for fields in (line.split() for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:])
        if fields[_LOCAL].endswith(f":{port:04X}") and fields[_STATE] == _LISTEN
    }
    try:
        return any(str(file.readlink()) in own for file in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:  # it has ended, or is opening and closing files just now
        return False


def _take(port: int) -> bool:
    """Reserve the port, if nobody has it: a name in the abstract namespace is one process's at a time, and ends with
    it. A socket that is bound and doesn't listen would not do: whoever sets SO_REUSEADDR, as servers do, may bind too.
    """
    if port in _given or not can_bind(port):
        return False
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        claim.bind(f"\0kip-port-{port}")
    except OSError:
        claim.close()
        return False
    _given[port] = claim
    return True


def _first_ephemeral_port() -> int:
    try:
        first = int(EPHEMERAL_RANGE.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 32_768
    return first if first > LOWEST_SUBSTITUTE + TRIES else 32_768


def _port_from_kernel() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
