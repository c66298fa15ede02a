"""DHIS2's CSV: what its header may say."""

import pytest

from services.intake.formats.dhis2_csv import read_csv
from services.intake.formats.json_text import UnreadableError


@pytest.mark.parametrize("twice", ["value", "VALUE", "org_unit"])
def test_dhis2_s_csv_with_a_column_twice_is_refused_naming_both(twice: str) -> None:
    with pytest.raises(UnreadableError) as error:
        read_csv(f"dataelement,period,orgunit,value,{twice}\na,b,c,1,2\n".encode(), header=True)
    assert f"columns {'C' if twice == 'org_unit' else 'D'} and E" in str(error.value)
