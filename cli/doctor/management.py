"""The broker's policies and alarms, as its management API tells: AMQP says nothing of them."""

from collections.abc import Iterator, Mapping
from urllib.parse import quote, unquote, urlsplit

import httpx

from cli.doctor.finding import Finding, bad, good, unsure
from cli.management import management_client
from shared.broker import topology
from shared.runtime import tls

ASK = "set KIP_AMQP_MANAGEMENT_URL (http://user:password@host:15672) to have policies and alarms checked"
WANTED: Mapping[str, str | None] = {"overflow": "reject-publish", "max-length-bytes": None, "delivery-limit": None}
WANTED_OF_JOURNAL: Mapping[str, str | None] = {"max-age": None, "max-length-bytes": None}


def check_management(url: str | None, amqp_url: str, partitions: int) -> Iterator[Finding]:
    """Check the broker's policies and alarms, or say why that can't be done. Without a URL the usual one is tried, and
    may be missing.
    """
    vhost = quote(unquote(urlsplit(amqp_url).path.removeprefix("/")) or "/", safe="")
    try:
        with management_client(url, amqp_url) as client:
            alarms = client.get("/health/checks/alarms")
            if url is None and alarms.is_client_error:
                address = f"{client.base_url.host}:{client.base_url.port}"
                yield unsure("broker.policies", f"{address} answers {alarms.status_code}", ASK)
                return
            yield _alarms(alarms)
            names = [
                *(topology.aggregation_queue(n).name for n in range(partitions)),
                topology.NOTIFICATIONS.name,
                topology.ALERTS.name,
            ]
            yield from (_policy(name, client.get(f"/queues/{vhost}/{name}"), WANTED) for name in names)
            yield _policy(topology.JOURNAL, client.get(f"/queues/{vhost}/{topology.JOURNAL}"), WANTED_OF_JOURNAL)
    except httpx.HTTPError as error:
        reason = tls.reason(error, "AMQP")
        if url is None:
            yield unsure("broker.policies", "not asked: AMQP says nothing of them, and there is no management API", ASK)
        else:
            cure = "mend KIP_AMQP_MANAGEMENT_URL"
            yield bad("broker.management", f"the management API does not answer ({reason})", cure)


def _alarms(answer: httpx.Response) -> Finding:
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        seen = f"an alarm: {answer.json().get('reason', answer.text[:200])}"
        return bad("broker.alarms", seen, "docs/operate/alerts/KipBrokerAlarm.md")
    if answer.is_error:
        return _refused("broker.alarms", answer)
    return good("broker.alarms", "no node has one")


def _policy(name: str, answer: httpx.Response, wanted: Mapping[str, str | None]) -> Finding:
    if answer.is_error:
        return _refused("broker.policies", answer)
    effective = answer.json().get("effective_policy_definition") or {}
    missing = [key for key, value in wanted.items() if key not in effective or value not in {None, effective[key]}]
    if missing:
        cure = "import deploy/rabbitmq/definitions.json (docs/operate/install.md)"
        return unsure("broker.policies", f"{name}: no policy sets {', '.join(missing)}", cure)
    return good("broker.policies", f"{name}: {answer.json().get('policy')}")


def _refused(check: str, answer: httpx.Response) -> Finding:
    cure = "give the user of KIP_AMQP_MANAGEMENT_URL the tag monitoring"
    return bad(check, f"the management API answers {answer.status_code}", cure)
