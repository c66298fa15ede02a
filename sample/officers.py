"""Invented officers for the places of the made-up year. Their addresses are of a domain that can't exist (RFC 2606)."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass

from sample.duties import HOA_THANG, HUU_LUNG, YEAR, in_time_of
from sample.scope import Scope
from sample.workdays import CALENDAR
from shared.domain.seats import superiors
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
    """Who is written to about what an agency at a unit owes, or about what others owe that report to it."""

    name: str
    role: str
    unit: str
    agency: str
    address: str
    language: str = "vi"


def officers(programme: Programme, scope: Scope) -> list[Officer]:
    """Invent one officer for each agency that owes a report of the year or is reported to by one, at each unit.

    None at the ministry: it would hear of every province and district of the nation, and the sample leaves most out.
    """
    found: list[Officer] = []
    owing = [
        reporter
        for report in programme.reports
        for reporter in report.reporters
        if any(in_time_of(reporter.since, reporter.until, period) for period in CALENDAR.parts(YEAR, report.period))
    ]
    end = CALENDAR.end(YEAR)
    concerned = dict.fromkeys(reporter.agency for reporter in owing)
    for agency in list(concerned):
        concerned.update(dict.fromkeys(superiors(programme, agency, end)))
    for level in ("province", "district", "commune"):
        agencies = [agency for agency in concerned if programme.agency[agency].level == level]
        for unit in scope.at(level):
            if unit.uid not in WITHOUT_OFFICER | WITHOUT_PROVINCE_OFFICERS:
                found += (_officer(unit, agency) for agency in agencies)
    return found


def _officer(unit: Unit, agency: str) -> Officer:
    return Officer(
        name=f"Cán bộ {unit.code} (hư cấu)",
        role="cán bộ đầu mối báo cáo",
        unit=unit.uid,
        agency=agency,
        address=f"{agency}.{unit.code}@{DOMAIN}",
        language="vi",
    )


def address_of(uid: str, agency: str) -> str:
    """Make the address of the officer of an agency at a unit."""
    return f"{agency}.{uid.partition('@')[0]}@{DOMAIN}"


def huu_lung_address() -> str:
    """Return where the digests of Hữu Lũng go: to the office to which its communes report."""
    return address_of(HUU_LUNG, "phong-ldtbxh-dt-huyen")


def as_csv(rows: Iterable[Officer]) -> str:
    """Write a file for `kip officer import`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow((row.name, row.role, row.unit, row.agency, f"email:{row.address}", row.language))
    return text.getvalue()
