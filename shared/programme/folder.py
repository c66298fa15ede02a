"""Reads `programmes/<slug>/`, a programme's folder, and says all that is wrong with it.

    programme.yaml                   the models of shared/programme/model.py and those that it is made of
    messages/<language>/<name>.j2    its own text of a step's template or a notice, in place of the common one
    README.md                        for people

The calendar of its country, `<country>.csv` (date,kind,instrument), stands beside all programmes, for all of them. The
common texts are in `shared/programme/messages/`; what isn't there must be in the folder, in each of the programme's
languages.

Every problem is given at once, with file, line, path and reason, so that an operator mends a file in one go.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any
from unicodedata import is_normalized

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.programme.base import LANGUAGES, PATTERNS, Model
from shared.programme.checks import contradictions, references, texts, unknown
from shared.programme.common_texts import COMMON_TEXTS
from shared.programme.message_text import faults
from shared.programme.model import COUNTRY, CalendarDay, Programme
from shared.programme.problems import CALENDARS, PROGRAMME_FILE, Document, Place, Problem, ProgrammeError
from shared.programme.superior_checks import Ladders, superior_faults
from shared.programme.target_checks import excesses
from shared.programme.yaml_text import read_yaml

LONGEST_FILE = 1024 * 1024  # bytes; the shipped programme.yaml has 78,000
MOST_FILES = 1000
# Texts that no step names: a late report came in after all, an obstacle was met or overcome, a deadline was extended or
# a report waived, figures were changed after they were handed in, the monthly summary.
NOTICES = ("received", "problem", "decision", "changed-after", "summary")
_MAY_BE_THERE = ("README.md",)
_FROM_OTHER_FILES = ("calendar_overrides", "messages")


def load_programme(folder: Path, levels: frozenset[str] | None = None, calendars: Path = CALENDARS) -> Programme:
    """Load the programme in `folder`. Raises ProgrammeError with every problem.

    `levels` are those of the register of units; without them the names of levels are not checked. `calendars` holds a
    file for each country whose days off and made up the package `holidays` doesn't know.
    """
    programme, document = read_programme(folder, levels, calendars=calendars)
    if document.problems or programme is None:
        raise ProgrammeError(document.problems)
    return programme


def check_programme(
    folder: Path,
    levels: frozenset[str] | None = None,
    units: frozenset[str] | None = None,
    calendars: Path = CALENDARS,
) -> list[Problem]:
    """Find every problem of the programme in `folder`, by file and line; none if it can be loaded."""
    return read_programme(folder, levels, units, calendars)[1].problems


def read_programme(
    folder: Path,
    levels: frozenset[str] | None,
    units: frozenset[str] | None = None,
    calendars: Path = CALENDARS,
    ladders: Ladders | None = None,
) -> tuple[Programme | None, Document]:
    """Read the programme in `folder`, as far as it can be read; the document has every problem of the whole folder.

    `units` are the uids of the register, `ladders` the levels of theirs; without them those that the programme names,
    and whether somebody above each that owes hears of it, are not checked. A folder that others wrote is read by
    `shared/programme/reading.py`, which can be stopped.
    """
    files = _Files(folder, calendars)
    files.read()
    problems = files.problems
    document = files.document
    programme = None
    if isinstance(document.values, dict):
        programme, malformed = _model(document, files)
        problems += malformed
        problems += _at(document, references(document.values, levels, units))
        problems += _at(document, texts(document.values))
        problems += _at(document, excesses(document.values))
        if programme is not None:
            problems += _at(document, contradictions(programme))
            if ladders is not None and not problems:
                problems += _at(document, superior_faults(programme, ladders))
    found = sorted(set(problems), key=lambda item: (item.file, item.line or 0, item.path, item.reason))
    return programme, Document(document.file, document.values, document.lines, found)


def _at(document: Document, found: Iterator[tuple[Place, str]]) -> list[Problem]:
    return [document.problem(place, reason) for place, reason in found]


@dataclass
class _Files:
    """What the folder holds, read; the only part here that touches the disk."""

    folder: Path
    calendars: Path
    document: Document = field(default_factory=lambda: Document(PROGRAMME_FILE))
    days: list[dict[str, str]] = field(default_factory=list)
    messages: dict[str, dict[str, str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def read(self) -> None:
        """Read all. Where programme.yaml can't be read nothing is known of the other files, and they are left alone."""
        text = self._text(PROGRAMME_FILE)
        if text is None:
            return
        self.document = read_yaml(PROGRAMME_FILE, text)
        self.problems += self.document.problems
        if not isinstance(self.document.values, dict):
            if not self.document.problems:
                self.problems.append(self.document.problem((), "must be a mapping that begins with `slug: …`"))
            return
        templates = self._templates()
        self._calendar(_at_path(self.document.values, "holidays", "country"))
        for language in self.languages:
            self.messages[language] = dict(self._messages(language, templates))
        wanted = {f"messages/{language}/{name}.j2" for language in self.languages for name in (*templates, *NOTICES)}
        self._strangers(wanted | {PROGRAMME_FILE, *_MAY_BE_THERE})

    @property
    def languages(self) -> tuple[str, ...]:
        """The programme's languages; the usual ones where it names none that there are."""
        named = _at_path(self.document.values, "languages")
        return tuple(known for known in LANGUAGES if isinstance(named, list) and known in named) or LANGUAGES

    def _text(self, name: str) -> str | None:
        return self._text_of(self.folder / name, name)

    def _text_of(self, path: Path, name: str, why: str = "") -> str | None:
        try:
            if path.exists() and not path.is_file():
                raise OSError("not a file")
            with path.open("rb") as file:
                content = file.read(LONGEST_FILE + 1)
            if len(content) > LONGEST_FILE:
                raise OSError(f"longer than {LONGEST_FILE:,} bytes")
            return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        except FileNotFoundError:
            self.problems.append(Problem(name, None, "", f"missing{why}"))
        except (OSError, UnicodeDecodeError) as error:
            self.problems.append(Problem(name, None, "", f"unreadable: {error}"))
        return None

    def _templates(self) -> dict[str, Place]:
        """List the texts that steps name, with the place where each is named first."""
        steps = _at_path(self.document.values, "escalation")
        found: dict[str, Place] = {}
        for i, step in enumerate(steps if isinstance(steps, list) else ()):
            name = _at_path(step, "template")
            if isinstance(name, str):
                found.setdefault(name, ("escalation", i, "template"))
        return found

    def _messages(self, language: str, templates: dict[str, Place]) -> Iterator[tuple[str, str]]:
        common = {path.stem: path for path in (COMMON_TEXTS / language).iterdir()}
        for name in (*templates, *NOTICES):
            place = templates.get(name)
            file = f"messages/{language}/{name}.j2"
            own = self.folder / file
            is_common = name in common and not own.exists() and not own.is_symlink()
            why = f": {PROGRAMME_FILE} names it" if place else ": every programme needs it"
            text = self._text_of(common[name] if is_common else own, file, why)
            if text is None:
                if place:
                    self.problems.append(self.document.problem(place, f"there is no {file}"))
                continue
            if not is_normalized("NFC", text):
                self.problems.append(
                    Problem(file, None, "", "not in Unicode NFC: type it anew, or convert it to composed form")
                )
            self.problems += (Problem(file, line, "", reason) for line, reason in faults(text))
            yield name, text

    def _calendar(self, country: object) -> None:
        """Read the country's calendar, if it has one. What is no country the model says."""
        if not isinstance(country, str) or COUNTRY.fullmatch(country) is None:
            return
        path = self.calendars / f"{country}.csv"
        name = f"{self.calendars.name}/{path.name}"
        text = self._text_of(path, name) if path.exists() else None
        if text is not None:
            self.days, problems = _days(name, text)
            self.problems += problems

    def _strangers(self, known: set[str]) -> None:
        found = list(islice(self.folder.rglob("*"), MOST_FILES + 1))
        if len(found) > MOST_FILES:
            self.problems.append(Problem(PROGRAMME_FILE, None, "", f"beside it are more than {MOST_FILES:,} files"))
            return  # to name each would hide all else
        for path in sorted(found):
            name = path.relative_to(self.folder).as_posix()
            if path.is_file() and name not in known:
                self.problems.append(Problem(name, None, "", unknown("file", name, known)))


def _at_path(values: Any, *keys: str) -> Any:
    for key in keys:
        values = values.get(key) if isinstance(values, dict) else None
    return values


def _days(file: str, text: str) -> tuple[list[dict[str, str]], list[Problem]]:
    """Read the calendar's rows that are sound, and say what is wrong with the others."""
    reader = csv.reader(StringIO(text))
    columns = list(CalendarDay.model_fields)
    header = next(reader, [])
    if header != columns:
        return [], [Problem(file, 1, "", f"the columns must be {','.join(columns)}, got {','.join(header)}")]
    rows: list[dict[str, str]] = []
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for cells in reader:
        line = reader.line_num
        if not cells:
            continue
        if len(cells) != len(columns):
            problems.append(Problem(file, line, "", f"{len(cells)} cells instead of {len(columns)}"))
            continue
        row = dict(zip(columns, cells, strict=True))
        if not is_normalized("NFC", row["instrument"]):
            problems.append(
                Problem(file, line, "instrument", "not in Unicode NFC: type it anew, or convert it to composed form")
            )
        if row["date"] in seen:
            problems.append(Problem(file, line, "date", f"{row['date']} stands in line {seen[row['date']]} already"))
        seen.setdefault(row["date"], line)
        try:
            CalendarDay.model_validate(row)
        except ValidationError as error:
            problems += (Problem(file, line, str(fault["loc"][0]), _reason(fault)) for fault in error.errors())
        else:
            rows.append(row)
    return rows, problems


def _model(document: Document, files: _Files) -> tuple[Programme | None, list[Problem]]:
    """Make the models, or say what in the file does not fit them."""
    own = dict(document.values)
    problems = [
        document.problem((key,), "belongs in a file of its own, not here")
        for key in _FROM_OTHER_FILES
        if own.pop(key, None)
    ]
    try:
        model = Programme.model_validate(
            {**own, "calendar_overrides": files.days, "messages": files.messages},
            context={"languages": files.languages},
        )
    except ValidationError as error:
        found = error.errors(include_url=False)
        return None, problems + [document.problem(_place(own, fault["loc"]), _reason(fault)) for fault in found]
    return model, problems


def _place(values: Any, location: tuple[int | str, ...]) -> Place:
    """Clear pydantic's location of what is not in the file: the names of union members, `[key]`."""
    place: list[int | str] = []
    for i, step in enumerate(location):
        inside = (isinstance(values, dict) and step in values) or (isinstance(values, list) and isinstance(step, int))
        if inside:
            values = values[step]
        if inside or (i == len(location) - 1 and isinstance(values, dict) and step != "[key]"):
            place.append(step)
    return tuple(place)


def _reason(fault: ErrorDetails) -> str:
    if fault["type"] == "missing":
        return "missing"
    if fault["type"] == "extra_forbidden":
        return unknown("field", fault["loc"][-1], _fields(Model))
    pattern = fault.get("ctx", {}).get("pattern", "")
    reason = PATTERNS.get(pattern, fault["msg"].removeprefix("Value error, "))
    got = repr(fault["input"])
    return reason if got in reason or len(got) > 80 else f"{reason}, got {got}"


def _fields(model: type[Model]) -> frozenset[str]:
    """List every field's name in every model: near enough to guess a misspelt one."""
    return frozenset(model.model_fields).union(*(_fields(part) for part in model.__subclasses__()))
