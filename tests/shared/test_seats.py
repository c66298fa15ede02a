"""Who hears of what: a table written by hand from the domain notes, and an oracle of the rule over random ones."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.seats import Seat, Seats
from shared.domain.units import Unit, Units
from shared.programme.model import Agency, AgencyRole, Programme
from shared.registry.seated import by_seat
from tests.shipped import shipped_programme, shipped_units

UNITS = shipped_units()
DAYS = {
    "2023": date(2023, 3, 17),
    "April 2025": date(2025, 4, 1),
    "August 2025": date(2025, 8, 1),
    "2026": date(2026, 3, 18),
}
# Yên Vượng, its district and its province, and what stands for them from 1 July 2025 on.
XA, HUYEN, TINH, NATION = "06412@1", "186@1", "20@1", "VN"
XA_2, TINH_2 = "06427@2", "20@2"
# The labour department leads until 28/02/2025, then health does; districts end on 30/06/2025. A cell lists who hears:
# at the unit itself, one level up, two levels up.
ECD = [
    ("2023", XA, "ubnd-xa", f"ubnd-xa {XA}", f"phong-ldtbxh-dt-huyen {HUYEN}", f"ubnd-tinh {TINH}, so-ldtbxh {TINH}"),
    ("2023", XA, "cc-vhxh", f"cc-vhxh {XA}", f"ubnd-xa {XA}, phong-ldtbxh-dt-huyen {HUYEN}",
     f"ubnd-tinh {TINH}, so-ldtbxh {TINH}"),
    ("2023", XA, "ct-xh-xa", f"ct-xh-xa {XA}", "", ""),
    ("2023", HUYEN, "ubnd-huyen", f"ubnd-huyen {HUYEN}", f"ubnd-tinh {TINH}, so-ldtbxh {TINH}", f"bo-ldtbxh {NATION}"),
    ("2023", TINH, "so-ldtbxh", f"so-ldtbxh {TINH}", f"ubnd-tinh {TINH}", ""),
    ("2023", TINH, "so-gddt", f"so-gddt {TINH}", f"ubnd-tinh {TINH}, so-ldtbxh {TINH}", ""),
    ("2023", TINH, "so-yt", f"so-yt {TINH}", f"ubnd-tinh {TINH}, so-ldtbxh {TINH}", ""),
    ("2023", TINH, "so-vhttdl", f"so-vhttdl {TINH}", f"ubnd-tinh {TINH}, so-ldtbxh {TINH}", ""),
    ("2023", TINH, "so-khdt", f"so-khdt {TINH}", f"ubnd-tinh {TINH}, so-ldtbxh {TINH}", ""),
    ("2023", TINH, "so-tc", f"so-tc {TINH}", f"ubnd-tinh {TINH}, so-ldtbxh {TINH}", ""),
    ("2023", TINH, "ubnd-tinh", f"ubnd-tinh {TINH}", f"bo-ldtbxh {NATION}", ""),
    ("April 2025", XA, "ubnd-xa", f"ubnd-xa {XA}", f"ubnd-huyen {HUYEN}", f"ubnd-tinh {TINH}, so-yt {TINH}"),
    ("April 2025", HUYEN, "ubnd-huyen", f"ubnd-huyen {HUYEN}", f"ubnd-tinh {TINH}, so-yt {TINH}", f"bo-yt {NATION}"),
    ("April 2025", TINH, "so-ldtbxh", f"so-yt {TINH}", f"ubnd-tinh {TINH}", ""),
    ("April 2025", TINH, "so-gddt", f"so-gddt {TINH}", f"ubnd-tinh {TINH}, so-yt {TINH}", ""),
    ("April 2025", TINH, "so-yt", f"so-yt {TINH}", f"ubnd-tinh {TINH}", ""),
    ("April 2025", TINH, "so-vhttdl", f"so-vhttdl {TINH}", f"ubnd-tinh {TINH}, so-yt {TINH}", ""),
    ("April 2025", TINH, "so-khdt", f"so-tc {TINH}", f"ubnd-tinh {TINH}, so-yt {TINH}", ""),
    ("April 2025", TINH, "so-tc", f"so-tc {TINH}", f"ubnd-tinh {TINH}, so-yt {TINH}", ""),
    ("April 2025", TINH, "ubnd-tinh", f"ubnd-tinh {TINH}", f"bo-yt {NATION}", ""),
    ("August 2025", XA, "ubnd-xa", f"ubnd-xa {XA_2}", f"ubnd-tinh {TINH_2}, so-yt {TINH_2}", f"bo-yt {NATION}"),
    # What a district still owed is the province's: the department to which it was owed hears, not the ministry.
    ("August 2025", HUYEN, "ubnd-huyen", f"ubnd-tinh {TINH_2}", f"so-yt {TINH_2}", ""),
    ("August 2025", TINH_2, "so-gddt", f"so-gddt {TINH_2}", f"ubnd-tinh {TINH_2}, so-yt {TINH_2}", ""),
    ("August 2025", TINH_2, "so-yt", f"so-yt {TINH_2}", f"ubnd-tinh {TINH_2}", ""),
    ("August 2025", TINH_2, "ubnd-tinh", f"ubnd-tinh {TINH_2}", f"bo-yt {NATION}", ""),
    ("2026", XA_2, "ubnd-xa", f"ubnd-xa {XA_2}", f"ubnd-tinh {TINH_2}, so-yt {TINH_2}", f"bo-yt {NATION}"),
    ("2026", TINH_2, "so-tc", f"so-tc {TINH_2}", f"ubnd-tinh {TINH_2}, so-yt {TINH_2}", ""),
    ("2026", TINH_2, "ubnd-tinh", f"ubnd-tinh {TINH_2}", f"bo-yt {NATION}", ""),
]  # fmt: skip
NAP = [
    ("2026", XA_2, "ubnd-xa", f"ubnd-xa {XA_2}", f"ubnd-tinh {TINH_2}, so-yt {TINH_2}", f"bo-yt {NATION}"),
    ("2026", XA_2, "phong-vhxh", f"phong-vhxh {XA_2}", f"ubnd-xa {XA_2}, ubnd-tinh {TINH_2}, so-yt {TINH_2}",
     f"bo-yt {NATION}"),
    ("2026", TINH_2, "ca-tinh", f"ca-tinh {TINH_2}", f"ubnd-tinh {TINH_2}, so-yt {TINH_2}", ""),
    ("2026", TINH_2, "so-yt", f"so-yt {TINH_2}", f"ubnd-tinh {TINH_2}", ""),
    ("2026", TINH_2, "mttq-tinh", f"mttq-tinh {TINH_2}", "", ""),
    ("2026", TINH_2, "ubnd-tinh", f"ubnd-tinh {TINH_2}", f"bo-yt {NATION}", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("folder", "when", "unit", "agency", "own", "one_up", "two_up"),
    [("ecd-1437", *row) for row in ECD] + [("nap-23", *row) for row in NAP],
)
def test_who_hears_of_the_shipped_programmes_reports(folder, when, unit, agency, own, one_up, two_up):
    seats = Seats(shipped_programme(folder), UNITS, DAYS[when])
    for to, cell in enumerate((own, one_up, two_up)):
        wanted = [Seat(*reversed(words.split())) for words in cell.split(", ") if words]
        assert list(seats.of(agency, unit, to)) == wanted, to
    assert seats.of(agency, unit, 4) == ()


@pytest.mark.parametrize(
    ("when", "unit", "agency", "domain", "told"),
    [
        ("2023", XA, "ubnd-xa", None, f"phong-ldtbxh-dt-huyen {HUYEN}, so-ldtbxh {TINH}"),
        ("2023", XA, "ubnd-xa", "education", f"phong-ldtbxh-dt-huyen {HUYEN}, so-ldtbxh {TINH}, so-gddt {TINH}"),
        ("2023", XA, "ct-xh-xa", "health", f"so-ldtbxh {TINH}, so-yt {TINH}"),
        ("August 2025", XA, "ubnd-xa", "child-protection", f"ubnd-tinh {TINH_2}, so-yt {TINH_2}"),
    ],
)
def test_who_hears_of_a_problem(when, unit, agency, domain, told):
    seats = Seats(shipped_programme(), UNITS, DAYS[when])
    assert [f"{seat.agency} {seat.unit}" for seat in seats.of_problem(agency, unit, domain)] == told.split(", ")


@pytest.mark.parametrize(
    ("when", "unit", "readers"),
    [
        ("2023", TINH, ["ubnd-tinh", "so-ldtbxh"]),
        ("April 2025", TINH, ["ubnd-tinh", "so-yt"]),
        ("2026", TINH_2, ["ubnd-tinh", "so-yt"]),
        ("2026", NATION, ["bo-yt"]),
        ("2023", HUYEN, []),
    ],
)
def test_who_reads_the_monthly_summary(when, unit, readers):
    seats = Seats(shipped_programme(), UNITS, DAYS[when])
    assert seats.of_summary(unit) == tuple(Seat(unit, agency) for agency in readers)


@dataclass(frozen=True)
class Registered:
    unit: str
    agency: str
    programmes: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("when", "unit", "agency", "programmes", "seat"),
    [
        ("2023", XA, "ubnd-xa", (), (XA, "ubnd-xa")),
        ("2026", XA, "ubnd-xa", (), (XA_2, "ubnd-xa")),
        ("2026", XA, "ubnd-xa", ("ecd-1437",), (XA_2, "ubnd-xa")),
        ("2026", XA, "ubnd-xa", ("nap-23",), None),
        ("April 2025", TINH, "so-ldtbxh", (), (TINH, "so-yt")),
        ("2026", TINH, "so-ldtbxh", (), (TINH_2, "so-yt")),
        ("April 2025", HUYEN, "phong-ldtbxh-dt-huyen", (), (HUYEN, "ubnd-huyen")),
        # A district has no successor: the province's seats are others', as its rights are.
        ("August 2025", HUYEN, "ubnd-huyen", (), None),
        ("2026", "99999@1", "ubnd-xa", (), None),
    ],
)
def test_where_an_officer_sits(when, unit, agency, programmes, seat):
    seats = Seats(shipped_programme(), UNITS, DAYS[when])
    officer = Registered(unit, agency, programmes)
    assert by_seat([officer], "ecd-1437", seats) == ({} if seat is None else {Seat(*seat): [officer]})


LEVELS = ("village", "town", "county", "country")
SPLIT = date(2025, 7, 1)  # towns and villages are others from then on; counties are no more


def unit(uid, level, parent, successor=None, first=None, last=None):
    return Unit(uid, uid, uid, level, "", parent, first, last, successor, ())


OLD, LAST = {"last": SPLIT - timedelta(days=1)}, SPLIT
PLACES = Units(
    [
        unit("country", "country", None),
        unit("county", "county", "country", **OLD),
        unit("town1", "town", "county", "town2", **OLD),
        unit("village1", "village", "town1", "village2", **OLD),
        unit("other1", "village", "town1", "village2", **OLD),
        unit("town2", "town", "country", first=SPLIT),
        unit("village2", "village", "town2", first=SPLIT),
    ]
)
SLUGS = ("a", "b", "c", "d", "e", "f")
ENDS = (None, None, date(2025, 3, 31), date(2025, 6, 30), date(2025, 9, 30))
SHIPPED = shipped_programme()


@st.composite
def programmes(draw) -> Programme:
    """Six agencies at any level that report to any others; some end, and one that comes later takes over."""
    agencies = []
    for place, slug in enumerate(SLUGS):
        until = draw(st.sampled_from(ENDS))
        heirs = SLUGS[place + 1 :] if until else ()
        agencies.append(
            Agency(
                slug=slug, label=SHIPPED.agencies[0].label,
                level=draw(st.sampled_from(LEVELS)), role=AgencyRole.IMPLEMENTS,
                reports_to=tuple(draw(st.lists(st.sampled_from(SLUGS), max_size=2, unique=True))),
                until=until, successor=draw(st.sampled_from((None, *heirs))),
            )
        )  # fmt: skip
    return Programme.model_construct(slug="random", agencies=tuple(agencies))


def oracle(programme, agency, place, to, day):
    """The rule as it is written, one sentence after the other; the agencies as plain rows."""
    rows = {row.slug: row for row in programme.agencies}

    def ended(slug):
        return rows[slug].until is not None and rows[slug].until < day

    def acts_for(slug):
        return acts_for(rows[slug].successor) if ended(slug) and rows[slug].successor else slug

    def ways(slug, seen):
        """Everybody whom one reaches by going to a superior, or from one that has ended to its successor."""
        following = [*rows[slug].reports_to, *([rows[slug].successor] if ended(slug) and rows[slug].successor else [])]
        for step in following:
            if step not in seen:
                seen.add(step)
                ways(step, seen)
        return seen

    after = {"county": "country", "town1": "town2", "village1": "village2", "other1": "village2"}
    here = after.get(place, place) if day >= SPLIT else place
    ladder = [here]
    while PLACES[ladder[-1]].parent:
        ladder.append(PLACES[ladder[-1]].parent)
    if to == 0:
        return {(here, acts_for(agency))}
    above = {acts_for(slug) for slug in ways(agency, set())}
    above = {slug for slug in above if slug != acts_for(agency) and not ended(slug)}
    sits = {(uid, slug) for uid in ladder for slug in above if rows[slug].level == PLACES[uid].level}
    if to > 1:
        return {(uid, slug) for uid, slug in sits if ladder.index(uid) == to}
    near = {(uid, slug) for uid, slug in sits if ladder.index(uid) <= 1}
    return {(uid, slug) for uid, slug in near if uid != "country"} or near


@given(
    programmes(), st.sampled_from(SLUGS), st.sampled_from([unit.uid for unit in PLACES]), st.integers(0, 4),
    st.sampled_from([date(2025, 1, 1), date(2025, 5, 1), date(2025, 8, 1), date(2026, 1, 1)]),
)  # fmt: skip
def test_the_seats_are_those_of_the_rule_as_it_is_written(programme, agency, place, to, day):
    found = Seats(programme, PLACES, day).of(agency, place, to)
    assert set(found) == oracle(programme, agency, place, to, day)
    assert len(set(found)) == len(found)
    assert agency == found[0].agency or programme.agency[agency].until is not None if to == 0 else True
