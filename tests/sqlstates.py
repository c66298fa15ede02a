"""One SQLSTATE of every class that PostgreSQL has, as asyncpg knows them (PostgreSQL's Appendix A)."""

from asyncpg import exceptions

_SUCCESS = ("00", "01", "02")  # no errors: success, a warning, no data
OF_DATA = ("22", "23", "54")  # what an event itself may be refused for
STATES = sorted(
    {error.sqlstate for error in vars(exceptions).values() if isinstance(getattr(error, "sqlstate", None), str)}
)
ONE_OF_EACH_CLASS = {state[:2]: state for state in reversed(STATES) if not state.startswith(_SUCCESS)}
OF_ANYTHING_ELSE = {name: state for name, state in ONE_OF_EACH_CLASS.items() if name not in OF_DATA}
