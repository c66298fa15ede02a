"""The peers are honest: fed the same bodies, each counts the same cells as the pipeline, at every level and part."""

import json
from collections.abc import Iterator
from time import monotonic, sleep
from typing import Any

import pytest

from bench.client import LoadError, send
from bench.contender import BATCH, Contender
from bench.contest import start_peers
from bench.load import Load
from bench.stand import Stand
from deploy.local.stack import LocalStack

PROVINCES = ["19@1", "20@1"]
NAMES = ("pipeline", "naive", "triggers", "celery")


@pytest.fixture(scope="module")
def stand(stack: LocalStack) -> Stand:
    return Stand(stack)


@pytest.fixture(scope="module")
def contenders(stand: Stand) -> Iterator[dict[str, Contender]]:
    services, pipeline = stand.pipeline()
    yield {"pipeline": pipeline, **start_peers(stand)}
    stand.stop_peers()
    services.stop()


def cells_of(
    contender: Contender, load: Load, stand: Stand, conflicts: int = 0
) -> dict[tuple[str, ...], tuple[int, ...]]:
    """The cells after the load; `conflicts` of its bodies come under a taken identity and are put aside."""
    bodies = stand.write(contender.name, load.batches(200))
    contender.round(bodies, len(load.events), load.identities - conflicts, stand.servers)
    deadline = monotonic() + 20
    while (aside := contender.conflicts()) != conflicts:
        assert monotonic() < deadline, f"{contender.name} put {aside} aside, not {conflicts}"
        sleep(0.05)
    return contender.cells()


def test_every_contender_counts_the_same_cells(stand: Stand, contenders: dict[str, Contender]) -> None:
    load = stand.load(PROVINCES, 800, "contenders")
    found = {name: cells_of(contender, load, stand) for name, contender in contenders.items()}
    levels = {stand.units[key[0]].level for key in found["pipeline"]}
    assert levels == {"commune", "district", "province", "nation"}
    assert {bool(key[3]) for key in found["pipeline"]} == {True, False}, "wholes and parts"
    for name in NAMES:
        assert found[name] == found["pipeline"], name


def test_withdrawals_replacements_and_conflicts_are_judged_alike(
    stand: Stand, contenders: dict[str, Contender]
) -> None:
    load = Load(tuple(awkward(stand)))
    found = {name: cells_of(contender, load, stand, conflicts=1) for name, contender in contenders.items()}
    subjects = {key[1] for key in found["pipeline"]}
    assert subjects == {"activity:parent-counselling"}, "the figure was withdrawn"
    nation = next(cell for key, cell in found["pipeline"].items() if key[0] == "VN" and key[3] == "")
    assert (nation[0], nation[4]) == (1, 7), "one record left, with the replacement's people"
    for name in NAMES:
        assert found[name] == found["pipeline"], name


def test_a_client_stops_at_a_wrong_answer(stand: Stand, contenders: dict[str, Contender]) -> None:
    pipeline = contenders["pipeline"]
    bodies = stand.write("wrong", [b"[{}]"])
    with pytest.raises(LoadError, match="422"):
        send(pipeline.spec(bodies, BATCH, 1))


def awkward(stand: Stand) -> Iterator[bytes]:
    """One activity replaced by another, a figure withdrawn, and an identity that comes again with another body."""
    base = json.loads(stand.load(PROVINCES, 1, "awkward").events[0])

    def event(name: str, kind: str, **data: Any) -> bytes:
        whole = {"programme": base["data"]["programme"], "agency": "ubnd-xa", **data}
        made = {**base, "id": name, "subject": "06412@1", "type": f"vn.kip.{kind}.v1", "data": whole}
        return json.dumps(made).encode()

    held = {"activity": "parent-counselling", "held_on": "2023-03-09", "agency": "ubnd-xa"}
    figure = {"indicator": "child-service-access", "period": "2023-Q1"}
    yield event("a1", "activity.recorded", **held, record="r1", participants={"parent": 5})
    yield event("i1", "indicator.reported", **figure, revision=1, numerator=3, denominator=9)
    yield event("a2", "activity.recorded", **held, record="r2", participants={"parent": 7}, supersedes="r1")
    yield event("i2", "record.retracted", **figure, revision=2)
    yield event("i3", "indicator.reported", **figure, revision=1, numerator=8, denominator=9)
    yield event("a1", "activity.recorded", **held, record="r1", participants={"parent": 6})
