"""The broker's policies and alarms, as its management API tells: AMQP says nothing of them."""

from collections.abc import Iterator
from urllib.parse import quote, unquote, urlsplit

import httpx

from cli.doctor.finding import Finding, bad, good, unsure
from shared import topology

ASK = "set KIP_AMQP_MANAGEMENT_URL (http://user:password@host:15672) to have policies and alarms checked"
USUAL = {"amqp": ("http", 15672), "amqps": ("https", 15671)}
WANTED = {"overflow": "reject-publish", "max-length-bytes": None, "delivery-limit": None}


def check_management(url: str | None, amqp_url: str, partitions: int) -> Iterator[Finding]:
    """The findings, or one that says why there are none. Without a URL the usual one is tried, and may be missing."""
    parts = urlsplit(url or usual_url(amqp_url))
    credentials = (unquote(parts.username or ""), unquote(parts.password or ""))
    address = f"{parts.scheme}://{parts.hostname}:{parts.port or 15672}/api"
    vhost = quote(unquote(urlsplit(amqp_url).path.removeprefix("/")) or "/", safe="")
    try:
        with httpx.Client(auth=credentials, timeout=10, trust_env=False) as client:
            alarms = client.get(f"{address}/health/checks/alarms")
            if url is None and alarms.is_client_error:
                yield unsure("broker.policies", f"{address} answers {alarms.status_code}", ASK)
                return
            yield _alarms(alarms)
            names = [
                *(topology.aggregation_queue(n).name for n in range(partitions)),
                topology.NOTIFICATIONS.name,
                topology.ALERTS.name,
            ]
            yield from (_policy(name, client.get(f"{address}/queues/{vhost}/{name}")) for name in names)
    except httpx.HTTPError as error:
        reason = f"{type(error).__name__}: {error}"
        if url is None:
            yield unsure("broker.policies", "not asked: AMQP says nothing of them, and there is no management API", ASK)
        else:
            cure = "mend KIP_AMQP_MANAGEMENT_URL"
            yield bad("broker.management", f"the management API does not answer ({reason})", cure)


def usual_url(amqp_url: str) -> str:
    """The management API's usual address beside `amqp_url`, with the same user; encrypted where AMQP is."""
    parts = urlsplit(amqp_url)
    scheme, port = USUAL.get(parts.scheme, USUAL["amqp"])
    user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    return f"{scheme}://{user}{parts.hostname}:{port}"


def _alarms(answer: httpx.Response) -> Finding:
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        seen = f"an alarm: {answer.json().get('reason', answer.text[:200])}"
        return bad("broker.alarms", seen, "docs/operate/alerts/KipBrokerAlarm.md")
    if answer.is_error:
        return _refused("broker.alarms", answer)
    return good("broker.alarms", "no node has one")


def _policy(name: str, answer: httpx.Response) -> Finding:
    if answer.is_error:
        return _refused("broker.policies", answer)
    effective = answer.json().get("effective_policy_definition") or {}
    missing = [key for key, value in WANTED.items() if key not in effective or value not in {None, effective[key]}]
    if missing:
        cure = "import deploy/rabbitmq/definitions.json (docs/operate/install.md)"
        return unsure("broker.policies", f"{name}: no policy sets {', '.join(missing)}", cure)
    return good("broker.policies", f"{name}: {answer.json().get('policy')}")


def _refused(check: str, answer: httpx.Response) -> Finding:
    cure = "give the user of KIP_AMQP_MANAGEMENT_URL the tag monitoring"
    return bad(check, f"the management API answers {answer.status_code}", cure)
