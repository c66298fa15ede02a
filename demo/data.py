"""What the demo knows of the made-up year: its events, stops and officers, and what they must come to."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from deploy.local.processes import PROJECT
from sample.letters import Told, expected_letters
from sample.officers import Officer, officers
from sample.schedule import Stop, stops
from sample.scope import Scope, read_scope
from sample.tally import Tally, tally
from sample.year import DEFAULT_SEED, SampleYear, make_year
from shared.programme.folder import load_programme
from shared.programme.model import Programme

PROGRAMME = PROJECT / "programmes" / "ecd-1437"


@dataclass(frozen=True, slots=True)
class DemoData:
    """Everything about one seed's year."""

    programme: Programme
    scope: Scope
    year: SampleYear
    stops: list[Stop]
    tally: Tally
    officers: list[Officer]
    letters: Counter[Told]


def make_data(seed: int = DEFAULT_SEED, folder: Path = PROGRAMME) -> DemoData:
    """Invent the year and add it up."""
    programme, scope = load_programme(folder), read_scope()
    year = make_year(seed, programme, scope)
    counted = tally(year.posts, scope.units)
    known = officers(programme, scope)
    duties = [item.duty for item in year.submissions]
    letters = expected_letters(programme, scope, counted, duties, known)
    played = stops(programme, year.posts, year.submissions, {told.on for told in letters})
    return DemoData(programme, scope, year, played, counted, known, letters)
