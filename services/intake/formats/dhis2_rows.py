"""DHIS2's rows, and how its JSON is read into them. Source: its documentation of `dataValueSets`, version 2.43."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from services.intake.formats.dhis2_parameters import SCHEMES
from services.intake.formats.json_text import TooManyError, UnreadableError, load
from services.intake.pacing.limits import EVENTS
from services.intake.refusals.request_words import BodyWords
from shared.values.personal_data import named
from shared.values.scalars import name_of

LONGEST_NAME = 1040  # characters of an id, or of eight dimensions with an option each
VALUES = 100_000  # of one request: a record has two at least, and several with its parts
# Names of DHIS2's own option combination "default": the whole, not a part.
DEFAULT = frozenset({"", "default", "HllvX50cXC0"})
OF_BODIES = SCHEMES | {"dryRun", "importStrategy", "strategy"}
# All that a set, a value and so on may hold; another field is refused.
SET_FIELDS = OF_BODIES | {
    "dataSet", "completeDate", "period", "orgUnit", "organisationUnit", "attributeOptionCombo", "completed",
    "dataValues", "deletion",
}  # fmt: skip
# Who stored a value, when, and what was said of it, are personal or not ours: they are not kept.
NOT_KEPT = frozenset(
    {"storedBy", "created", "lastUpdated", "lastUpdatedBy", "timestamp", "comment", "followup", "followUp"}
)
VALUE_FIELDS = (NOT_KEPT - {"lastUpdatedBy"}) | {
    "dataElement", "period", "orgUnit", "categoryOptionCombo", "attributeOptionCombo", "value", "deleted",
}  # fmt: skip
REGISTRATION_FIELDS = frozenset(
    {
        "dataSet", "period", "organisationUnit", "orgUnit", "attributeOptionCombo", "completed", "date", "storedBy",
        "created", "lastUpdated", "lastUpdatedBy",
    }
)  # fmt: skip
DELETION_FIELDS = frozenset({"orgUnits", "periods", "elements"})
ELEMENT_FIELDS = frozenset({"dataElement", "categoryOptionCombo", "attributeOptionCombo"})


@dataclass(frozen=True, slots=True)
class DataValue:
    """One value; `index` is its place in the body. `value` and `deleted` are as they were written."""

    index: int
    element: str
    period: str
    unit: str
    combination: str
    attribute: str
    value: Any
    deleted: Any


@dataclass(frozen=True, slots=True)
class Completion:
    """A data set that was completed, or is no longer (`completed`, as it was written).

    `date` says when, in the field `dated_by` (`""`: it doesn't).
    """

    index: int
    data_set: str
    period: str
    unit: str
    attribute: str
    completed: Any
    date: str
    dated_by: str


@dataclass(frozen=True, slots=True)
class Deletion:
    """What a set says to be gone: each element (its name and attribute), in each unit and period."""

    units: Sequence[str]
    periods: Sequence[str]
    elements: Sequence[tuple[str, str]]

    def __len__(self) -> int:
        """Return for how many values it stands: a few hundred names are tens of thousands."""
        return len(self.units) * len(self.periods) * len(self.elements)

    def values(self, given: Sequence[DataValue]) -> Iterator[DataValue]:
        """Give the deleted values, behind those that the set has: what it has a value for isn't gone."""
        there = {(row.unit, row.period, row.element, row.attribute) for row in given}
        there |= {(row.unit, row.period, row.element, "") for row in given}
        index = itertools.count(len(given))
        for name, attribute in self.elements:
            for unit, period in itertools.product(self.units, self.periods):
                if (unit, period, name, attribute) not in there:
                    yield DataValue(next(index), name, period, unit, "", attribute, None, True)


@dataclass(frozen=True, slots=True)
class DataValueSet:
    """A body: its values, and the completion that it states itself.

    `deletion` is kept as short as it was written, until `whole` makes values of it.
    """

    values: list[DataValue]
    completion: Completion | None
    complete_date: str | None
    options: Mapping[str, str] = field(default_factory=dict)  # parameters of the import that stand in the body
    deletion: Deletion | None = None

    def __len__(self) -> int:
        """Return how many values the whole set has at most."""
        return len(self.values) + len(self.deletion or ())

    def whole(self, *, deletes: bool) -> "DataValueSet":
        """Return the set with a deleted value for each that its deletion names.

        With `deletes` each of its values is deleted, and its report is no longer complete.
        """
        gone = [] if self.deletion is None else list(self.deletion.values(self.values))
        completion = self.completion and replace(self.completion, index=len(self.values) + len(gone))
        if not deletes:
            return replace(self, values=[*self.values, *gone], completion=completion, deletion=None)
        values = [*(replace(row, deleted=True) for row in self.values), *gone]
        withdrawn = completion and replace(completion, completed=False)
        return DataValueSet(values, withdrawn, None, self.options)


def read_json(body: bytes) -> DataValueSet:
    """Read a JSON data value set. Period, unit and attribute may stand once for all values.

    Raises UnreadableError, and TooManyError for more than VALUES, those of its `deletion` included.
    """
    document = _object(load(body))
    _refuse_unknown(document, SET_FIELDS, "")
    if not isinstance(document.get("dataValues"), list):
        raise UnreadableError(
            BodyWords.LIST_IN.value.filled(name="dataValues", got=name_of(document.get("dataValues")))
        )
    bound(len(document["dataValues"]), VALUES, BodyWords.MOST_VALUES)
    values = [
        DataValue(
            index=index,
            element=_text(value, "dataElement"),
            period=_text(value, "period") or _text(document, "period"),
            unit=_text(value, "orgUnit") or _text(document, "orgUnit"),
            combination=_text(value, "categoryOptionCombo"),
            attribute=_text(value, "attributeOptionCombo") or _text(document, "attributeOptionCombo"),
            value=value.get("value"),
            deleted=value.get("deleted"),
        )
        for index, value in enumerate(_known(item, VALUE_FIELDS, "dataValues.") for item in document["dataValues"])
    ]
    deletion = None
    if document.get("deletion") is not None:
        deletion = _deletion(_known(document["deletion"], DELETION_FIELDS, "deletion."), len(values))
    options = {name: _option(document[name], name) for name in OF_BODIES if document.get(name) is not None}
    date = _text(document, "completeDate") or None
    completion = _completion(document, len(values), "completeDate") if date else None
    return DataValueSet(values, completion, date, options, deletion)


def _deletion(scope: Mapping[str, Any], given: int) -> Deletion:
    """Find what a set of so many values says to be gone: the units, periods and elements that it names without a value.

    Records are whole, so that an element is named whole as well: its options can't be gone one by one.
    """
    units, periods, elements = (_list(scope, name) for name in ("orgUnits", "periods", "elements"))
    bound(len(units) * len(periods) * len(elements) + given, VALUES, BodyWords.MOST_VALUES)
    whole: list[tuple[str, str]] = []
    for item in elements:
        element = (
            _known(item, ELEMENT_FIELDS, "deletion.elements.") if isinstance(item, dict) else {"dataElement": item}
        )
        if _text(element, "categoryOptionCombo") not in DEFAULT:
            raise UnreadableError(BodyWords.WHOLE_ELEMENTS.value)
        whole.append((_text(element, "dataElement"), _text(element, "attributeOptionCombo")))
    return Deletion([_plain(unit) for unit in units], [_plain(period) for period in periods], whole)


def _list(scope: Mapping[str, Any], name: str) -> list[Any]:
    if not isinstance(scope.get(name), list):
        raise UnreadableError(BodyWords.LIST_IN.value.filled(name=f"deletion.{name}", got=name_of(scope.get(name))))
    return list(scope[name])


def _plain(value: Any) -> str:
    return _text({"deletion": value}, "deletion")


def _option(value: Any, name: str) -> str:
    return str(value).lower() if isinstance(value, bool) else _text({name: value}, name)


def _known(item: Any, known: frozenset[str], where: str) -> Mapping[str, Any]:
    found = _object(item)
    _refuse_unknown(found, known, where)
    return found


def _refuse_unknown(item: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    """Refuse a field that isn't read, by its name: it might have changed what the others mean."""
    unknown = next((name for name in item if name not in known), None)
    if unknown is not None:
        name = f"{where}{named(unknown)}"
        raise UnreadableError(BodyWords.UNREAD_FIELD.value.filled(name=name, names=", ".join(sorted(known))))


def read_completions(body: bytes) -> list[Completion]:
    """Read `completeDataSetRegistrations`. Raises UnreadableError, and TooManyError for more than EVENTS."""
    document = _known(load(body), frozenset({"completeDataSetRegistrations"}), "")
    items = document.get("completeDataSetRegistrations")
    if not isinstance(items, list):
        raise UnreadableError(BodyWords.LIST_IN.value.filled(name="completeDataSetRegistrations", got=name_of(items)))
    bound(len(items), EVENTS, BodyWords.MOST_REGISTRATIONS)
    rows = (_known(item, REGISTRATION_FIELDS, "completeDataSetRegistrations.") for item in items)
    return [_completion(row, index, "date") for index, row in enumerate(rows)]


def _completion(item: Mapping[str, Any], index: int, dated_by: str) -> Completion:
    return Completion(
        index=index,
        data_set=_text(item, "dataSet"),
        period=_text(item, "period"),
        unit=_text(item, "organisationUnit") or _text(item, "orgUnit"),
        attribute=_text(item, "attributeOptionCombo"),
        completed=item.get("completed"),
        date=_text(item, dated_by),
        dated_by=dated_by,
    )


def bound(number: int, most: int, words: BodyWords) -> None:
    """Raise TooManyError for more than `most` of what the words name."""
    if number > most:
        raise TooManyError(words.value.filled(most=most))


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise UnreadableError(BodyWords.AN_OBJECT.value.filled(got=name_of(value)))
    return value


def _text(item: Mapping[str, Any], name: str) -> str:
    """Read the text of a field; "" when absent. A number is a period or code that somebody's software did not quote."""
    value = item.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise UnreadableError(BodyWords.TEXT_IN.value.filled(name=name, got=name_of(value)))
    return checked_name(str(value), name)


def checked_name(written: str, field_: str, line: int | None = None) -> str:
    """Return an id or the name of a combination, trimmed. Raises UnreadableError for one that is too long.

    Every conflict of its rows repeats it.
    """
    name = written.strip()
    if len(name) > LONGEST_NAME:
        place = field_ if line is None else BodyWords.COLUMN_OF_LINE.value.filled(name=field_, line=line)
        raise UnreadableError(BodyWords.SHORT_NAME_IN.value.filled(most=LONGEST_NAME, name=place, got=len(name)))
    return name
