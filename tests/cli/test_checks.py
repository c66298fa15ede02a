"""Which province `kip verify` and `kip rebuild` expect, where one is asked for that is none."""

from datetime import date

import pytest

from cli.checks import not_a_province
from shared.domain.units import Unit, Units

END = date(2025, 6, 30)


def unit(uid, level, parent, successor=None):
    return Unit(uid, uid[:-2], uid, level, "", parent, None, END if successor else None, successor, ())


UNITS = Units(
    [
        unit("VN@1", "nation", None),
        unit("06@1", "province", "VN@1", "19@2"),
        unit("19@2", "province", "VN@1"),
        unit("12@2", "commune", "19@2"),
    ]
)


@pytest.mark.parametrize(
    ("uid", "said"),
    [
        ("06@1", "06@1: not one of the provinces; expected 19@2, where its figures are"),
        ("12@2", "12@2: not one of the provinces; expected 19@2, where its figures are"),
        ("VN@1", "VN@1: no such province; expected a uid like 20@2"),
        ("99@1", "99@1: no such province; expected a uid like 20@2"),
    ],
)
def test_the_province_of_the_last_register_is_named(uid, said):
    why = "the provinces are those of the register's last day, whatever the run's clock says"
    assert not_a_province(uid, UNITS) == f"{said}: {why}"
