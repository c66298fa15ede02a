"""Invented officers for the places of the made-up year. Their addresses are of a domain that can't exist (RFC 2606)."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass

from sample.duties import HOA_THANG, HUU_LUNG
from sample.scope import Scope
from shared.domain.units import Unit
from shared.programme.model import Programme

COLUMNS = ("name", "role", "unit", "agency", "channels", "language")
DOMAIN = "made-up.example"
# Hòa Thắng has nobody to write to: its lateness shows in the district's digest only.
WITHOUT_OFFICER = frozenset({HOA_THANG})
# Of Lạng Sơn only Hữu Lũng takes part: a digest of the province would name every commune that the sample leaves out.
WITHOUT_PROVINCE_OFFICERS = frozenset({"20@1"})


@dataclass(frozen=True, slots=True)
class Officer:
    """Who is written to about what an agency at a unit owes."""

    name: str
    role: str
    unit: str
    agency: str
    address: str
    language: str = "vi"


def officers(programme: Programme, scope: Scope) -> list[Officer]:
    """Invent one officer for each agency that owes a report, at each unit."""
    found: list[Officer] = []
    for level in ("province", "district", "commune"):
        agencies = dict.fromkeys(
            reporter.agency for report in programme.reports for reporter in report.reporters if reporter.level == level
        )
        for unit in scope.at(level):
            if unit.uid not in WITHOUT_OFFICER | WITHOUT_PROVINCE_OFFICERS:
                found += (_officer(programme, unit, agency) for agency in agencies)
    return found


def _officer(programme: Programme, unit: Unit, agency: str) -> Officer:
    label = programme.agency[agency].label.vi
    return Officer(
        name=f"Cán bộ {unit.code} (hư cấu)",
        role=f"Đầu mối báo cáo, {label}",
        unit=unit.uid,
        agency=agency,
        address=f"{agency}.{unit.code}@{DOMAIN}",
        language="vi",
    )


def address_of(uid: str, agency: str) -> str:
    """Make the address of the officer of an agency at a unit."""
    return f"{agency}.{uid.partition('@')[0]}@{DOMAIN}"


def huu_lung_address() -> str:
    """Return where the digests of Hữu Lũng go."""
    return address_of(HUU_LUNG, "ubnd-huyen")


def as_csv(rows: Iterable[Officer]) -> str:
    """Write a file for `kip officer import`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow((row.name, row.role, row.unit, row.agency, f"email:{row.address}", row.language))
    return text.getvalue()
