"""The rendered overlays, and that the check of them finds what it is for."""

import copy
import os
from collections.abc import Callable
from typing import Any

import pytest

from deploy.checks.kubernetes import K8S, faults, render, renderer

Manifests = list[dict[str, Any]]
OVERLAYS = ("dev", "production", "production-external")


def rendered(overlay: str) -> Manifests:
    command = renderer()
    if command is None and not os.environ.get("CI"):
        pytest.skip("needs kubectl or kustomize to render: install one")
    assert command is not None, "CI must have kubectl or kustomize"
    return render(command, K8S / "overlays" / overlay)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_has_no_fault(overlay: str) -> None:
    assert list(faults(rendered(overlay))) == []


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


def _short_grace(manifests: Manifests) -> None:
    workload = next(m for m in manifests if m["kind"] == "Deployment" and m["metadata"]["name"] == "kip-intake")
    workload["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 30


def _other_replicas(manifests: Manifests) -> None:
    next(m for m in manifests if m["kind"] == "StatefulSet")["spec"]["replicas"] = 3


def _no_secret(manifests: Manifests) -> None:
    manifests[:] = [m for m in manifests if m["kind"] != "RabbitmqCluster"]


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
        (_short_grace, "terminationGracePeriodSeconds 30: a stop may take 45 s"),
        (_other_replicas, "KIP_REPLICAS is 2, replicas 3"),
        (_no_secret, "nobody makes the secret kip-broker-default-user with connection_string"),
        (_wrong_port, "no container port web"),
        (_no_default_deny, "no NetworkPolicy denies everything by default"),
        (_other_policy, "differs from deploy/rabbitmq/definitions.json"),
    ],
)
def test_a_fault_is_found(spoil: Callable[[Manifests], None], said: str) -> None:
    manifests = copy.deepcopy(rendered("production"))
    spoil(manifests)
    assert any(said in fault for fault in faults(manifests)), list(faults(manifests))
