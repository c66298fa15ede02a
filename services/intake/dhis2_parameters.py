"""What a DHIS2 import may ask for, in its query or its body: each is done, refused by name, or changes nothing.

Source: the tables of import parameters in DHIS2's web API documentation, 2.36 to 2.43.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from services.intake.request_errors import Fault, RefusedError
from shared.words import Words

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


class Options(NamedTuple):
    """What is asked for: a trial, and that what is named be withdrawn."""

    dry_run: bool
    deletes: bool


def read_options(asked: Mapping[str, str], known: Collection[str]) -> Options:
    """Read parameters of which `known` are obeyed. Raises RefusedError that names what isn't, and the cure."""
    for name, value in asked.items():
        if name in _NEVER:
            if truth(name, value):
                raise _refused(f"{name}=true", Words(f"{name}=false hoặc bỏ tham số này", f"{name}=false, or nothing"))
        elif name not in known and name not in HARMLESS:
            listed = ", ".join(sorted(known))
            raise _refused(name, Words(f"một trong {listed}; hãy bỏ tham số này", f"one of {listed}: leave it out"))
        elif name in SCHEMES:
            _check_scheme(name, value)
    strategies = {asked[name].upper() for name in _STRATEGY if name in asked}
    if len(strategies) > 1 or not strategies <= _BOTH | _DELETE:
        listed = ", ".join(sorted(_BOTH | _DELETE))
        got = ", ".join(sorted(strategies))
        raise _refused(f"importStrategy={got}", Words(f"importStrategy là {listed}", f"importStrategy of {listed}"))
    return Options(truth("dryRun", asked.get("dryRun", "false")), bool(strategies & _DELETE))


def truth(name: str, value: str) -> bool:
    """A parameter that is true or false, in any case. Raises RefusedError."""
    if value.lower() not in {"true", "false"}:
        raise _refused(f"{name}={value}", Words(f"{name}=true hoặc {name}=false", f"{name}=true or {name}=false"))
    return value.lower() == "true"


def _check_scheme(name: str, value: str) -> None:
    """Ours are codes, and what the programme maps: both are looked up, whatever of the two is asked for."""
    if value.lower() not in {"uid", "id", "code"} and not value.lower().startswith("attribute:"):
        cure = f"{name}=code, uid, attribute:<id>"
        raise _refused(f"{name}={value}", Words(cure, cure))


def _refused(got: str, expected: Words) -> RefusedError:
    came = got[:80]
    return RefusedError(
        Fault.BAD_PARAMETER, Words(f"cần {expected.vi}; nhận được {came}", f"expected {expected.en}; got {came}")
    )
