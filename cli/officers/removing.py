"""`kip officer remove`: ends an officer's links and messages; the history stays, without their name."""

from cli.console import out
from cli.database import with_database
from cli.officers.looking import AtUnit, ForAgency, Name
from cli.officers.people import described
from cli.officers.register import officer_at
from cli.officers.yes import Yes, agreed
from services.notifications.person_store import Removed, remove


def remove_officer(name: Name, unit: AtUnit, agency: ForAgency = None, yes: Yes = False) -> None:
    """Remove an officer: no message and no link of theirs goes on from now on. Safe to repeat.

    What they were sent and have decided stays, under a number and without their name.
    """

    one = with_database(lambda connection: officer_at(connection, name, unit, agency))
    if one is None:
        out().print(f"nothing to remove: no officer {name} is registered at {unit}", markup=False, soft_wrap=True)
        return
    whom = described(one)
    agreed(f"Remove {whom}?", yes=yes)
    removed = with_database(lambda connection: remove(connection, one.officer))
    for line in (f"removed {whom}", *told(removed)):
        out().print(line, markup=False, soft_wrap=True)


def told(removed: Removed) -> list[str]:
    """Say what ended with an officer."""
    lines = [f"messages on their way that were cancelled: {removed.messages}"]
    if removed.in_hand:
        lines.append(f"a worker had {removed.in_hand} of them: what a provider has by now, it delivers")
    if removed.deputy_of:
        lines.append(f"no deputy any more, told themselves while they are away: {', '.join(removed.deputy_of)}")
    return lines
