"""RabbitMQ's users, one for each service, as definitions: users, permissions, permissions on routing keys.

What the management API takes at /api/definitions (`cli/migrate.py`), and what a broker can import by itself.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable
from typing import Any

from shared.access.logins import Login
from shared.access.role_rights import BROKER_RIGHTS
from shared.broker.topology import EVENTS

HASHING = "rabbit_password_hashing_sha256"


def definitions(logins: Iterable[Login], vhost: str, salt: Callable[[int], bytes]) -> dict[str, list[dict[str, Any]]]:
    """Write the document that makes these users on `vhost`, or brings those that are there up to date."""
    chosen = [(login, BROKER_RIGHTS[login.role]) for login in logins]
    return {
        "users": [
            {
                "name": login.user,
                "password_hash": password_hash(login.password, salt(4)),
                "hashing_algorithm": HASHING,
                "tags": list(rights.tags),
            }
            for login, rights in chosen
        ],
        "permissions": [
            {
                "user": login.user,
                "vhost": vhost,
                "configure": rights.configure,
                "write": rights.write,
                "read": rights.read,
            }
            for login, rights in chosen
        ],
        "topic_permissions": [
            {"user": login.user, "vhost": vhost, "exchange": EVENTS.name, "write": rights.keys, "read": rights.keys}
            for login, rights in chosen
        ],
    }


def password_hash(password: str, salt: bytes) -> str:
    """Hash a password as RabbitMQ keeps it: base64 of the salt (4 bytes) and SHA-256 of salt and password."""
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def by_hand(logins: Iterable[Login], vhost: str) -> list[str]:
    """List the commands that do the same on the broker's own machine. They ask for the passwords instead of showing
    them.
    """
    lines: list[str] = []
    for login in logins:
        who, rights = login.user, BROKER_RIGHTS[login.role]
        lines += [
            f"rabbitmqctl add_user {who}  # or change_password; {login.variable}",
            f"rabbitmqctl set_permissions -p {vhost} {who} '{rights.configure}' '{rights.write}' '{rights.read}'",
            f"rabbitmqctl set_topic_permissions -p {vhost} {who} {EVENTS.name} '{rights.keys}' '{rights.keys}'",
        ]
        if rights.tags:
            lines.append(f"rabbitmqctl set_user_tags {who} {' '.join(rights.tags)}")
    return lines
