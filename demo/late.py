"""The demo's end: a commune that was silent hands in through the form, and every level follows."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from demo import silent
from demo.data import DemoData
from demo.figures import Compared, compare_figures
from demo.form import HandedIn, hand_in
from demo.mail import code_in, letters, link_in, read_lines, read_received
from demo.play import Play
from demo.questions import Oracle
from demo.show import ladder_rows, show_change, show_compared
from demo.silent import Silent
from deploy.local.http import LOCAL
from deploy.local.processes import StartError
from deploy.local.run import Running
from sample import workdays
from sample.workdays import HANOI

FOLLOW_SECONDS = 30.0
PAUSE_SECONDS = 0.2
OVERDUE, MET = "overdue", "late_met"


@dataclass(frozen=True, slots=True)
class Late:
    """One commune's late report, in a run whose year is played. `key` reads."""

    data: DemoData
    oracle: Oracle
    run: Running
    play: Play
    key: str

    def come(self) -> bool:
        """Hand in, show what follows, and tell whether it is what must follow. Raises StartError where a step fails."""
        try:
            return self._come()
        except (LookupError, httpx.HTTPError) as error:
            raise StartError(f"through the form: {error!r}") from error

    def _come(self) -> bool:
        compared, one = Compared(), silent.find_silent(self.data)
        before = self._rows(one)
        compared.add("obligation before", OVERDUE, self._obligation(one)["state"])
        mails, at = len(letters(self.run.stack.mail_dir)), self._now()
        handed = self._hand_in(one, at)
        compared.add("receipt", expected=True, got=silent.receipt_words(one, at) in handed.receipt.text)
        met_at = self._met_at(one)
        self.play.wait_applied()
        self._tell(one, handed, at)
        show_change(self.run.out, before, self._rows(one))
        figures = self._figures(one)
        self.play.tick(workdays.morning(workdays.shift(at.date(), 1)))
        self._letters(one, mails, met_at, compared)
        show_compared(self.run.out, f"figures in {figures.requests:,} answers about that quarter", figures)
        show_compared(self.run.out, "things that the obligation, the receipt and the letters say", compared)
        return figures.right and compared.right

    def _hand_in(self, one: Silent, at: datetime) -> HandedIn:
        folder = self.run.stack.mail_dir
        arrived = letters(folder)
        letter = next((mail for mail in reversed(arrived) if one.own in read_lines(mail, self.data.programme)), None)
        if letter is None:
            raise LookupError(f"no letter says {one.own}")
        posts = silent.posts_of(self.data, one, at)

        async def code() -> str:
            deadline = time.monotonic() + FOLLOW_SECONDS
            while time.monotonic() < deadline:
                for mail in letters(folder, after=len(arrived)):
                    if mail["To"] == one.address and (found := code_in(mail)) is not None:
                        return found
                await asyncio.sleep(PAUSE_SECONDS)
            raise LookupError(f"no code came to {one.address}")

        handed = asyncio.run(hand_in(link_in(letter), one.name(self.data.programme.slug), silent.typed(posts), code))
        silent.count(self.data, posts)
        return handed

    def _met_at(self, one: Silent) -> datetime:
        """Wait until the obligation is met, late; return when it was. Raises LookupError where it takes too long."""
        deadline = time.monotonic() + FOLLOW_SECONDS
        while (row := self._obligation(one))["state"] != MET:
            if time.monotonic() > deadline:
                raise LookupError(f"expected the obligation to be {MET}, it is {row['state']}")
            time.sleep(PAUSE_SECONDS)
        return datetime.fromisoformat(row["met_at"])

    def _figures(self, one: Silent) -> Compared:
        """Compare what may have changed with the tally, which counts the report too by now."""
        questions = [question for question in self.oracle.questions() if silent.concerns(question, one)]
        url = self.run.services.url("aggregation")
        return asyncio.run(compare_figures(url, self.key, iter(questions)))

    def _letters(self, one: Silent, mails: int, met_at: datetime, compared: Compared) -> None:
        """Compare every letter since then: the code, and who was told of the silence is told of its end."""
        arrived = letters(self.run.stack.mail_dir, after=mails)
        codes = [str(mail["To"]) for mail in arrived if code_in(mail) is not None]
        compared.add("letters with a code", [one.address], codes)
        expected = silent.notices(one, met_at)
        came = Counter(line for mail in arrived for line in read_received(mail))
        for line in sorted(expected.keys() | came.keys()):
            compared.add(f"line {line}", expected[line], came[line])
        others = [str(mail["Subject"]) for mail in arrived if code_in(mail) is None and not [*read_received(mail)]]
        compared.add("letters about anything else", [], others)
        for mail in arrived:
            if code_in(mail) is None:
                self.run.out.print(f"  to {mail['To']}: {mail['Subject']}", highlight=False, markup=False)

    def _tell(self, one: Silent, handed: HandedIn, at: datetime) -> None:
        unit, out = one.duty.unit, self.run.out
        out.print()
        out.print(
            f"[bold]{unit.name} ({unit.code}) was silent about {one.duty.period}.[/] "
            f"On {at.astimezone(HANOI):%d/%m/%Y} its officer opens the link in the letter of {one.own.on:%d/%m/%Y}, "
            f"without JavaScript: {handed.pages} pages, a code by mail, {handed.figures} figures.",
            highlight=False,
        )
        out.print(f"  «{handed.receipt.heading}. {silent.receipt_words(one, at)}.»", highlight=False, markup=False)

    def _rows(self, one: Silent) -> list[dict[str, Any]]:
        path = self.data.scope.units.path(one.duty.unit.uid)
        return ladder_rows(
            self.run.services.url("aggregation"), self.key, self.data.programme, str(one.duty.period), path
        )

    def _obligation(self, one: Silent) -> Mapping[str, Any]:
        answer = LOCAL.get(
            f"{self.run.services.url('notifications')}/v1/obligations",
            headers={"Authorization": f"Bearer {self.key}"},
            params={
                "programme": self.data.programme.slug, "report": one.duty.report, "unit": one.duty.unit.uid,
                "period": str(one.duty.period),
            },
        )  # fmt: skip
        rows = [row for row in answer.raise_for_status().json()["rows"] if row["agency"] == one.duty.agency]
        if len(rows) != 1:
            raise LookupError(f"expected one obligation, found {len(rows)}")
        return dict(rows[0])

    def _now(self) -> datetime:
        now = self.play.now()
        if now is None:
            raise StartError("the clock is real: the made-up year needs KIP_CLOCK")
        return now
