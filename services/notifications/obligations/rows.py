"""An obligation as the API shows it: under its name, with words for people where they are asked for. Pure."""

import json
from collections.abc import Mapping
from datetime import datetime

from services.notifications.read_store import ObligationRow
from shared.domain.obligation_name import ObligationName
from shared.domain.offices import seated
from shared.domain.periods import period_words
from shared.registry.snapshot import Registry

Shown = dict[str, object]  # a JSON object of a response


def named(row: ObligationRow, epoch: int) -> str:
    """Write the row's name."""
    return str(ObligationName(row.programme, row.report, row.unit, row.agency, row.period, epoch))


def shown_obligation(row: ObligationRow, epoch: int, labels: Mapping[str, str] | None = None) -> Shown:
    """Show an obligation, with its labels where there are any."""
    shift = json.loads(row.shifted_because) if row.shifted_because else None
    times = {"due_at": row.due_at.isoformat(), "met_at": instant_text(row.met_at)}
    return {**row._asdict(), **times, "id": named(row, epoch), "shifted_because": shift, **(labels or {})}


def labels_of(registry: Registry, row: ObligationRow | ObligationName, language: str) -> dict[str, str]:
    """Name what the row is about, in `language` where the programme has it; what isn't loaded by its slug or uid."""
    programme = registry.programmes.get(row.programme)
    spoken = language if programme is None else programme.language_for(language)
    report = None if programme is None else programme.report.get(row.report)
    return {
        **owner_labels(registry, row.programme, row.unit, row.agency, language),
        "report_name": row.report if report is None or programme is None else programme.text(report.label, spoken),
        "period_name": period_words(row.period).in_language(spoken),
    }


def owner_labels(registry: Registry, slug: str, uid: str, agency: str, language: str) -> dict[str, str]:
    """Name programme, unit and agency likewise; the owner as letters do: «UBND xã Yên Vượng»."""
    unit, programme = registry.units.get(uid), registry.programmes.get(slug)
    unit_name = unit.name if unit is not None else uid
    labels = {**programme_labels(registry, slug, language), "unit_name": unit_name}
    if programme is None:
        return {**labels, "agency_name": agency, "owner_name": f"{agency}, {unit_name}"}
    spoken, agency_name = programme.language_for(language), programme.agency_name(agency, language)
    owner = f"{agency_name}, {unit_name}" if unit is None else seated(agency_name, unit, spoken)
    return {**labels, "agency_name": agency_name, "owner_name": owner}


def programme_labels(registry: Registry, slug: str, language: str) -> dict[str, str]:
    """Name a programme likewise, whole and in a few words."""
    programme = registry.programmes.get(slug)
    if programme is None:
        return {"programme_name": slug, "programme_short": slug}
    spoken = programme.language_for(language)
    return {
        "programme_name": programme.text(programme.label, spoken),
        "programme_short": programme.text(programme.short or programme.label, spoken),
    }


def instant_text(at: datetime | None) -> str | None:
    """Write an instant as JSON has it."""
    return at.isoformat() if at else None
