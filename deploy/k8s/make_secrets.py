"""Makes the logins of the services for the overlays whose servers run by their operators, as a list of Secrets:

    python3 deploy/k8s/make_secrets.py | kubectl --namespace kip create --filename -

`create` refuses what is there, so that running servers still know their passwords; `replace` instead of it changes all
passwords (docs/operate/keys.md). Standard library only. With servers elsewhere they come from your secret store.
"""

import json
import sys
from collections.abc import Callable
from secrets import token_hex, token_urlsafe
from typing import Any

ROLES = ("intake", "aggregation", "notifications", "board", "operator")
DATABASE, BROKER = "kip-postgres-rw:5432/kip", "kip-broker:5672/"  # the Services that the operators make


def secrets(random_hex: Callable[[int], str] = token_hex) -> dict[str, Any]:
    """Make a List of one Secret for each service. CloudNativePG reads username and password, the pods the URLs."""
    return {"apiVersion": "v1", "kind": "List", "items": [_secret(role, random_hex) for role in ROLES]}


def _secret(role: str, random_hex: Callable[[int], str]) -> dict[str, Any]:
    user, password = f"kip_{role}", random_hex(24)
    # The board has no user at the broker, but a key to the other services.
    own = {"amqp_url": f"amqp://{user}:{random_hex(24)}@{BROKER}"} if role != "board" else {"key": _key()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/basic-auth",
        "metadata": {
            "name": f"kip-{role}",
            "labels": {"app.kubernetes.io/part-of": "kip", "cnpg.io/reload": "true"},
        },
        "stringData": {
            "username": user,
            "password": password,
            "database_url": f"postgresql://{user}:{password}@{DATABASE}",
            **own,
        },
    }


def _key() -> str:
    """Make a key as `kip source add` does."""
    return f"kip_{token_urlsafe(32)}"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(secrets(), indent=1) + "\n")
