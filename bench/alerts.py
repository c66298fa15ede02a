"""The figures of alerts: opening, sweeping, an empty sweep, and mail against a bare aiosmtplib loop."""

import itertools
import json
import os
import subprocess
from collections.abc import Callable, Mapping
from statistics import median
from time import monotonic, sleep

import psycopg

from bench.contender import BenchError
from bench.report import Figure, Report, ratio
from bench.stand import PYTHON, Stand
from bench.sweeps import MORNING
from deploy.local.ports import LOOPBACK, can_reach, free_port
from deploy.local.processes import PROJECT, wait_until
from deploy.local.services import SERVICES, Services

SENDERS = 8  # messages that the service has in hand: as many connections
BARE_MAILS = 3000
ROUNDS = 3
PATIENCE_SECONDS = 60.0


def measure_alerts(stand: Stand, seconds: float, report: Report, say: Callable[[str], None]) -> None:
    """Measure openings, sweeps and mail on a database of their own."""
    place = stand.place("alerts")
    found = json.loads(_run(place, "bench.sweeps"))
    swept = found["swept"]
    say(f"sweeps: opening {median(found['opening']):.2f} s, all overdue {median(found['sweep']):.2f} s")
    report.add(
        Figure("alerts", "open the first quarter and year at every level", median(found["opening"]), at_most=3,
               unit="s", note=f"{found['opened']:,} obligations", rounds={"s": found["opening"]}),
        Figure("alerts", "one sweep with 10,035 communes × 2 reports overdue", median(found["sweep"]), at_most=5,
               unit="s", note=f"{found['kept']:,} obligations, {swept['overdue']:,} overdue, "
                    f"{swept['alerts']:,} alerts in {swept['messages']:,} messages queued",
               rounds={"s": found["sweep"]}),
        Figure("alerts", "memory of that sweep", found["peak_mib"], at_most=250, unit="MiB",
               note=f"{found['idle_mib']:.0f} MiB before, {found['opening_mib']:.0f} after opening"),
        Figure("alerts", "sweep with nothing due, a million past obligations", 1000 * median(found["empty"]),
               at_most=50, unit="ms", note=f"{found['past']:,} obligations", rounds={"s": found["empty"]}),
    )  # fmt: skip
    report.add(_mails(stand, place, found["mails"], seconds, say))


def _mails(stand: Stand, place: Mapping[str, str], queued: int, seconds: float, say: Callable[[str], None]) -> Figure:
    port = free_port()
    process = stand.start("sink", [PYTHON, "-m", "bench.mail", "sink", str(port)], place)
    wait_until(lambda: can_reach(port), process, PATIENCE_SECONDS)
    bare = [float(_run(place, "bench.mail", "bare", str(port), str(BARE_MAILS), str(SENDERS))) for _ in range(ROUNDS)]
    settings = {
        **place,
        "KIP_SMTP_URL": f"smtp://{LOOPBACK}:{port}?starttls=never",
        "KIP_CLOCK": MORNING.isoformat(),
    }
    chosen = [service for service in SERVICES if service.name == "notifications"]
    services = Services(stand.stack, chosen, settings).start()
    try:
        rates = _delivery(place["KIP_DATABASE_URL"], queued, seconds)
    finally:
        services.stop()
        process.stop()
    say(f"mail: {median(rates):,.0f}/s, bare {median(bare):,.0f}/s")
    note = f"{median(rates):,.0f} ÷ {median(bare):,.0f} mails/s over {SENDERS} connections"
    return ratio("alerts", "e-mails ÷ bare aiosmtplib loop", rates, bare, at_least=0.6, note=note)


def _delivery(database: str, queued: int, seconds: float) -> list[float]:
    """Messages recorded as sent a second, in each of three stretches of `seconds`; the first may end with the last."""
    marks: list[tuple[float, int]] = []
    deadline = monotonic() + PATIENCE_SECONDS
    with psycopg.connect(database, autocommit=True) as connection:
        while len(marks) <= ROUNDS:
            row = connection.execute("SELECT count(*) FROM notifications.message WHERE state = 'sent'").fetchone()
            sent, now = int(row[0]) if row else 0, monotonic()
            if sent >= queued and len(marks) > 1:
                break
            if sent and (not marks or sent >= queued or now - marks[-1][0] >= seconds):
                marks.append((now, sent))
            if now > deadline:
                raise BenchError(f"{sent:,} of {queued:,} mails sent after {PATIENCE_SECONDS:.0f} s")
            sleep(0.05)
    return [(sent - before) / (now - since) for (since, before), (now, sent) in itertools.pairwise(marks)]


def _run(environment: Mapping[str, str], *words: str) -> str:
    argv = [PYTHON, "-m", *words]
    done = subprocess.run(  # noqa: S603 - ours
        argv, cwd=PROJECT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchError(f"{' '.join(words)} failed: {done.stderr.strip()[-1500:]}")
    return done.stdout
