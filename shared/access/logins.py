"""The user and password that a service's URL names: what the migration job makes, the service then uses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

from shared.access.role_rights import BROKER_RIGHTS, ROLES
from shared.runtime.config import PREFIX, Settings, SettingsError


@dataclass(frozen=True, slots=True)
class Login:
    """`role` is one of ROLES, `variable` the setting (KIP_INTAKE_DATABASE_URL) that `url` comes from."""

    role: str
    variable: str
    url: str
    user: str
    password: str


def logins(settings: Settings, server: Literal["database", "amqp"]) -> Mapping[str, Login]:
    """Read the logins that the settings give for one server, by role.

    Raises SettingsError for a URL without user or password, and for a user that two roles, or a role and the migration
    job itself, would share: rights that are shared are no rights.
    """
    owner = f"{PREFIX}{server.upper()}_URL"
    owner_url = getattr(settings, f"{server}_url").get_secret_value()
    taken = {unquote(urlsplit(owner_url).username or ""): owner}
    found: dict[str, Login] = {}
    for role in ROLES if server == "database" else BROKER_RIGHTS:
        variable, secret = f"{PREFIX}{role.upper()}_{server.upper()}_URL", getattr(settings, f"{role}_{server}_url")
        if secret is None:
            continue
        url = secret.get_secret_value()
        parts = urlsplit(url)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        if not user or not password:
            raise SettingsError(f"{variable}: expected a user and a password in it")
        if user in taken:
            raise SettingsError(f"{variable}: names the user {user}, as {taken[user]} does: give each its own")
        taken[user] = variable
        found[role] = Login(role, variable, url, user, password)
    return found
