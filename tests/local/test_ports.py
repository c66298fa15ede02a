import socket
import subprocess
import sys

import pytest

from deploy.local import ports
from deploy.local.ports import EPHEMERAL_RANGE, LOOPBACK, NoPortError, can_reach, free_port


def listener(address: str = LOOPBACK, port: int = 0) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    server = socket.socket(family, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((address, port))
    server.listen()
    return server


def test_a_port_that_another_run_has_picked_is_its_own_until_that_ends():
    words = "from deploy.local.ports import free_port; print(free_port(), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        wanted = int(other.stdout.readline())
        assert free_port(wanted) != wanted
        other.communicate("\n")
    assert free_port(wanted) == wanted


def test_another_port_is_found_when_the_preferred_one_is_in_use():
    with listener() as server:
        taken = server.getsockname()[1]
        assert free_port(taken) != taken


def test_a_port_in_use_on_all_addresses_counts_as_taken():
    with listener("0.0.0.0") as server:  # noqa: S104
        taken = server.getsockname()[1]
        assert free_port(taken) != taken


def test_two_picks_never_give_the_same_port_although_neither_is_bound_yet():
    wanted = free_port()
    picks = [free_port(wanted) for _ in range(50)]
    assert len({wanted, *picks}) == 51


def test_substitutes_lie_below_the_range_of_outgoing_connections():
    first = int(EPHEMERAL_RANGE.read_text().split()[0]) if EPHEMERAL_RANGE.exists() else 32_768
    assert all(20_000 <= free_port() < first for _ in range(20))


def test_the_kernel_s_pick_is_left_to_whoever_claimed_it_and_another_is_made(monkeypatch):
    claimed, left = (free_port() for _ in range(2))
    picks = iter([claimed, claimed, left])
    monkeypatch.setattr(ports, "_port_from_kernel", lambda: next(picks, claimed))
    monkeypatch.setattr(ports.random, "randint", lambda lowest, highest: claimed)
    ports._given.pop(left).close()
    assert free_port() == left
    with pytest.raises(NoPortError, match="no free port"):
        free_port()


def test_a_port_is_reachable_only_while_somebody_listens():
    with listener() as server:
        port = server.getsockname()[1]
        assert can_reach(port)
    assert not can_reach(port)
