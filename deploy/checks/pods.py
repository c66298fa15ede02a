"""What a rendered workload says of its pods, and what is missing in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.broker.client import DRAIN_SECONDS
from shared.database.connections import CLOSE_SECONDS
from shared.http.serve import GRACE_SECONDS
from shared.runtime.config import PREFIX

Manifest = dict[str, Any]
WORKLOADS = ("Deployment", "StatefulSet", "Job")


@dataclass(frozen=True)
class Pod:
    """One workload's pod template. `maps` are the data of the configuration maps of the same rendering, by name."""

    name: str
    labels: Mapping[str, str]
    spec: Manifest
    maps: Mapping[str, Mapping[str, str]]

    @property
    def containers(self) -> list[Manifest]:
        """All of them, those that only prepare too."""
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]

    @property
    def ports(self) -> set[str]:
        """The names of the containers' ports."""
        return {port["name"] for container in self.containers for port in container.get("ports", [])}

    @property
    def is_service(self) -> bool:
        """Whether it runs one of our services."""
        return any(
            container.get("args") in (["intake"], ["aggregation"], ["notifications"], ["board"])
            for container in self.containers
        )

    @property
    def grace(self) -> int:
        """Seconds until it is killed."""
        return int(self.spec.get("terminationGracePeriodSeconds", 30))

    def matches(self, selector: Mapping[str, str]) -> bool:
        """Tell whether these labels select it."""
        return selector.items() <= self.labels.items()

    def settings(self) -> set[str]:
        """List the KIP_ variables that its containers get."""
        direct = {item["name"] for container in self.containers for item in container.get("env", [])}
        sources = [source for container in self.containers for source in container.get("envFrom", [])]
        mapped = {name for source in sources for name in self.maps[source["configMapRef"]["name"]]}
        return {name for name in direct | mapped if name.startswith(PREFIX)}

    def secrets(self) -> set[tuple[str, str]]:
        """List (secret, key) of all that its volumes are made of."""
        sources = [
            source
            for volume in self.spec.get("volumes", [])
            for source in volume.get("projected", {}).get("sources", [])
        ]
        return {
            (source["secret"]["name"], item["key"])
            for source in sources
            if "secret" in source
            for item in source["secret"]["items"]
        }

    def insecurities(self) -> Iterator[str]:
        """Find what Pod Security "restricted" and our own rules ask for and isn't there."""
        yield from rootful(self.spec)
        if self.spec.get("automountServiceAccountToken") is not False:
            yield "gets a token for the Kubernetes API"
        if self.spec.get("enableServiceLinks") is not False:
            yield "gets variables of Services, whose names are our settings' (KIP_INTAKE_PORT)"
        for container in self.containers:
            yield from unconfined(container)
            if ":" not in container["image"] or container["image"].endswith(":latest"):
                yield f"{container['name']}: the image {container['image']} has no version"
            resources = container.get("resources", {})
            if not resources.get("requests") or "memory" not in resources.get("limits", {}):
                yield f"{container['name']}: no requests, or no memory limit"

    def missing_probes(self) -> Iterator[str]:
        """Find probes, and the pause before the end, that a service lacks."""
        for container in self.spec["containers"]:
            for probe, path in (
                ("startupProbe", "/healthz"),
                ("livenessProbe", "/healthz"),
                ("readinessProbe", "/readyz"),
            ):
                if container.get(probe, {}).get("httpGet", {}).get("path") != path:
                    yield f"{container['name']}: {probe} does not ask {path}"
            if "preStop" not in container.get("lifecycle", {}):
                yield f"{container['name']}: no preStop"


def rootful(spec: Manifest) -> Iterator[str]:
    """Say whether a pod's specification lets it run as root, or without the default seccomp profile."""
    security = spec.get("securityContext", {})
    if security.get("runAsNonRoot") is not True or security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "may run as root, or without the default seccomp profile"


def unconfined(container: Manifest) -> Iterator[str]:
    """Say what a container may that it needn't: gain rights, write its root file system."""
    own = container.get("securityContext", {})
    if own.get("allowPrivilegeEscalation") is not False or own.get("capabilities", {}).get("drop") != ["ALL"]:
        yield f"{container['name']}: may gain rights"
    if own.get("readOnlyRootFilesystem") is not True:
        yield f"{container['name']}: its root file system can be written"


def broker_insecurities(cluster: Manifest) -> Iterator[str]:
    """Say what the override of a RabbitmqCluster leaves open: its operator confines neither of the containers."""
    override = cluster["spec"].get("override", {}).get("statefulSet", {}).get("spec", {}).get("template", {})
    spec = override.get("spec", {})
    yield from rootful(spec)
    named = {c["name"]: c for c in [*spec.get("initContainers", []), *spec.get("containers", [])]}
    for name in ("setup-container", "rabbitmq"):
        yield from unconfined(named.get(name, {"name": name}))


def shutdown_seconds(pod: Pod) -> int:
    """Add up how long an orderly stop of one of our services may take at most, from the code's own limits."""
    pause = max(container["lifecycle"]["preStop"]["sleep"]["seconds"] for container in pod.spec["containers"])
    return int(pause + GRACE_SECONDS + DRAIN_SECONDS + CLOSE_SECONDS)


def pods_of(manifests: list[Manifest]) -> list[Pod]:
    """Find the pods of every workload of a rendering."""
    maps = {m["metadata"]["name"]: m["data"] for m in manifests if m["kind"] == "ConfigMap"}
    return [
        Pod(
            f"{manifest['kind']} {manifest['metadata']['name']}",
            manifest["spec"]["template"]["metadata"]["labels"],
            manifest["spec"]["template"]["spec"],
            maps,
        )
        for manifest in manifests
        if manifest["kind"] in WORKLOADS
    ]
