"""What a DHIS2 import may ask for, in its query or its body: each is done, refused by name, or changes nothing.

Source: the tables of import parameters in DHIS2's web API documentation, 2.36 to 2.43.
"""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from services.intake.refusals.request_errors import Fault, RefusedError
from services.intake.refusals.request_words import RequestWords
from shared.values.personal_data import named
from shared.values.scalars import shown
from shared.wording.words import Told

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
NEVER = frozenset({"force", "requireCategoryOptionCombo", "requireAttributeOptionCombo"})
FLAGS = frozenset({"dryRun", "async", "firstRowIsHeader", "multiOu"})
# Ours are codes, and what the programme maps: both are looked up, whatever of the two is asked for.
SCHEME_NAMES = frozenset({"uid", "id", "code"})
_DELETE = frozenset({"DELETE", "DELETES"})
STRATEGIES = sorted({"CREATE_AND_UPDATE", "NEW_AND_UPDATES"} | _DELETE)
Asked: TypeAlias = tuple[str, str]  # a parameter's name and value


class Options(NamedTuple):
    """What is asked for: a trial, and that what is named be withdrawn."""

    dry_run: bool
    deletes: bool


def read_options(
    asked: Iterable[Asked], known: Collection[str], body: Mapping[str, str] = MappingProxyType({})
) -> Options:
    """Read the parameters of a query, of which `known` are obeyed, and of its body, whose own come before them.

    Raises RefusedError that names what isn't obeyed, and the cure.
    """
    found = {**_read(asked, known), **_read(body.items(), known)}
    return Options(found.get("dryRun") == "true", found.get("importStrategy") == "DELETE")


def _read(asked: Iterable[Asked], known: Collection[str]) -> dict[str, str]:
    """Read the parameters of one place: the strategy, whichever its name, and what is true or false.

    Given more than once, they have to say the same.
    """
    found: dict[str, str] = {}
    for name, value in asked:
        _check(name, value, known)
        if name in _STRATEGY:
            meant = _strategy(value)
            if found.setdefault("importStrategy", meant) != meant:
                raise _refused_strategy(", ".join(sorted({found["importStrategy"], meant})))
        elif name in FLAGS:
            meant = str(truth(name, value)).lower()
            if found.setdefault(name, meant) != meant:
                raise _refused(RequestWords.FLAG, name=name, got="'true', 'false'")
    return found


def _check(name: str, value: str, known: Collection[str]) -> None:
    if name in NEVER:
        if truth(name, value):
            raise _refused(RequestWords.ONLY_FALSE, name=name, got="true")
    elif name not in known and name not in HARMLESS:
        raise _refused(RequestWords.PARAMETER, names=", ".join(sorted(known)), got=shown(name))
    elif name in SCHEMES and value.lower() not in SCHEME_NAMES and not value.lower().startswith("attribute:"):
        raise _refused(RequestWords.SCHEME, name=name, got=named(value))


def _strategy(value: str) -> str:
    """Read `DELETE` or `CREATE_AND_UPDATE`, by any of their names."""
    if value.upper() not in STRATEGIES:
        raise _refused_strategy(named(value.upper()))
    return "DELETE" if value.upper() in _DELETE else "CREATE_AND_UPDATE"


def truth(name: str, value: str) -> bool:
    """Read a parameter that is true or false, in any case. Raises RefusedError."""
    if value.lower() not in {"true", "false"}:
        raise _refused(RequestWords.FLAG, name=name, got=shown(value))
    return value.lower() == "true"


def _refused_strategy(got: Told) -> RefusedError:
    return _refused(RequestWords.STRATEGY, names=", ".join(STRATEGIES), got=got)


def _refused(words: RequestWords, **values: Told) -> RefusedError:
    return RefusedError(Fault.BAD_PARAMETER, words.value.filled(**values))
