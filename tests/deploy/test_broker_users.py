"""`kip migrate` at a broker with its management API, as compose and Kubernetes have it."""

import subprocess

import aio_pika
import pytest
from aiormq.exceptions import ChannelAccessRefused, ProbableAuthenticationError

from deploy.local.ports import LOOPBACK, free_port
from shared.access.role_rights import BROKER_RIGHTS
from shared.broker import topology
from tests.deploy.conftest import FullBroker
from tests.forks import run_kip


def run_migrate(broker: FullBroker, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Only the broker's part, as its administrator."""
    own = {
        "KIP_AMQP_URL": broker.amqp_url,
        "KIP_AMQP_MANAGEMENT_URL": broker.management_url,
        "KIP_DATABASE_URL": "postgresql://unused",
        "COLUMNS": "500",
    }
    return run_kip("migrate", "--only", "broker", environment={**own, **settings})


def login(broker: FullBroker, user: str, password: str) -> str:
    return f"amqp://{user}:{password}@{LOOPBACK}:{broker.server.port}/"


async def test_a_user_is_made_with_the_least_rights_and_gets_a_new_password_by_the_next_run(
    full_broker: FullBroker,
) -> None:
    first, second = (login(full_broker, "rotating", word) for word in ("first-word", "second-%40-word"))
    done = run_migrate(full_broker, KIP_AGGREGATION_AMQP_URL=first)
    assert done.returncode == 0, done.stderr
    async with await aio_pika.connect(first) as kept:
        await topology.check(first, 4)
        done = run_migrate(full_broker, KIP_AGGREGATION_AMQP_URL=second)
        assert done.returncode == 0, done.stderr
        assert "second" not in done.stdout + done.stderr
        assert "not set, so not made: KIP_INTAKE_AMQP_URL" in done.stdout
        with pytest.raises(ProbableAuthenticationError):
            await aio_pika.connect(first)
        channel = await kept.channel()  # who is in stays in
        queue = await channel.get_queue("kip.aggregation.0")
        assert queue.name == "kip.aggregation.0"
        with pytest.raises(ChannelAccessRefused):
            await (await channel.get_queue("kip.notifications", ensure=False)).consume(print)
    async with await aio_pika.connect(second):
        pass


def test_a_right_too_many_is_taken_back(full_broker: FullBroker) -> None:
    url = login(full_broker, "greedy", "word")
    assert run_migrate(full_broker, KIP_INTAKE_AMQP_URL=url).returncode == 0
    every = '<<".*">>'
    rights = f'<<"greedy">>, <<"/">>, {every}, {every}, {every}, <<"test">>'
    full_broker.server.evaluate(f"rabbit_auth_backend_internal:set_permissions({rights}).")
    assert run_migrate(full_broker, KIP_INTAKE_AMQP_URL=url).returncode == 0
    found = full_broker.server.evaluate('rabbit_auth_backend_internal:list_user_permissions(<<"greedy">>).')
    written = [",".join(str(byte) for byte in pattern.encode()) for pattern in (".*", BROKER_RIGHTS["intake"].write)]
    assert f"#Bin<{written[0]}>" not in found  # as erl_call shows a binary
    assert f"#Bin<{written[1]}>" in found


@pytest.mark.parametrize(
    ("management", "said"),
    [
        (lambda broker: f"http://kip:x@{LOOPBACK}:{free_port()}", "does not answer"),
        (lambda broker: f"http://nobody:x@{LOOPBACK}:{broker.management_port}", "answers 401"),
    ],
)
def test_where_no_user_can_be_made_the_commands_are_said_without_a_password(
    full_broker: FullBroker, management, said: str
) -> None:
    url = login(full_broker, "by_hand", "secret-word")
    settings = {"KIP_AMQP_MANAGEMENT_URL": management(full_broker), "KIP_NOTIFICATIONS_AMQP_URL": url}
    done = run_migrate(full_broker, **settings)
    assert done.returncode == 1
    assert said in done.stderr
    assert "rabbitmqctl add_user by_hand" in done.stderr
    assert "rabbitmqctl set_topic_permissions -p / by_hand kip.events" in done.stderr
    assert "secret-word" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    make = 'rabbit_auth_backend_internal:add_user(<<"by_hand">>, <<"secret-word">>, <<"test">>)'
    rights = 'rabbit_auth_backend_internal:set_permissions(<<"by_hand">>, <<"/">>, <<>>, <<>>, <<>>, <<"test">>)'
    full_broker.server.evaluate(f"{make}, {rights}.")
    try:
        done = run_migrate(full_broker, **settings)
        assert done.returncode == 0, done.stderr
        assert "users by_hand: unchanged: RabbitMQ" in done.stdout
    finally:
        full_broker.server.evaluate('rabbit_auth_backend_internal:delete_user(<<"by_hand">>, <<"test">>).')


def test_a_broker_that_is_away_is_said_with_its_variable(full_broker: FullBroker) -> None:
    done = run_migrate(full_broker, KIP_AMQP_URL=f"amqp://kip:x@{LOOPBACK}:{free_port()}/")
    assert done.returncode == 1
    assert "KIP_AMQP_URL: the topology can't be declared" in done.stderr
    assert "Traceback" not in done.stderr
