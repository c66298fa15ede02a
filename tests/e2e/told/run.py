"""Lives the two years with intake and notifications, and holds every message against the model's."""

import itertools
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from random import Random
from typing import Any

from typer.testing import CliRunner

from cli.main import app
from deploy.local.http import LOCAL
from shared.domain.events import BOARD_SENDER
from tests.e2e.three_programmes.duties import Life
from tests.e2e.three_programmes.plans import Owed, Plan
from tests.e2e.three_programmes.years import ENDS, SEEN, TURNS, Years
from tests.e2e.told import officers as people
from tests.e2e.told.facts import Message
from tests.e2e.told.form import Form
from tests.e2e.told.outbox import Outbox
from tests.e2e.told.problems import Trouble
from tests.e2e.told.seats import Seats
from tests.e2e.told.words import Words, but_for_above
from tests.system import System, kip

SOON = timedelta(minutes=10)
MOST = 30  # differences, before it is given up
# Of what is owed: told in time, told late; of what has come: taken back, and then told again, at each stop.
IN_TIME, LATE, WITHDRAWN, AGAIN = 0.72, 0.18, 0.01, 0.3
DARK = 0.15  # of the units with others below them, in which nobody reports a period in time
ACTS, KEEPS_BACK = 0.6, 0.08  # stops with a decision or a problem; messages that are answered by their link
# Of what comes, the part that officers hand in by the form, and of that what they hand in again; stops after which
# another sender's figures take the place of such, and how many of these there are at most.
BY_FORM, CORRECTED, CHANGES, MOST_CHANGES = 0.2, 0.02, 0.35, 4
RESOLVED = 0.45  # of what is done about problems, the part by which one ends


class ToldYears(Years):
    """One run of it."""

    def __init__(
        self, system: System, mail_dir: Path, plans: Mapping[str, Plan], register: Path, seen: datetime,
        folder: Path, chance: Random,
    ) -> None:  # fmt: skip
        super().__init__(system, plans, register, seen, chance)
        self.officers = people.draw(plans, self.places, seen.date(), chance)
        file = people.write(self.officers, folder / "officers.csv")
        kip("officer", "import", str(file), environment=system.environment)
        self.board_key = system.add_source(BOARD_SENDER, "--read", "--act")
        self.form = Form(system, self.board_key, self.officers)
        self.seats = Seats(plans, self.places, self.officers)
        self.outbox = Outbox(plans, self.places, self.duties, self.seats)
        self.words = Words(plans, self.places)
        self.mail_dir = mail_dir
        self.before = set(mail_dir.glob("*.eml"))
        self.fates: dict[Owed, datetime | None] = {}
        self.dark: dict[tuple[str, str, str], bool] = {}
        self.links: dict[Message, str] = {}
        self.amiss: list[Any] = []  # of the messages

    def tick(self, now: datetime) -> None:
        """Move the clock, have the services sweep, and compare what came with what was to come."""
        ticked = CliRunner().invoke(app, ["tick", "--now", now.isoformat()], env=dict(self.system.environment))
        assert ticked.exit_code == 0, (ticked.output, ticked.exception)
        self.now = now
        self.duties.sweep(now)
        self.outbox.sweep(now)
        self._compare(self.outbox.deliver(now), list(self._mails()))

    def stop_at(self, now: datetime) -> None:
        self.tick(now)
        for until in self.outbox.reminders_wait_until():
            self.tick(until)
        now = self.now
        self.stops.append(now)
        self._answer_messages(now)  # before anything comes in: the services sweep by themselves as it does
        events = list(self.events(now))
        if events:
            for event in events:
                self.ledger.take(event, now)
            self.form.post(events)
            self.duties.settle(now)
            self.check_obligations()
        if self.chance.random() < CHANGES:
            self._change(now)
        acted = self.chance.random() < ACTS and self.act(now)
        if acted:
            self.tick(now + SOON)

    def events(self, now: datetime) -> Iterator[dict[str, Any]]:
        """What is reported now, and what is taken back."""
        for owed, life in self.duties.lives.items():
            key = self._record(owed)
            top = self.ledger.counting(key)
            drawn = self.chance.random()
            if top is None and self._comes(owed, life, now, again=key in self.ledger.versions, drawn=drawn):
                yield self._report(owed, len(self.ledger.versions.get(key, ())), now)
            elif top is not None and owed in self.outbox.changes.handed_in:
                if drawn < CORRECTED and (event := self._by_form(owed, now)):
                    yield event
            elif top is not None and drawn < WITHDRAWN and now - top.accepted_at < timedelta(days=40):
                names = ("indicator", "report", "agency", "period")
                data = {name: top.data[name] for name in names if name in top.data} | {"revision": top.revision + 1}
                yield self.history.event("record.retracted", owed.unit, owed.programme, data, now)

    def _comes(self, owed: Owed, life: Life, now: datetime, *, again: bool, drawn: float) -> bool:
        if again:
            return drawn < AGAIN
        if owed not in self.fates:
            self.fates[owed] = self._fate(owed, life)
        fate = self.fates[owed]
        return fate is not None and fate <= now

    def _fate(self, owed: Owed, life: Life) -> datetime | None:
        above = self.places.rows[owed.unit]["parent"]
        silent = self.dark.setdefault((above, owed.report, owed.period), self.chance.random() < DARK)
        drawn = 1 - self.chance.random() * (1 - IN_TIME) if silent else self.chance.random()
        if drawn < IN_TIME:
            return life.due - timedelta(hours=self.chance.randint(1, 24 * 12))
        if drawn < IN_TIME + LATE or silent:
            return life.due + timedelta(hours=self.chance.randint(40, 24 * 16))
        return None

    def _record(self, owed: Owed) -> tuple[str, ...]:
        """The record by which the obligation is met: the report, or the one figure that makes it up."""
        plan = self.plans[owed.programme]
        if plan.reports[owed.report].get("completed_by") != "indicators":
            return self.ledger.report_key(owed)
        (slug,) = (s for s, i in plan.indicators.items() if i["period"] == plan.reports[owed.report]["period"])
        return ("indicator", *plan.root(slug), owed.unit, owed.agency, owed.period)

    def _report(self, owed: Owed, revision: int, now: datetime) -> dict[str, Any]:
        key = self._record(owed)
        data: dict[str, Any] = {"agency": owed.agency, "period": owed.period, "revision": revision}
        if key[0] == "report":
            data["report"] = owed.report
            by_form = self._by_form(owed, now) if not revision and self.chance.random() < BY_FORM else None
            if by_form is not None:
                return by_form
            return self.history.event("report.submitted", owed.unit, owed.programme, data, now)
        parts = self.plans[owed.programme].indicators[key[2]]["components"]
        data |= {"indicator": key[2], "components": {part["slug"]: True for part in parts}}
        return self.history.event("indicator.reported", owed.unit, owed.programme, data, now)

    def _by_form(self, owed: Owed, now: datetime) -> dict[str, Any] | None:
        """The report as an officer of the agency that owes it hands it in, where they sit; None where there is none."""
        day = self.plans[owed.programme].day(now)
        there = self.places.in_force(owed.unit, day) and self.seats.acting(owed.programme, owed.agency, day)
        officer = self.form.officer_of(owed) if there == owed.agency else None
        if officer is None:
            return None
        data = {"report": owed.report, "agency": owed.agency, "period": owed.period}
        at = self.form.instant(now)
        event = self.history.event("report.submitted", owed.unit, owed.programme, data, at)
        self.outbox.changes.handed_in.setdefault(owed, []).append(at)
        return self.form.as_theirs(event, officer)

    def _change(self, now: datetime) -> None:
        """Figures of another sender take the place of some that were handed in, or are the same."""
        handed_in = [it for it in self.outbox.changes.handed_in if self.duties.lives[it].state in {"met", "late_met"}]
        for owed in self.chance.sample(handed_in, min(len(handed_in), self.chance.randint(1, MOST_CHANGES))):
            indicators = self.plans[owed.programme].indicators
            indicator = self.chance.choice([slug for slug, it in indicators.items() if not it.get("components")])
            before = self.chance.randint(1, 4000), self.chance.randint(4001, 9999)
            counts = self.chance.choice((before, None, (before[0] - 1, before[1]), (before[0] + 7, before[1] + 9)))
            at = self.outbox.changes.handed_in[owed][-1]
            self.form.changed(owed, indicator, before, counts, at, now)
            self.outbox.changes.changed(owed, indicator, before, counts, now)

    def act(self, now: datetime) -> bool:
        """A decision, or something about a problem; whether there was anything to do."""
        if self.chance.random() < 0.5:
            for owed in self.decide(1):
                life = self.duties.lives[owed]
                kind = "waived" if life.state == "waived" else "extended"
                self.outbox.decisions.append((owed, kind, life.cycle))
            return True
        return self._problem(now)

    def _problem(self, now: datetime) -> bool:
        """Have an obstacle raised, or an open one resolved."""
        open_ = [trouble for trouble in self.outbox.troubles.known.values() if not trouble.resolved]
        event = self._resolved(self.chance.choice(open_), now) if open_ and self.chance.random() < RESOLVED else None
        event = event or self._raised(now)
        if event is None:
            return False
        answer = self.system.post([event])
        assert answer.status_code == 202, answer.text
        return True

    def _resolved(self, trouble: Trouble, now: datetime) -> dict[str, Any]:
        """By the unit and agency that raised it, or who stands for them today."""
        day = self.plans[trouble.programme].day(now)
        unit = self.places.heir(trouble.what.unit, day)
        agency = self.seats.acting(trouble.programme, trouble.what.agency, day)
        data = {"record": trouble.what.record, "agency": agency, "text": "đã xong"}
        trouble.resolved = True
        return self.history.event("problem.resolved", unit, trouble.programme, data, now)

    def _raised(self, now: datetime) -> dict[str, Any] | None:
        """By one of those who owe something, in any field or none; nobody may, of a programme at rest."""
        troubles = self.outbox.troubles
        awake = [plan for plan in self.plans.values() if not self.outbox.steps[plan.slug].rests(plan.day(now))]
        plan = self.chance.choice(awake)
        day = plan.day(now)
        owing = [
            owed for owed, life in self.duties.lives.items() if owed.programme == plan.slug
            and life.state in {"open", "overdue"} and self.places.in_force(owed.unit, day)
        ]  # fmt: skip
        if not owing:
            return None
        who = self.chance.choice(owing)
        agency = self.seats.acting(plan.slug, who.agency, day)
        domains = [o["slug"] for d in plan.file["dimensions"] if d["slug"] == "domain" for o in d["options"]]
        domain, record = self.chance.choice([None, *domains]), f"problem-{len(troubles.known) + 1}"
        data = {"record": record, "agency": agency, "text": "thiếu phòng học"} | ({"domain": domain} if domain else {})
        troubles.raised(plan.slug, record, who.unit, agency, domain, now)
        return self.history.event("problem.raised", who.unit, plan.slug, data, now)

    def _answer_messages(self, now: datetime) -> None:
        """Some officers acknowledge what they read, or pause the programme."""
        for message, link in sorted(self.links.items(), key=lambda read: self._place(read[0])):
            if self.chance.random() < KEEPS_BACK and message.about:
                action = self.chance.choice(("acknowledge", "acknowledge", "mute"))
                plan = self.plans[message.programme]
                until = plan.day(now) + timedelta(days=self.chance.randint(2, 30))
                if not self._acknowledge(link, plan.slug, until, whole=action == "mute"):
                    continue
                for about in message.about if action == "acknowledge" else (None,):
                    key = (message.officer, plan.slug, about)
                    self.outbox.mutes[key] = plan.times.morning(until)
                self.compared[action] += 1
        self.links = {}

    def _acknowledge(self, link: str, programme: str, until: date, *, whole: bool) -> bool:
        """As the board does for who opens a link: all that its message named, or the whole programme. Whether it was
        taken: who sat at a district that is no more hears the end of its matters, and has none to acknowledge.
        """
        resolved = self._ask("/v1/links/resolve", {"token": link.rpartition("/")[2]})
        ref, named = resolved["officer"]["ref"], resolved["message"]["obligations"]
        body = {"programme": programme, "obligations": [] if whole else named, "until": until.isoformat()}
        taken = whole or resolved["officer"]["today"] is not None
        headers = {"Kip-Officer": f"{ref}; device=3f9c21ab"}
        self._ask(f"/v1/officers/{ref}/acknowledgements", body, headers, 200 if taken else 422)
        return taken

    def _ask(self, path: str, body: dict[str, Any], headers: Mapping[str, str] | None = None, status: int = 200) -> Any:
        answer = LOCAL.post(
            f"{self.system.services.url('notifications')}{path}", json=body, timeout=30,
            headers={"Authorization": f"Bearer {self.board_key}", **(headers or {})},
        )  # fmt: skip
        assert answer.status_code == status, (path, body, answer.status_code, answer.text[:500])
        return answer.json()

    def _place(self, message: Message) -> tuple[str, str, list[str]]:
        """Where a message stands among others: mails arrive in any order, and a seed's draws need one."""
        return message.officer.address, message.programme, self.words.lines(message)

    def _mails(self) -> Iterator[EmailMessage]:
        fresh = set(self.mail_dir.glob("*.eml")) - self.before
        self.before |= fresh
        for path in sorted(fresh):
            yield message_from_bytes(path.read_bytes(), policy=policy.default)

    def _compare(self, wanted: Sequence[Message], mails: Sequence[EmailMessage]) -> None:
        mine = {(message.officer.address, *but_for_above(self.words.lines(message))): message for message in wanted}
        theirs = {(str(mail["To"]), *but_for_above(_listed(mail))): mail for mail in mails}
        for message in wanted:
            self.compared.update(section.kind for section in message.sections)
        for key in sorted(mine.keys() ^ theirs.keys()):
            self.amiss.append((self.now.isoformat(), "model only" if key in mine else "product only", key))
        if len(wanted) != len(mails):
            self.amiss.append((self.now.isoformat(), "how many", len(wanted), len(mails)))
        for key in mine.keys() & theirs.keys():
            self._compare_one(mine[key], theirs[key])

    def _compare_one(self, message: Message, mail: EmailMessage) -> None:
        """The subject, and whether the level between is said to have been told: not where it is told at this instant,
        since nobody can know which of two letters leaves first.
        """
        subject, possible = str(mail["Subject"]), self.words.subjects(message)
        if subject not in possible:
            self.amiss.append((self.now.isoformat(), "subject", possible, subject))
        lines = self.words.lines(message)
        if not message.is_uncertain and lines != _listed(mail):
            self.amiss.append((self.now.isoformat(), "the level between", lines, _listed(mail)))
        links = [word for word in _text(mail).split() if "/l/" in word]
        if links:
            self.links[message] = links[-1]


def _text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def _listed(mail: EmailMessage) -> list[str]:
    """The lines of a mail that say something of a report or an obstacle, in the order of the alphabet."""
    return sorted(line for line in _text(mail).splitlines() if line.startswith(("- ", "* ")))


def stops(years: ToldYears, seen: datetime, ends: datetime, share: float) -> list[datetime]:
    """When the clock stops: around deadlines, on the first mornings of months, where something turns; not always."""
    found = {datetime.fromisoformat(f"{turn}T{hour}:00+07:00") for turn in TURNS for hour in ("09:30", "20:30")}
    plans, chance = years.plans, years.chance
    for plan in plans.values():
        likely = 0.3 if any(report["period"] == "week" for report in plan.reports.values()) else 0.75
        likely *= share
        dues = {due.astimezone(plan.times.zone).date() for _, due in plan.obligations(ends.date(), years.places)}
        for day, count in itertools.product(sorted(dues), (-1, 0, 1, 3, 6)):
            if chance.random() < likely:
                found.add(_hour(plan, plan.times.working_day(day, count), chance))
        day = seen.date()
        while day < ends.date():
            day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
            if chance.random() < 0.85:
                found.add(_hour(plan, plan.times.working_day_after(day - timedelta(days=1), 1), chance))
    return sorted(stop for stop in found if seen < stop <= ends)


def _hour(plan: Plan, day: date, chance: Random) -> datetime:
    morning = plan.times.morning(day)
    return morning + timedelta(minutes=chance.choice((0, 0, 0, 90, 330, 750)))


def live(
    system: System, mail_dir: Path, folders: Sequence[Path], register: Path, folder: Path, chance: Random, share: float
) -> Counter[str]:
    """Live the two years; how much was compared. `share`: of the instants that are worth a look, those looked at."""
    plans = {plan.slug: plan for plan in map(Plan, folders)}
    seen, ends = datetime.fromisoformat(SEEN), datetime.fromisoformat(ENDS)
    years = ToldYears(system, mail_dir, plans, register, seen, folder, chance)
    began = time.monotonic()
    every = stops(years, seen, ends, share)
    for stop in every:
        if stop - years.now > timedelta(minutes=20):
            years.stop_at(stop)
        if years.differing or len(years.amiss) > MOST:
            break
    print(f"{len(every)} stops, {len(years.officers)} officers, {time.monotonic() - began:.0f} s")
    assert years.differing == [], f"{len(years.differing)} differ, (model, service): {years.differing[:10]}"
    assert years.amiss == [], "\n".join(map(str, years.amiss[:20]))
    return years.compared
