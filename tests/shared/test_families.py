"""Which figures are one, and what keeps them from being one."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from shared.domain.periods import parse_period
from shared.programme.families import Families
from shared.programme.family_checks import family_faults
from shared.programme.folder import load_programme
from shared.programme.model import Programme
from shared.registry.snapshot import Registry
from tests import second_programme
from tests.sharing import ACCESS, NETWORK, OTHER, PLAN, SHIPPED, other_plan, write_folder


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Programme]:
    folder = tmp_path_factory.mktemp("programmes")
    return {plan["slug"]: load_programme(write_folder(folder, plan)) for plan in (PLAN, other_plan())}


def changed(programme: Programme, **changes: Any) -> Programme:
    return Programme.model_validate({**programme.model_dump(mode="json"), **changes})


def indicators(programme: Programme, slug: str, **changes: Any) -> list[dict[str, Any]]:
    """Its indicators, one of them changed."""
    found = [deepcopy(item.model_dump(mode="json")) for item in programme.indicators]
    return [{**item, **changes} if item["slug"] == slug else item for item in found]


def faults(*programmes: Programme) -> list[tuple[str, str, str]]:
    found = family_faults({programme.slug: programme for programme in programmes})
    return [(item.programme, ".".join(map(str, item.place)), item.reason) for item in found]


def test_a_family_is_a_root_and_those_that_name_it(both: dict[str, Programme]) -> None:
    families = Families(both)
    for name in ((SHIPPED, ACCESS), (OTHER, "access")):
        assert families.root(*name) == (SHIPPED, ACCESS)
        members = families.members(*name)
        assert [(item.programme.slug, item.indicator.slug) for item in members] == [
            (SHIPPED, ACCESS),
            (OTHER, "access"),
        ]
        assert families.programmes(*name) == {SHIPPED, OTHER}
    assert families.root(SHIPPED, "knowledge-skills-provided") == (SHIPPED, "knowledge-skills-provided")
    assert families.programmes(SHIPPED, "knowledge-skills-provided") == {SHIPPED}
    assert families.programmes(SHIPPED, None) == {SHIPPED}
    assert families.members(SHIPPED, "gone") == ()
    assert families.root(OTHER, "gone") == (OTHER, "gone")


def test_a_family_accepts_what_any_member_accepts(both: dict[str, Programme]) -> None:
    families = Families(both)
    accepted = {
        period: families.accepts(OTHER, "access", parse_period(period))
        for period in ("2017-Q4", "2018-Q1", "2030-Q4", "2031-Q1")
    }
    assert accepted == {"2017-Q4": False, "2018-Q1": True, "2030-Q4": True, "2031-Q1": False}
    assert [tuple(map(str, span)) for span in families.accepted(OTHER, "access")] == [("2018", "2030")]
    alone = Families({SHIPPED: both[SHIPPED]})
    assert [tuple(map(str, span)) for span in alone.accepted(SHIPPED, ACCESS)] == [("2018", "2025")]


def test_spans_with_a_gap_stay_apart(both: dict[str, Programme]) -> None:
    later = changed(
        both[OTHER], first_period="2028-Q1", stages=[{**both[OTHER].stages[1].model_dump(mode="json"), "first": "2028"}]
    )
    families = Families({SHIPPED: both[SHIPPED], OTHER: later})
    assert [tuple(map(str, span)) for span in families.accepted(SHIPPED, ACCESS)] == [
        ("2018", "2025"),
        ("2028", "2030"),
    ]
    assert not families.accepts(SHIPPED, ACCESS, parse_period("2026-Q1"))


def test_a_root_that_is_not_loaded_keeps_its_name(both: dict[str, Programme]) -> None:
    families = Families({OTHER: both[OTHER]})
    assert families.root(OTHER, "access") == (SHIPPED, ACCESS)
    assert families.rootless() == [(OTHER, "access"), (OTHER, "network")]
    assert Families(both).rootless() == []


def test_a_registry_limited_to_a_programme_knows_of_others_what_they_share(both: dict[str, Programme]) -> None:
    limited = Registry(programmes=both).limited_to(frozenset({OTHER}))
    assert list(limited.programmes) == [OTHER]
    assert limited.programme_of(OTHER) is both[OTHER]
    assert limited.programme_of(SHIPPED, ACCESS) is both[SHIPPED]
    assert limited.programme_of(SHIPPED) is limited.programme_of(SHIPPED, "knowledge-skills-provided") is None
    assert limited.programme_of("gone", ACCESS) is None
    assert limited.families.mark == Families(both).mark
    assert not Registry(programmes=both).limited_to(frozenset({"gone"})).programme_of(SHIPPED, ACCESS)


def test_the_mark_is_of_the_families_alone(both: dict[str, Programme], tmp_path: Path) -> None:
    other = load_programme(write_folder(tmp_path, other_plan(shared=False)))
    apart = Families({SHIPPED: both[SHIPPED], OTHER: other})
    assert (apart.mark, Families({}).mark) == ("", "")
    assert Families(both).mark == f"{OTHER}/access = {SHIPPED}/{ACCESS}\n{OTHER}/network = {SHIPPED}/{NETWORK}"
    assert Families(both).differing(apart) == {
        (OTHER, "access"),
        (OTHER, "network"),
        (SHIPPED, ACCESS),
        (SHIPPED, NETWORK),
    }
    assert not Families(both).differing(Families(dict(reversed(both.items()))))


def test_what_goes_together_has_no_fault(both: dict[str, Programme]) -> None:
    assert faults(*both.values()) == []
    own_view = indicators(both[OTHER], "access", targets=[], checks={}, better="lower", per=1000)
    assert faults(both[SHIPPED], changed(both[OTHER], indicators=own_view)) == []


@pytest.mark.parametrize(
    ("place", "reason", "changes"),
    [
        ("same_as", "there is no programme 'gone': load it first or with this one", {"same_as": f"gone/{ACCESS}"}),
        ("same_as", "has no indicator 'gone'; it has child-service-access", {"same_as": f"{SHIPPED}/gone"}),
        ("same_as", "is of this programme", {"same_as": f"{OTHER}/network"}),
        ("period", "year here, quarter in", {"period": "year"}),
        ("over_time", "sum here, stock in", {"over_time": "sum"}),
        ("sensitive", "5 here, False in", {"sensitive": True}),
        ("breakdowns", "sex here, ", {"breakdowns": ["sex"], "options": {}}),
        ("breakdowns", "social-welfare of 'domain' is an option here or in", {"options": {"domain": ["education"]}}),
        ("reporters", "province here, commune in", {"reporters": [{"level": "province", "agencies": ["ubnd-tinh"]}]}),
        (
            "reporters",
            "commune for 2018-Q1: to-chuc-xa, ubnd-xa not as in ecd-1437/child-service-access: a unit would count",
            {"reporters": [{"level": "commune", "agencies": ["to-chuc-xa"]}]},
        ),
        (
            "reporters",
            "commune for 2030-Q1: to-chuc-xa, ubnd-xa not as in",
            {
                "reporters": [
                    {"level": "commune", "agencies": ["ubnd-xa"], "until": "2030-01-01"},
                    {"level": "commune", "agencies": ["to-chuc-xa"], "since": "2030-01-02"},
                ]
            },
        ),
        (
            "reporters",
            "commune for 2018-Q1: ubnd-xa not as in",
            {"reporters": [{"level": "commune", "agencies": ["ubnd-xa"], "reach": ["commune"]}]},
        ),
    ],
)  # fmt: skip
def test_an_indicator_that_differs_is_refused_at_its_place(
    both: dict[str, Programme], place: str, reason: str, changes: dict[str, Any]
) -> None:
    made = changed(both[OTHER], indicators=indicators(both[OTHER], "access", **changes))
    found = faults(both[SHIPPED], made)
    assert [(slug, where) for slug, where, _ in found] == [(OTHER, f"indicators.0.{place}")] * len(found)
    assert any(reason in why for _, _, why in found), found


@pytest.mark.parametrize(("field", "value"), [("cutoff_day", None), ("cutoff_day", 20), ("timezone", "UTC")])
def test_another_calendar_is_refused(both: dict[str, Programme], field: str, value: Any) -> None:
    found = faults(both[SHIPPED], changed(both[OTHER], **{field: value}))
    assert {(slug, where) for slug, where, _ in found} == {
        (OTHER, "indicators.0.same_as"),
        (OTHER, "indicators.1.same_as"),
    }
    assert all(why.startswith(f"{field} is {'nothing' if value is None else value} here") for _, _, why in found)


def test_components_of_other_names_are_refused(both: dict[str, Programme]) -> None:
    other = {"slug": "c9-new", "label": {"vi": "nội dung mới", "en": "New"}}
    (fault,) = faults(
        both[SHIPPED], changed(both[OTHER], indicators=indicators(both[OTHER], "network", components=[other]))
    )
    assert fault[1] == "indicators.1.components"


def test_chains_cycles_and_twins_are_refused(both: dict[str, Programme]) -> None:
    third = changed(both[OTHER], slug="third", indicators=indicators(both[OTHER], "access", same_as=f"{OTHER}/access"))
    chain = [fault for fault in faults(*both.values(), third) if "access" in fault[2]]
    assert [(slug, where) for slug, where, _ in chain] == [("third", "indicators.0.same_as")]
    assert "is itself the same as ecd-1437/child-service-access: name the one that stands by itself" in chain[0][2]
    back = changed(both[SHIPPED], indicators=indicators(both[SHIPPED], ACCESS, same_as=f"{OTHER}/access"))
    cycle = [fault for fault in faults(back, both[OTHER]) if fault[1] == "indicators.0.same_as"]
    assert [slug for slug, _, _ in cycle] == [SHIPPED, OTHER]
    assert all("says the same of this one" in why for _, _, why in cycle)
    twin = {**indicators(both[OTHER], "access")[0], "slug": "access-again"}
    twins = faults(both[SHIPPED], changed(both[OTHER], indicators=[*indicators(both[OTHER], "access"), twin]))
    assert twins == [
        (
            OTHER,
            "indicators.2.same_as",
            f"'access' of this programme is the same as {SHIPPED}/{ACCESS} already: one of them",
        )
    ]


def test_members_that_clash_with_each_other_are_refused_where_the_root_is_silent(both: dict[str, Programme]) -> None:
    ended = [{"level": "commune", "agencies": ["ubnd-xa"], "until": "2025-12-14"}]
    root = changed(both[SHIPPED], indicators=indicators(both[SHIPPED], ACCESS, reporters=ended))
    assert faults(root, both[OTHER]) == []
    split = [*ended, {"level": "commune", "agencies": ["to-chuc-xa"], "since": "2025-12-15"}]
    third = changed(both[OTHER], slug="third", indicators=indicators(both[OTHER], "access", reporters=split))
    assert faults(root, third) == []
    found = faults(root, both[OTHER], third)
    assert [(slug, where) for slug, where, _ in found] == [
        (OTHER, "indicators.0.reporters"),
        ("third", "indicators.0.reporters"),
    ]
    assert "commune for 2026-Q1: to-chuc-xa, ubnd-xa not as in third/access" in found[0][2]


def test_a_figure_that_counts_anew_does_so_in_all_or_none(tmp_path: Path) -> None:
    shared = {"over_time: cumulative #": "same_as: ecd-1437/knowledge-skills-provided\n    over_time: cumulative #"}
    later = {'last: "2020"': 'last: "2021"', 'first: "2021"': 'first: "2022"'}
    shipped = load_programme(second_programme.SHIPPED)
    for number, changes in enumerate(({}, later)):
        texts = {"slug: ecd-1437": "slug: other"} | second_programme.OWN_NAMES | shared | changes
        other = load_programme(second_programme.second_programme(tmp_path / str(number), texts))
        reasons = [fault.reason for fault in family_faults({"ecd-1437": shipped, "other": other})]
        assert bool(reasons) == bool(changes)
        assert all("with it the figure counts anew" in reason for reason in reasons)
