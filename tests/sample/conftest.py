"""The shipped programme, the places, and the year of the usual seed."""

import pytest

from demo.data import PROGRAMME, make_data
from sample.scope import read_scope
from shared.programme.folder import load_programme


@pytest.fixture(scope="session")
def programme():
    return load_programme(PROGRAMME)


@pytest.fixture(scope="session")
def scope():
    return read_scope()


@pytest.fixture(scope="session")
def data():
    return make_data()
