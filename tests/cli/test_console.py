"""What `kip` prints fits the surroundings that it is printed in."""

import pytest

from cli.console import err, out


@pytest.mark.parametrize("console", [out, err])
def test_the_width_is_that_of_the_moment(console, monkeypatch):
    for columns in ("60", "200"):
        monkeypatch.setenv("COLUMNS", columns)
        assert console().width == int(columns)
