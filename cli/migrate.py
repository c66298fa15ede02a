"""`kip migrate`: brings database and broker to this version, and makes the login of each service."""

import asyncio
import os
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated
from urllib.parse import unquote, urlsplit

import aio_pika
import httpx
import typer
from aio_pika.exceptions import AMQPError, ProbableAuthenticationError

from cli.console import out
from cli.management import management_client
from shared.access import broker_users
from shared.access.logins import Login, logins
from shared.access.role_rights import BROKER_RIGHTS, ROLES
from shared.access.role_store import by_hand, give_rights, let_read_statistics, make_roles
from shared.broker import topology
from shared.database import migration
from shared.database.connections import Hosts
from shared.runtime import tls
from shared.runtime.clock import SystemClock
from shared.runtime.config import PREFIX, Settings, load_settings


class BrokerError(ConnectionError):
    """The broker can't be used as it is. Its text says what to do."""


class Server(StrEnum):
    """One of the two servers."""

    DATABASE = "database"
    BROKER = "broker"


def migrate(
    only: Annotated[Server | None, typer.Option(help="Only one of the two servers; both if absent.")] = None,
) -> None:
    """Bring database and broker to this version. Safe to run again, and by several at once.

    Its own URLs (KIP_DATABASE_URL, KIP_AMQP_URL) are those of the tables' owner and of an administrator of the broker.
    Each KIP_<SERVICE>_DATABASE_URL and KIP_<SERVICE>_AMQP_URL is a login that is made, with the least rights.
    """
    settings = load_settings()
    roles, users = logins(settings, "database"), logins(settings, "amqp")
    if only is not Server.BROKER:
        _tell(asyncio.run(_migrate_database(settings, roles)), "DATABASE", roles)
    if only is not Server.DATABASE:
        _tell(asyncio.run(_prepare_broker(settings, users)), "AMQP", users)


async def _migrate_database(settings: Settings, roles: Mapping[str, Login]) -> list[str]:
    url = settings.database_url.get_secret_value()
    connection = await Hosts(url).connect(server_settings={"application_name": "kip-migrate"})
    try:
        made = await make_roles(connection, roles.values())
        applied = await migration.migrate(url, SystemClock().now(), lambda within: give_rights(within, made.there))
        out(soft_wrap=True).print(
            f"applied {', '.join(applied)}" if applied else "the database is up to date", highlight=False
        )
        said = [f"role {login.user} of {login.role}: its rights are those of this version" for login in made.there]
        said += await let_read_statistics(connection, made.there)
    finally:
        await connection.close(timeout=5)
    if made.to_run:
        raise by_hand(made)
    return said


async def _prepare_broker(settings: Settings, users: Mapping[str, Login]) -> list[str]:
    url = settings.amqp_url.get_secret_value()
    try:
        await topology.declare(url, settings.partitions)
    except (AMQPError, OSError, TimeoutError) as error:
        raise BrokerError(f"KIP_AMQP_URL: the topology can't be declared: {tls.reason(error, 'AMQP')}") from None
    said = [f"{settings.partitions} partitions: exchanges and queues are there"]
    if users:
        said += await _make_users(settings, users)
    return said


async def _make_users(settings: Settings, users: Mapping[str, Login]) -> list[str]:
    """Make the users by the management API; where it can't be used, users that are there and get in are taken as they
    are.
    """
    amqp_url = settings.amqp_url.get_secret_value()
    vhost = unquote(urlsplit(amqp_url).path.removeprefix("/")) or "/"
    refused = _import(settings, broker_users.definitions(users.values(), vhost, os.urandom))
    missing = [login for login in users.values() if not await _gets_in(login)]
    if refused is None and missing:
        raise BrokerError(f"{missing[0].variable}: RabbitMQ refuses the user that was made: does it name {vhost}?")
    if missing:
        commands = "\n".join(broker_users.by_hand(missing, vhost))
        raise BrokerError(
            f"{refused}: so it can't make the services' users. Set KIP_AMQP_MANAGEMENT_URL with an administrator in "
            f"it, or run on the broker, then 'kip migrate' again:\n{commands}"
        )
    names = ", ".join(login.user for login in users.values())
    return [
        f"users {names}: {'their rights are those of this version' if refused is None else f'unchanged: {refused}'}"
    ]


def _import(settings: Settings, definitions: Mapping[str, object]) -> str | None:
    """Give the definitions to the management API; why it doesn't take them, or None."""
    given = settings.amqp_management_url.get_secret_value() if settings.amqp_management_url else None
    with management_client(given, settings.amqp_url.get_secret_value()) as client:
        place = f"RabbitMQ's management API at {client.base_url.host}:{client.base_url.port}"
        try:
            answer = client.post("/definitions", json=definitions)
        except httpx.HTTPError as error:
            return f"{place} does not answer ({tls.reason(error, 'AMQP')})"
    return f"{place} answers {answer.status_code} {answer.text[:200]}".rstrip() if answer.is_error else None


async def _gets_in(login: Login) -> bool:
    """Tell whether a service's login is let in, by the URL that the service will use."""
    try:
        connection = await aio_pika.connect(login.url, timeout=10)
    except ProbableAuthenticationError:
        return False
    except (AMQPError, OSError, TimeoutError) as error:
        raise BrokerError(f"{login.variable}: no connection: {tls.reason(error, 'AMQP')}") from None
    await connection.close()
    return True


def _tell(lines: Iterable[str], server: str, made: Mapping[str, Login]) -> None:
    for line in lines:
        out(soft_wrap=True).print(line, highlight=False, markup=False)
    roles = ROLES if server == "DATABASE" else BROKER_RIGHTS
    absent = [f"{PREFIX}{role.upper()}_{server}_URL" for role in roles if role not in made]
    if made and absent:
        out(soft_wrap=True).print(f"not set, so not made: {', '.join(absent)}", highlight=False)
