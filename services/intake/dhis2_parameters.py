"""What a DHIS2 import may ask for, in its query or its body: each is done, refused by name, or changes nothing.

Source: the tables of import parameters in DHIS2's web API documentation, 2.36 to 2.43.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from services.intake.request_errors import Fault, RefusedError
from services.intake.request_words import RequestWords

SCHEMES = frozenset(
    {
        "idScheme", "dataElementIdScheme", "orgUnitIdScheme", "dataSetIdScheme", "categoryOptionComboIdScheme",
        "attributeOptionComboIdScheme", "categoryIdScheme", "categoryOptionIdScheme",
    }
)  # fmt: skip
_STRATEGY = frozenset({"importStrategy", "strategy"})
OF_VALUES = SCHEMES | _STRATEGY | {"dryRun", "async", "firstRowIsHeader"}
OF_COMPLETIONS = SCHEMES | _STRATEGY | {"dryRun"}
OF_WITHDRAWALS = SCHEMES | {"dryRun", "multiOu", "ds", "pe", "ou", "cc", "cp"}
# They make an import faster, or as strict as every import is here.
HARMLESS = frozenset(
    {
        "preheatCache", "skipExistingCheck", "skipAudit", "skipNotifications", "datasetAllowsPeriods", "strictPeriods",
        "strictDataElements", "strictCategoryOptionCombos", "strictAttributeOptionCombos", "strictOrganisationUnits",
    }
)  # fmt: skip
# What only their absence, or `false`, can be obeyed of.
_NEVER = frozenset({"force", "requireCategoryOptionCombo", "requireAttributeOptionCombo"})
_BOTH = frozenset({"CREATE_AND_UPDATE", "NEW_AND_UPDATES"})
_DELETE = frozenset({"DELETE", "DELETES"})
_SHOWN = 80  # of what came, in characters


class Options(NamedTuple):
    """What is asked for: a trial, and that what is named be withdrawn."""

    dry_run: bool
    deletes: bool


def read_options(asked: Mapping[str, str], known: Collection[str]) -> Options:
    """Read parameters of which `known` are obeyed. Raises RefusedError that names what isn't, and the cure."""
    for name, value in asked.items():
        if name in _NEVER:
            if truth(name, value):
                raise _refused(RequestWords.ONLY_FALSE, name=name, got="true")
        elif name not in known and name not in HARMLESS:
            raise _refused(RequestWords.PARAMETER, names=", ".join(sorted(known)), got=repr(name[:_SHOWN]))
        elif name in SCHEMES:
            _check_scheme(name, value)
    strategies = {asked[name].upper() for name in _STRATEGY if name in asked}
    if len(strategies) > 1 or not strategies <= _BOTH | _DELETE:
        got = ", ".join(sorted(strategies))[:_SHOWN]
        raise _refused(RequestWords.STRATEGY, names=", ".join(sorted(_BOTH | _DELETE)), got=got)
    return Options(truth("dryRun", asked.get("dryRun", "false")), bool(strategies & _DELETE))


def truth(name: str, value: str) -> bool:
    """A parameter that is true or false, in any case. Raises RefusedError."""
    if value.lower() not in {"true", "false"}:
        raise _refused(RequestWords.FLAG, name=name, got=repr(value[:_SHOWN]))
    return value.lower() == "true"


def _check_scheme(name: str, value: str) -> None:
    """Ours are codes, and what the programme maps: both are looked up, whatever of the two is asked for."""
    if value.lower() not in {"uid", "id", "code"} and not value.lower().startswith("attribute:"):
        raise _refused(RequestWords.SCHEME, name=name, got=value[:_SHOWN])


def _refused(words: RequestWords, **values: str) -> RefusedError:
    return RefusedError(Fault.BAD_PARAMETER, words.value.filled(**values))
