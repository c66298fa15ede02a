"""Reads a row of activities as the data of its event, with the place of each field. Pure."""

from collections.abc import Iterable
from typing import Any

from shared.domain.refusals import Place
from shared.sheets.columns import BY, MONEY, PARTICIPANTS
from shared.sheets.row_reading import SheetRow


def activity_data(row: SheetRow) -> tuple[dict[str, Any], dict[str, Place]]:
    """The data of `activity.recorded`, and where each of its fields stands."""
    values: dict[str, Any] = {
        "activity": row.text("activity"),
        "record": row.record(),
        "agency": row.text("agency"),
        "held_on": row.day("held_on"),
        "domain": row.text("domain"),
        "female": row.count("female"),
    }
    data = {name: value for name, value in values.items() if value not in {None, ""}}
    places = places_of(row, values)
    for prefix in (PARTICIPANTS, BY):
        for name in row.given(prefix):
            value = row.count(name) if prefix == PARTICIPANTS else row.text(name)
            data.setdefault(prefix.rstrip("."), {})[name.removeprefix(prefix)] = value
            places[f"data.{name}"] = row.place(name)
    for name in row.given(MONEY):
        money = data.setdefault("money", [])
        places[f"data.money.{len(money)}"] = row.place(name)
        money.append({"line": name.removeprefix(MONEY), "amount": row.count(name)})
    return data, places


def places_of(row: SheetRow, names: Iterable[str]) -> dict[str, Place]:
    """Where fields of the event's data stand that have columns of their names."""
    return {f"data.{name}": row.place(name) for name in (*names, "programme")}
