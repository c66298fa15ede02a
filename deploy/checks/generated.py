"""Files that follow from others: `python -m deploy.checks.generated` checks them, `--write` makes them current."""

import io
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from ruamel.yaml import YAML

from deploy.checks.errors_page import errors_page
from deploy.checks.licences import licences_page
from deploy.grafana.dashboards import DASHBOARDS, as_json
from shared.runtime.config import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "python -m deploy.checks.generated --write"
RULES = ROOT / "deploy" / "prometheus" / "rules"


def files() -> Mapping[str, Callable[[], str]]:
    """Map each generated file's path in the repository to what makes its text."""
    boards = {
        f"deploy/grafana/dashboards/{name}": (lambda board=board: as_json(board)) for name, board in DASHBOARDS.items()
    }
    return {
        "docs/errors.md": errors_page,
        "docs/operate/configure.md": configure_page,
        "docs/operate/licences.md": licences_page,
        "deploy/k8s/components/monitoring/prometheus-rules.yaml": prometheus_rules,
        **boards,
    }


def configure_page() -> str:
    """Describe every setting, from the model that reads them."""
    lines = [
        "# Configure",
        "",
        f"<!-- Made from shared/runtime/config.py by `{COMMAND}`. -->",
        "",
        "Settings are environment variables and nothing else. A bad value stops the start and names the variable.",
        "Each may also come from a file, named by the same variable with `_FILE` at its end (`KIP_AMQP_URL_FILE`):",
        "that is the way for those marked *secret*. Durations are seconds, sizes bytes.",
        "",
        "| variable | default | allowed | meaning |",
        "|---|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        variable = f"`{PREFIX}{name.upper()}`" + (
            " *secret*" if SecretStr in (field.annotation, *getattr(field.annotation, "__args__", ())) else ""
        )
        lines.append(f"| {variable} | {_default(field)} | {_allowed(field)} | {field.description} |")
    return "\n".join([*lines, ""])


def prometheus_rules() -> str:
    """Write the rule files as one PrometheusRule, for the Prometheus operator."""
    yaml = YAML()
    yaml.width = 10_000
    groups = [group for path in sorted(RULES.glob("*.yml")) for group in yaml.load(path)["groups"]]
    document = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "kip"},
        "spec": {"groups": groups},
    }
    text = io.StringIO()
    text.write(f"# Made from deploy/prometheus/rules by `{COMMAND}`.\n")
    yaml.dump(document, text)
    return text.getvalue()


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**must be set**"
    value = field.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    return "none" if value is None or value is PydanticUndefined else f"`{value}`"


def _allowed(field: FieldInfo) -> str:
    words = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    bounds = [
        f"{sign} {getattr(item, name)}"
        for item in field.metadata
        for name, sign in words.items()
        if getattr(item, name, None) is not None
    ]
    choices: Any = getattr(field.annotation, "__args__", ())
    named = [f"`{choice}`" for choice in choices if isinstance(choice, str)]
    return ", ".join(bounds or named)


def main(arguments: list[str]) -> int:
    stale = []
    for name, make in files().items():
        path, text = ROOT / name, make()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if "--write" in arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        else:
            stale.append(name)
    sys.stdout.writelines(f"{name}: not what its source gives: run {COMMAND}\n" for name in stale)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
