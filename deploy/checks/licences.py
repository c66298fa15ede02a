"""The licences of what the image contains: the packages that uv.lock gives without the groups for development."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Free to run and to pass on with ours (Apache-2.0), and nothing that binds the whole.
FREE = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|Unlicense|Mozilla Public License 2.0|MPL-2.0|0BSD|CC0"
)


class LicenceError(Exception):
    """A package may not be shipped. Its text names it and its licence."""


def shipped() -> list[str]:
    """List the packages in the image, on this machine's platform."""
    with (ROOT / "uv.lock").open("rb") as file:
        locked = {package["name"]: package for package in tomllib.load(file)["package"]}

    def needed(name: str, extras: tuple[str, ...] = ()) -> Iterator[str]:
        package = locked[name]
        optional = package.get("optional-dependencies", {})
        wanted = [*package.get("dependencies", []), *(item for extra in extras for item in optional.get(extra, []))]
        for item in wanted:
            yield item["name"]
            yield from needed(item["name"], tuple(item.get("extra", ())))

    return sorted(set(needed("kip")))


def licences_page() -> str:
    """Write the table of the licences. Raises LicenceError for a licence that is not known to be free."""
    command = [sys.executable, "-m", "piplicenses", "--format=json", "--from=mixed", "--packages"]
    listing = subprocess.run([*command, *shipped()], check=True, capture_output=True, text=True)  # noqa: S603
    rows = sorted(json.loads(listing.stdout), key=lambda row: row["Name"].lower())
    refused = [f"{row['Name']}: {row['License']}" for row in rows if not FREE.search(row["License"])]
    if refused:
        raise LicenceError(f"not known to be free: {', '.join(refused)}")
    return "\n".join(
        [
            "# Licences",
            "",
            "<!-- Made from uv.lock by `python -m deploy.checks.generated --write`. -->",
            "",
            "What the image contains beside Kịp (Apache-2.0) and Python. Versions and hashes stand in `uv.lock`,",
            "and in the image's bill of materials, `/app/sbom.cdx.json` (CycloneDX).",
            "",
            "| package | licence |",
            "|---|---|",
            *(f"| {row['Name']} | {row['License']} |" for row in rows),
            "",
        ]
    )
