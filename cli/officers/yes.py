"""The question before what can't be undone."""

from typing import Annotated

import typer

Yes = Annotated[bool, typer.Option("--yes", help="Don't ask.")]


def agreed(question: str, *, yes: bool) -> None:
    """Ask, unless `yes` was said; end the command where the answer is no, or nobody is there to answer."""
    if not yes and not typer.confirm(question):
        typer.echo("kip: nothing was changed", err=True)
        raise typer.Exit(1)
