"""The rendered overlays, and that the check of them finds what it is for."""

import copy
import os
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from deploy.checks.kubernetes import K8S, faults, render, renderer
from deploy.checks.pods import pods_of
from deploy.k8s.make_secrets import secrets
from shared.access.role_rights import READS_STATISTICS, ROLES

Manifests = list[dict[str, Any]]
OVERLAYS = ("dev", "production", "production-external")


def rendered(overlay: str) -> Manifests:
    command = renderer()
    if command is None and not os.environ.get("CI"):
        pytest.skip("needs kubectl or kustomize to render: install one")
    assert command is not None, "CI must have kubectl or kustomize"
    return render(command, K8S / "overlays" / overlay)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_only_the_job_has_more_than_its_own_login(overlay: str) -> None:
    pods = {
        pod.labels["app.kubernetes.io/name"]: {name for name, _ in pod.secrets()} for pod in pods_of(rendered(overlay))
    }
    assert pods["kip-intake"] == {"kip-intake"}
    assert pods["kip-aggregation"] == {"kip-aggregation"}
    assert pods["kip-notifications"] == {"kip-notifications", "kip-smtp"}
    assert pods["kip-board"] == {"kip-board"}
    assert pods["kip-operator"] == {"kip-operator", "kip-smtp"}
    logins = {f"kip-{role}" for role in ROLES}
    assert pods["kip-prepare"] == {"kip-postgres-app", "kip-broker-default-user", *logins}


def test_the_database_s_operator_makes_the_roles_that_the_secrets_name() -> None:
    (cluster,) = [m for m in rendered("production") if m["kind"] == "Cluster"]
    made = {role["passwordSecret"]["name"]: role["name"] for role in cluster["spec"]["managed"]["roles"]}
    given = {secret["metadata"]["name"]: secret["stringData"] for secret in secrets()["items"]}
    assert made == {name: keys["username"] for name, keys in given.items()}
    assert set(made.values()) == {f"kip_{role}" for role in ROLES}
    for keys in given.values():
        assert urlsplit(keys["database_url"]).password == keys["password"]
    readers = {
        role["name"] for role in cluster["spec"]["managed"]["roles"] if "pg_read_all_stats" in role.get("inRoles", ())
    }
    assert readers == {f"kip_{role}" for role in READS_STATISTICS}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_has_no_fault(overlay: str) -> None:
    assert list(faults(rendered(overlay))) == []


@pytest.mark.parametrize("overlay", ["production", "production-external"])
def test_senders_are_sent_to_the_host_of_aggregation_and_officers_to_the_board_s(overlay: str) -> None:
    manifests = rendered(overlay)
    (settings,) = (m["data"] for m in manifests if m["kind"] == "ConfigMap" and "KIP_BIND" in m["data"])
    (ingress,) = (m["spec"] for m in manifests if m["kind"] == "Ingress")
    services = {
        rule["host"]: {path["backend"]["service"]["name"] for path in rule["http"]["paths"]}
        for rule in ingress["rules"]
    }
    assert services[urlsplit(settings["KIP_AGGREGATION_URL"]).hostname] == {"kip-aggregation"}
    assert services[urlsplit(settings["KIP_PUBLIC_URL"]).hostname] == {"kip-board"}
    assert "kip-notifications" not in set().union(*services.values())


def test_all_overlays_are_checked() -> None:
    assert {path.parent.name for path in K8S.glob("overlays/*/kustomization.yaml")} == set(OVERLAYS)


def _container(manifests: Manifests, kind: str, name: str) -> dict[str, Any]:
    workload = next(m for m in manifests if (m["kind"], m["metadata"]["name"]) == (kind, name))
    found: dict[str, Any] = workload["spec"]["template"]["spec"]["containers"][0]
    return found


def _unknown_field(manifests: Manifests) -> None:
    _container(manifests, "Deployment", "kip-intake")["imagePullPolice"] = "Always"


def _no_version(manifests: Manifests) -> None:
    _container(manifests, "Deployment", "kip-intake")["image"] = "kip"


def _writable(manifests: Manifests) -> None:
    _container(manifests, "Deployment", "kip-intake")["securityContext"]["readOnlyRootFilesystem"] = False


def _writable_broker(manifests: Manifests) -> None:
    cluster = next(m for m in manifests if m["kind"] == "RabbitmqCluster")
    spec = cluster["spec"]["override"]["statefulSet"]["spec"]["template"]["spec"]
    del spec["containers"][0]["securityContext"]["readOnlyRootFilesystem"]


def _broker_without_override(manifests: Manifests) -> None:
    del next(m for m in manifests if m["kind"] == "RabbitmqCluster")["spec"]["override"]


def _short_grace(manifests: Manifests) -> None:
    workload = next(m for m in manifests if m["kind"] == "Deployment" and m["metadata"]["name"] == "kip-intake")
    workload["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 30


def _other_replicas(manifests: Manifests) -> None:
    next(m for m in manifests if m["kind"] == "StatefulSet")["spec"]["replicas"] = 3


def _no_secret(manifests: Manifests) -> None:
    manifests[:] = [m for m in manifests if m["kind"] != "RabbitmqCluster"]


def _owner_login(manifests: Manifests) -> None:
    workload = next(m for m in manifests if m["kind"] == "Deployment" and m["metadata"]["name"] == "kip-intake")
    (source,) = workload["spec"]["template"]["spec"]["volumes"][0]["projected"]["sources"]
    source["secret"] = {"name": "kip-postgres-app", "items": [{"key": "uri", "path": "database_url"}]}


def _no_login(manifests: Manifests) -> None:
    manifests[:] = [m for m in manifests if (m["kind"], m["apiVersion"]) != ("Cluster", "postgresql.cnpg.io/v1")]


def _wrong_port(manifests: Manifests) -> None:
    service = next(m for m in manifests if m["kind"] == "Service" and m["metadata"]["name"] == "kip-intake")
    service["spec"]["ports"][0]["targetPort"] = "web"


def _no_default_deny(manifests: Manifests) -> None:
    manifests[:] = [m for m in manifests if m["metadata"]["name"] != "default-deny"]


def _other_policy(manifests: Manifests) -> None:
    next(m for m in manifests if m["kind"] == "Policy")["spec"]["definition"]["overflow"] = "drop-head"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_unknown_field, "imagePullPolice"),
        (_no_version, "the image kip has no version"),
        (_writable, "its root file system can be written"),
        (_writable_broker, "RabbitmqCluster kip-broker: rabbitmq: its root file system can be written"),
        (_broker_without_override, "RabbitmqCluster kip-broker: setup-container: may gain rights"),
        (_short_grace, "terminationGracePeriodSeconds 30: a stop may take 45 s"),
        (_other_replicas, "KIP_REPLICAS is 2, replicas 3"),
        (_no_secret, "nobody makes the secret kip-broker-default-user with connection_string"),
        (_owner_login, "Deployment kip-intake: gets kip-postgres-app, another's login"),
        (_no_login, "nobody makes the secret kip-intake with database_url"),
        (_wrong_port, "no container port web"),
        (_no_default_deny, "no NetworkPolicy denies everything by default"),
        (_other_policy, "differs from deploy/rabbitmq/definitions.json"),
    ],
)
def test_a_fault_is_found(spoil: Callable[[Manifests], None], said: str) -> None:
    manifests = copy.deepcopy(rendered("production"))
    spoil(manifests)
    assert any(said in fault for fault in faults(manifests)), list(faults(manifests))
