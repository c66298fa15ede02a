"""`kip`: the one console command. Each group of commands has a file of its own, imported only when it is called.

All of them together take a second to import (registry, calendars, HTTP); a script pays only for what it calls.
"""

import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

# Where each command lives: a function, or a `typer.Typer` of further commands.
COMMANDS = {
    "up": "cli.up:up",
    "migrate": "cli.migrate:migrate",
    "check": "cli.registry:check",
    "load": "cli.registry:load",
    "source": "cli.source:source_app",
    "template": "cli.template:template",
    "board": "cli.board:board_app",
    "officer": "cli.officers.command:officer_app",
    "person": "cli.person.command:person_app",
    "alert": "cli.alert:alert_app",
    "bounce": "cli.bounce:bounce_app",
    "zalo": "cli.zalo:zalo_app",
    "post": "cli.post.command:post",
    "rollup": "cli.rollup:rollup",
    "verify": "cli.verify:verify",
    "rebuild": "cli.rebuild:rebuild",
    "replay": "cli.replay.command:replay",
    "dead": "cli.dead.command:dead_app",
    "tick": "cli.tick:tick",
    "doctor": "cli.doctor.command:doctor",
}


class LazyCommands(TyperGroup):
    """Finds a command by its name, and imports it then."""

    def list_commands(self, ctx: Any) -> list[str]:
        """List the names, in the order above."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import a command; None for an unknown one."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        found = getattr(import_module(module), attribute)
        if isinstance(found, typer.Typer):
            return _named(get_group(found), cmd_name)
        single = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
        single.command(cmd_name)(found)
        return get_command(single)


def _named(group: TyperGroup, name: str) -> TyperGroup:
    """Give a group its name, with a description that ends in what is in it."""
    group.name = name
    group.help = f"{(group.help or '').strip().rstrip('.')} ({', '.join(group.commands)})."
    return group


app = typer.Typer(name="kip", cls=LazyCommands, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def kip() -> None:
    """Kịp: figures up the administrative ladder, and alerts in time when a unit falls behind."""


def main() -> None:
    """Run the command; an error that a person can cure is told in a line, without a traceback, with exit code 1."""
    try:
        app()
    except Exception as error:
        failures = import_module("cli.failures")
        if not isinstance(error, failures.EXPECTED):
            raise
        sys.stderr.write(f"kip: {failures.explain(error)}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
