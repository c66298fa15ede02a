"""Renders every overlay of deploy/k8s and checks it, by the schemas of Kubernetes and for what they can't know.

`python -m deploy.checks.kubernetes` prints one line a fault and exits with 1 if there is any. Rendering needs kubectl
or kustomize; without them it says so, and on CI that is a fault. The custom resources (RabbitmqCluster, Cluster,
ServiceMonitor, ExternalSecret, …) have no schema here: only what they share with the other files is compared.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
from ruamel.yaml import YAML

from deploy.checks.pods import Manifest, Pod, broker_insecurities, pods_of, shutdown_seconds
from deploy.checks.report import report
from deploy.k8s.make_secrets import secrets
from shared.runtime.config import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]
K8S = ROOT / "deploy" / "k8s"
DEFINITIONS = ROOT / "deploy" / "rabbitmq" / "definitions.json"
SCHEMA_VERSION = "1.37"
BUILT_IN = ("v1", "apps/v1", "batch/v1", "policy/v1", "autoscaling/v2", "networking.k8s.io/v1")
CUSTOM = {
    "RabbitmqCluster": "rabbitmq.com/v1beta1",
    "Policy": "rabbitmq.com/v1beta1",
    "Cluster": "postgresql.cnpg.io/v1",
    "ServiceMonitor": "monitoring.coreos.com/v1",
    "PrometheusRule": "monitoring.coreos.com/v1",
    "ExternalSecret": "external-secrets.io/v1",
}


def renderer() -> list[str] | None:
    """Find the command that renders a kustomization, or None."""
    if kustomize := shutil.which("kustomize"):
        return [kustomize, "build"]
    if kubectl := shutil.which("kubectl"):
        return [kubectl, "kustomize"]
    return None


def render(command: list[str], overlay: Path) -> list[Manifest]:
    """Render the overlay's manifests. Raises CalledProcessError, with the reason in stderr."""
    done = subprocess.run([*command, str(overlay)], check=True, capture_output=True, text=True)  # noqa: S603
    return [manifest for manifest in YAML(typ="safe").load_all(done.stdout) if manifest]


def faults(manifests: list[Manifest]) -> Iterator[str]:
    """Find what is wrong with one rendered overlay."""
    for manifest in manifests:
        yield from (f"{_name(manifest)}: {fault}" for fault in _schema_faults(manifest))
    for pod in pods_of(manifests):
        yield from (f"{pod.name}: {fault}" for fault in _pod_faults(pod))
    for cluster in _of_kind(manifests, "RabbitmqCluster"):
        yield from (f"{_name(cluster)}: {fault}" for fault in broker_insecurities(cluster))
    yield from _reference_faults(manifests)
    yield from _target_faults(manifests)
    yield from _secret_faults(manifests)
    yield from _network_faults(manifests)
    yield from _replica_faults(manifests)


def _schema_faults(manifest: Manifest) -> Iterator[str]:
    version, kind = manifest["apiVersion"], manifest["kind"]
    if version in BUILT_IN:
        try:
            kubernetes_validate.validate(manifest, SCHEMA_VERSION, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{'.'.join(str(part) for part in error.path)}: {error.message}"
    elif CUSTOM.get(kind) != version:
        yield f"{version} is not what we know {kind} by: {CUSTOM.get(kind, 'nothing')}"
    elif "spec" not in manifest:
        yield "has no spec"


def _pod_faults(pod: Pod) -> Iterator[str]:
    yield from pod.insecurities()
    for name in pod.settings():
        field = name.removeprefix(PREFIX).removesuffix("_FILE").lower()
        if field not in Settings.model_fields:
            yield f"{name} is no setting"
    if pod.is_service:
        yield from pod.missing_probes()
        if pod.grace < shutdown_seconds(pod):
            yield f"terminationGracePeriodSeconds {pod.grace}: a stop may take {shutdown_seconds(pod)} s"


def _reference_faults(manifests: list[Manifest]) -> Iterator[str]:
    """Find selectors that select nothing, and ports that nobody has."""
    pods = pods_of(manifests)
    for service in _of_kind(manifests, "Service"):
        selected = [pod for pod in pods if pod.matches(service["spec"]["selector"])]
        if not selected:
            yield f"{_name(service)}: selects no pod"
        for port in service["spec"]["ports"]:
            if any(port["targetPort"] not in pod.ports for pod in selected):
                yield f"{_name(service)}: no container port {port['targetPort']}"
    for budget in _of_kind(manifests, "PodDisruptionBudget"):
        if not any(pod.matches(budget["spec"]["selector"]["matchLabels"]) for pod in pods):
            yield f"{_name(budget)}: selects no pod"


def _target_faults(manifests: list[Manifest]) -> Iterator[str]:
    """Find targets of autoscalers and ways in that don't exist, and hosts without TLS."""
    names = {(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests}
    for scaler in _of_kind(manifests, "HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        if (target["kind"], target["name"]) not in names:
            yield f"{_name(scaler)}: there is no {target['kind']} {target['name']}"
    for ingress in _of_kind(manifests, "Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                if ("Service", path["backend"]["service"]["name"]) not in names:
                    yield f"{_name(ingress)}: there is no Service {path['backend']['service']['name']}"
        hosts = {rule["host"] for rule in ingress["spec"]["rules"]}
        if hosts != {host for entry in ingress["spec"]["tls"] for host in entry["hosts"]}:
            yield f"{_name(ingress)}: not every host has TLS"


def _secret_faults(manifests: list[Manifest]) -> Iterator[str]:
    """Find secrets that pods mount and nobody makes, with their keys, and logins that a pod has and shouldn't."""
    made: set[tuple[str, str]] = set()
    by_hand = secrets()
    for secret in _of_kind(manifests, "Secret"):
        made |= {
            (secret["metadata"]["name"], key) for key in {**secret.get("data", {}), **secret.get("stringData", {})}
        }
    for secret in _of_kind(manifests, "ExternalSecret"):
        made |= {(secret["spec"]["target"]["name"], item["secretKey"]) for item in secret["spec"]["data"]}
    for broker in _of_kind(manifests, "RabbitmqCluster"):  # the operator makes it
        made.add((f"{broker['metadata']['name']}-default-user", "connection_string"))
    for database in _of_kind(manifests, "Cluster"):  # CloudNativePG makes it
        made.add((f"{database['metadata']['name']}-app", "uri"))
        made |= {(secret["metadata"]["name"], key) for secret in by_hand["items"] for key in secret["stringData"]}
    for pod in pods_of(manifests):
        yield from (f"{pod.name}: gets {name}, another's login" for name in sorted(_foreign_logins(pod)))
        yield from (f"{pod.name}: nobody makes the secret {name} with {key}" for name, key in pod.secrets() - made)


def _foreign_logins(pod: Pod) -> set[str]:
    """Find others' logins among the pod's secrets. Only the job that makes them has more than its own."""
    if pod.labels["app.kubernetes.io/name"] == "kip-prepare":
        return set()
    return {name for name, _ in pod.secrets()} - {"kip-smtp", pod.labels["app.kubernetes.io/name"]}


def _network_faults(manifests: list[Manifest]) -> Iterator[str]:
    policies = _of_kind(manifests, "NetworkPolicy")
    closed = [policy for policy in policies if policy["spec"]["podSelector"] == {}]
    if not any(set(p["spec"]["policyTypes"]) == {"Ingress", "Egress"} and len(p["spec"]) == 2 for p in closed):
        yield "no NetworkPolicy denies everything by default"
    if not any(policy["metadata"]["name"] == "services-to-servers" for policy in policies):
        yield "no NetworkPolicy lets the services reach broker and database"
    for namespace in _of_kind(manifests, "Namespace"):
        if namespace["metadata"]["labels"].get("pod-security.kubernetes.io/enforce") != "restricted":
            yield f"{_name(namespace)}: Pod Security is not restricted"


def _replica_faults(manifests: list[Manifest]) -> Iterator[str]:
    """Compare what stands in two places: the number of aggregation replicas, and the broker's policies."""
    for pods in _of_kind(manifests, "StatefulSet"):
        environment = {item["name"]: item for item in pods["spec"]["template"]["spec"]["containers"][0]["env"]}
        said, replicas = environment["KIP_REPLICAS"]["value"], pods["spec"]["replicas"]
        if said != str(replicas):
            yield f"{_name(pods)}: KIP_REPLICAS is {said}, replicas {replicas}"
    policies = {it["name"]: it for it in json.loads(DEFINITIONS.read_text(encoding="utf-8"))["policies"]}
    found = {policy["spec"]["name"]: policy["spec"] for policy in _of_kind(manifests, "Policy")}
    for name in sorted((policies.keys() | found.keys()) if found else ()):
        one, other = policies.get(name, {}), found.get(name, {})
        if [one.get(key) for key in ("pattern", "definition")] != [other.get(key) for key in ("pattern", "definition")]:
            yield f"Policy {name}: differs from {DEFINITIONS.relative_to(ROOT)}"


def _of_kind(manifests: Iterable[Manifest], kind: str) -> list[Manifest]:
    return [manifest for manifest in manifests if manifest["kind"] == kind]


def _name(manifest: Manifest) -> str:
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def main() -> int:
    command = renderer()
    if command is None:
        sys.stdout.write("deploy/k8s: not rendered and not checked: neither kubectl nor kustomize is installed\n")
        return 1 if os.environ.get("CI") else 0
    found: list[str] = []
    for overlay in sorted(path.parent for path in K8S.glob("overlays/*/kustomization.yaml")):
        try:
            manifests: list[Any] = render(command, overlay)
        except subprocess.CalledProcessError as error:
            found.append(f"{overlay.name}: {error.stderr.strip()}")
        else:
            found += [f"{overlay.name}: {fault}" for fault in faults(manifests)]
    return report(found)


if __name__ == "__main__":
    sys.exit(main())
