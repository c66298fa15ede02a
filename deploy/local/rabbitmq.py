"""A private RabbitMQ: the system's package with a node, ports, port mapper, cookie, user and data of its own.

Nothing is shared with a broker that already runs here, and every listener is on the loopback. The Erlang port mapper
(epmd) that the node starts has its own port, becomes a child of the node's reaper and ends with it.
"""

import asyncio
import json
import os
import secrets
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aio_pika

from deploy.local.own_loop import in_own_loop
from deploy.local.passwords import password, service_urls, service_user, write_private
from deploy.local.ports import LOOPBACK, can_reach, free_port
from deploy.local.processes import Command, Process, StartError, Supervisor, wait_until
from deploy.local.rabbitmq_package import server_script
from shared.access.broker_users import definitions
from shared.access.logins import Login
from shared.access.role_rights import BROKER_RIGHTS

USER = "kip"
NODE = "kip@localhost"
DEFINITIONS = Path(__file__).resolve().parents[1] / "rabbitmq" / "definitions.json"
START_SECONDS = 120.0
EVALUATE_SECONDS = 30
# Management and metrics, with what they need.
PLUGIN_PARTS = ("rabbitmq_management", "rabbitmq_prometheus", "rabbitmq_web_dispatch")
MEMORY_SHARE = 0.4  # RabbitMQ's default high watermark
# Schedulers that spin while they wait cost a tenth of a core when idle; many of them cost memory.
BEAM_ARGUMENTS = (
    "+sbwt none +sbwtdcpu none +sbwtdio none +S {cores}:{cores} -kernel inet_dist_use_interface {{127,0,0,1}}"
)


class RabbitMQ:
    """The broker on `<run_dir>/rabbitmq`. Started ports are kept over restarts.

    `plugins` are enabled with what they need; `settings` are added to its configuration.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        *,
        preferred_port: int = 0,
        report: Callable[[str], None] = lambda _: None,
        plugins: Sequence[str] = (),
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = supervisor.run_dir / "rabbitmq"
        self.port = 0
        self._distribution_port = 0
        self._mapper_port = 0
        self._preferred_port = preferred_port
        self._report = report
        self._plugins = plugins
        self._settings = settings or {}
        self._supervisor = supervisor
        self._process: Process | None = None
        self._password_file = supervisor.run_dir / "rabbitmq.password"

    @property
    def url(self) -> str:
        """`amqp://…` of the default virtual host."""
        return self.vhost_url("")

    def vhost_url(self, vhost: str) -> str:
        """Return `amqp://…` of a virtual host of this broker."""
        return f"amqp://{USER}:{password(self._password_file)}@{LOOPBACK}:{self.port}/{vhost}"

    @property
    def process(self) -> Process | None:
        """The running broker, or the last one; None before the first start."""
        return self._process

    @property
    def running(self) -> bool:
        """Whether the broker or anything of it still lives."""
        return self._process is not None and self._process.running

    @property
    def pid(self) -> int:
        """The process; it must have been started."""
        if self._process is None:
            raise ValueError("the broker has not been started")
        return self._process.pid

    def start(self) -> None:
        """Start, with the data that is there, and wait until a quorum queue confirms a message."""
        if self.running:
            return
        script = server_script(self._report)
        self.port = self.port or free_port(self._preferred_port)
        self._distribution_port = self._distribution_port or free_port()
        self._mapper_port = self._mapper_port or free_port()
        self._prepare(script)
        process = self._process = self._supervisor.start(
            Command("rabbitmq", [str(script)], environment=self._environment(), cwd=self.folder, grace=30.0)
        )
        wait_until(self._confirms, process, START_SECONDS)
        self._let_services_in("/")
        self._import({"policies": json.loads(DEFINITIONS.read_text(encoding="utf-8"))["policies"]})

    def stop(self) -> None:
        """Shut down cleanly (a second)."""
        if self._process is not None:
            self._process.stop()

    def kill(self) -> None:
        """Kill it (`kill -9`), as in a crash; `start` brings it back on the same port."""
        if self._process is not None:
            self._process.kill()

    def set_memory_alarm(self, on: bool) -> None:
        """Raise (or clear) the memory alarm: the broker then stops reading from connections that publish."""
        self.evaluate(f"vm_memory_monitor:set_vm_memory_high_watermark({'0.00001' if on else MEMORY_SHARE}).")

    def add_vhost(self, vhost: str) -> str:
        """Create a virtual host with all rights for our user, and its own for each service's (`service_urls`).

        Returns its `amqp://…`. Takes ~30 ms.
        """
        everything = '<<".*">>'
        rights = f'<<"{USER}">>, <<"{vhost}">>, {everything}, {everything}, {everything}, <<"{USER}">>'
        self.evaluate(
            f'rabbit_vhost:add(<<"{vhost}">>, <<"{USER}">>), rabbit_auth_backend_internal:set_permissions({rights}).'
        )
        self._let_services_in(vhost)
        return self.vhost_url(vhost)

    def delete_vhost(self, vhost: str) -> None:
        """Delete a virtual host with all that is in it; its connections are closed."""
        self.evaluate(f'rabbit_vhost:delete(<<"{vhost}">>, <<"{USER}">>).')

    def evaluate(self, expression: str) -> str:
        """Evaluate an Erlang expression (with its full stop) in the broker, and return its answer.

        By `erl_call`, which takes 10 ms where rabbitmqctl, an Elixir program, takes a second; rabbitmqctl is the way
        where the Erlang packages leave `erl_call` out.
        """
        erl_call = shutil.which("erl_call")
        if erl_call:
            argv = [erl_call, "-sname", NODE, "-r", "-timeout", str(EVALUATE_SECONDS), "-e"]
        else:
            argv = [str(server_script(self._report).with_name("rabbitmqctl")), "-q", "eval", expression]
        deadline = time.monotonic() + EVALUATE_SECONDS
        while True:
            done = subprocess.run(  # noqa: S603 - fixed commands
                argv,
                input=f"{expression}\n" if erl_call else "",
                check=False,
                capture_output=True,
                text=True,
                timeout=EVALUATE_SECONDS + 5,
                env={**os.environ, **self._environment()},
            )
            # A busy machine's broker may be slow to shake hands: nothing was evaluated yet.
            if "failed to connect to node" not in done.stderr or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        answer = done.stdout.strip()
        if done.returncode != 0 or "{error" in answer or "badrpc" in answer:
            raise RuntimeError(f"RabbitMQ refused {expression!r}: {answer or done.stderr.strip()}")
        return answer

    def _let_services_in(self, vhost: str) -> None:
        """Make the users of the services, as `kip migrate` does by the management API: this broker runs none."""
        logins = [
            Login(role, f"KIP_{role.upper()}_AMQP_URL", url, service_user(role), unquote(urlsplit(url).password or ""))
            for role, url in service_urls(self.vhost_url(vhost), BROKER_RIGHTS).items()
        ]
        self._import(definitions(logins, vhost, os.urandom))

    def _import(self, document: Mapping[str, object]) -> None:
        text = json.dumps(json.dumps(document))  # Erlang writes a string as JSON does
        self.evaluate(f"rabbit_definitions:import_raw(<<{text}>>).")

    def _prepare(self, script: Path) -> None:
        for name in ("home", "mnesia", "log"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        cookie = self.folder / "home" / ".erlang.cookie"
        if not cookie.exists():
            write_private(cookie, secrets.token_hex(20), mode=0o400)
        settings = {
            "listeners.tcp.local": f"{LOOPBACK}:{self.port}",
            "default_user": USER,
            "default_pass": password(self._password_file),
            "log.console": "true",
            "log.console.level": "info",
            "log.file": "false",
            **self._settings,
        }
        text = "".join(f"{name} = {value}\n" for name, value in settings.items())
        write_private(self.folder / "rabbitmq.conf", text)
        write_private(self.folder / "enabled_plugins", f"[{','.join(self._plugins)}].\n")
        offered = ("rabbitmq_prelaunch", *(PLUGIN_PARTS if self._plugins else ()))
        _offer_plugins(script.resolve().parent.parent / "plugins", self.folder / "plugins", offered)

    def _environment(self) -> Mapping[str, str]:
        not_meant_for_us = {name: "" for name in os.environ if name.startswith(("RABBITMQ_", "ERL_"))}
        return {
            **not_meant_for_us,
            "HOME": str(self.folder / "home"),
            "ERL_EPMD_PORT": str(self._mapper_port),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "ERL_CRASH_DUMP": str(self.folder / "log" / "erl_crash.dump"),
            # the script then becomes the broker instead of a shell that waits for it and stops it by rabbitmqctl
            "RUNNING_UNDER_SYSTEMD": "1",
            "RABBITMQ_NODENAME": NODE,
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_PLUGINS_DIR": str(self.folder / "plugins"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": BEAM_ARGUMENTS.format(cores=min(os.cpu_count() or 1, 8)),
        }

    def _confirms(self) -> bool:
        """Tell whether a message to a fresh quorum queue is confirmed: an open port alone is not a broker that
        works.
        """

        if not can_reach(self.port):  # the client would log every refused attempt
            return False

        async def canary() -> bool:
            try:
                async with asyncio.timeout(15):
                    async with await aio_pika.connect(self.url, timeout=5) as connection:
                        channel = await connection.channel()
                        name = f"kip.canary.{uuid.uuid4().hex}"
                        queue = await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})
                        await channel.default_exchange.publish(aio_pika.Message(b"canary"), routing_key=name)
                        await queue.delete(if_unused=False, if_empty=False)
            except (OSError, TimeoutError, aio_pika.exceptions.AMQPError):
                return False
            return True

        return in_own_loop(canary)


def _offer_plugins(package: Path, ours: Path, offered: Sequence[str]) -> None:
    """Make a plugin folder with the broker's own parts and these: scanning all that there is is a third of the
    start.
    """
    if not package.is_dir():
        raise StartError(f"no plugin folder at {package}: is this RabbitMQ's own package?")
    shutil.rmtree(ours, ignore_errors=True)
    ours.mkdir()
    for part in package.iterdir():
        if not part.name.startswith("rabbitmq_") or part.name.startswith(tuple(offered)):
            (ours / part.name).symlink_to(part)
