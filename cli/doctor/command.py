"""The command: runs every check and prints what it found."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Annotated

import typer
from rich.text import Text

from cli.console import out
from cli.doctor.addresses import check_addresses
from cli.doctor.board import check_board
from cli.doctor.broker import check_broker
from cli.doctor.database import check_database
from cli.doctor.finding import Finding, State
from cli.doctor.management import check_management
from cli.doctor.surroundings import check_mail, check_time_zones
from cli.doctor.zalo import check_zalo
from cli.listing import Cell, print_listing
from shared.registry.destinations import Destinations
from shared.runtime.config import Settings, load_settings

COLOURS = {State.GOOD: "green", State.UNSURE: "yellow", State.BAD: "red"}


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check broker, database, board, addresses, Zalo, time zones and mail; exit code 1 if something is wrong."""
    findings = asyncio.run(_all(load_settings()))
    healthy = all(finding.state is not State.BAD for finding in findings)
    if as_json:
        typer.echo(json.dumps({"healthy": healthy, "findings": [asdict(finding) for finding in findings]}))
    else:
        print_listing(out(), ("", "check", "seen", "cure"), [_row(finding) for finding in findings])
    if not healthy:
        raise typer.Exit(1)


async def _all(settings: Settings) -> list[Finding]:
    return [finding async for finding in _findings(settings)]


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    amqp_url = settings.amqp_url.get_secret_value()
    async for finding in check_broker(amqp_url, settings.partitions):
        yield finding
    management = settings.amqp_management_url.get_secret_value() if settings.amqp_management_url else None
    for finding in check_management(management, amqp_url, settings.partitions):
        yield finding
    async for finding in check_database(settings.database_url.get_secret_value(), settings.partitions):
        yield finding
    async for finding in check_board(settings):
        yield finding
    async for finding in check_addresses(settings.database_url.get_secret_value(), Destinations.of(settings)):
        yield finding
    async for finding in check_zalo(settings):
        yield finding
    for finding in check_time_zones():
        yield finding
    yield await check_mail(settings.smtp_url.get_secret_value())


def _row(finding: Finding) -> tuple[Cell, ...]:
    return Text(finding.state, style=COLOURS[finding.state]), finding.check, finding.seen, finding.cure or ""
