"""An obligation's name, in addresses, links and ids: what it is about, and the epoch of the database. Pure.

`ecd-1437~progress-quarterly~06412@1~ubnd-xa~2023-Q1~0` names the same in every copy of the data, as no row's number
does. Restoring the database raises its epoch: what was named before may have gone back to another state, and is not to
be decided about by who looked at it then.
"""

import re
from dataclasses import dataclass, fields

from shared.domain.periods import PeriodError, parse_period
from shared.values.scalars import ScalarError, shown, whole_number
from shared.wording.words import Common, Words

_BETWEEN = "~"
_SLUG = re.compile(r"(?=.{1,64}\Z)[a-z0-9]+(-[a-z0-9]+)*")
_UID = re.compile(r"[A-Za-z0-9._-]{1,32}(@[0-9]{1,4})?")
LONGEST_NAME = 3 * 64 + 37 + 8 + 19 + 5  # slugs, uid, period, epoch and what stands between
EXPECTED = Words(
    "tên của một nghĩa vụ báo cáo (`id` trong `/v1/obligations`)",
    "an obligation's name (its `id` in `/v1/obligations`)",
)


class ObligationNameError(ValueError):
    """A text that is no obligation's name: `words` say what was expected."""

    def __init__(self, text: str) -> None:
        self.words = Common.EXPECTED_GOT.value.filled(expected=EXPECTED, got=shown(text))
        super().__init__(self.words.en)


@dataclass(frozen=True, slots=True)
class ObligationName:
    """What a name says: whose report of which period, in the order in which it is written."""

    programme: str
    report: str
    unit: str  # its uid
    agency: str
    period: str
    epoch: int

    def __str__(self) -> str:
        return _BETWEEN.join((self.programme, self.report, self.unit, self.agency, self.period, str(self.epoch)))


def read_obligation_name(text: str) -> ObligationName:
    """Read a name as `ObligationName` writes it. Raises ObligationNameError for anything else."""
    parts = text.split(_BETWEEN) if len(text) <= LONGEST_NAME else []
    if len(parts) != len(fields(ObligationName)):
        raise ObligationNameError(text)
    programme, report, unit, agency, period, epoch = parts
    try:
        name = ObligationName(programme, report, unit, agency, str(parse_period(period)), whole_number(epoch))
    except (PeriodError, ScalarError):
        raise ObligationNameError(text) from None
    sound = all(_SLUG.fullmatch(slug) for slug in (programme, report, agency)) and _UID.fullmatch(unit)
    if not sound or str(name) != text:  # one name a thing: no zeros before the epoch
        raise ObligationNameError(text)
    return name
