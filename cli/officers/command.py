"""`kip officer`: who is told, and how: registered from a file, looked at, removed; what they were given, ended."""

import typer

from cli.officers.importing import import_officers
from cli.officers.looking import list_officers, show_officer
from cli.officers.removing import remove_officer
from cli.officers.revoking import revoke_officer

officer_app = typer.Typer(help="Officers: who is told, and how.", no_args_is_help=True)


@officer_app.callback()
def officers() -> None:
    """Officers: who is told, and how."""


officer_app.command("list")(list_officers)
officer_app.command("show")(show_officer)
officer_app.command("import")(import_officers)
officer_app.command("remove")(remove_officer)
officer_app.command("revoke")(revoke_officer)
