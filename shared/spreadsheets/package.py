"""An XLSX file's parts: what leads to its sheets, the texts that they share, which formats are days.

Source: ECMA-376, parts 1 (SpreadsheetML) and 2 (packages). No part is trusted: sizes are those that the archive may
give at most, a document type (and so any entity) is refused, and what a part leads to must be there.
"""

import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import IO, BinaryIO, NamedTuple
from xml.parsers import expat

from shared.sheets.words import FileWords
from shared.spreadsheets.limits import CELL_CHARS, MIB, SHEET_NAME_CHARS, Limits, SheetError
from shared.values.composed_text import composed
from shared.values.personal_data import named

MAIN = frozenset(
    {"http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main"}
)
_ID = re.compile(r"http://\S+/relationships id")
_PARTS = 5000
_NO_MEMORY = expat.errors.codes[expat.errors.XML_ERROR_NO_MEMORY]
_PIECE = 64 * 1024
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
# Formats of days and times that need no definition (ECMA-376 part 1, 18.8.30).
_DAY_FORMATS = frozenset({*range(14, 23), *range(27, 37), 45, 46, 47, *range(50, 59)})
_NOT_OF_DAYS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]|general', re.IGNORECASE | re.DOTALL)

Start = Callable[[str, Mapping[str, str]], None]
End = Callable[[str], None]
Text = Callable[[str], None]


class SheetPart(NamedTuple):
    """A sheet's name, the part that holds it, and whether people don't see it."""

    name: str
    part: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Workbook:
    """The sheets of a file in their order, and what they have in common."""

    sheets: list[SheetPart]
    since_1904: bool
    texts: list[str]
    day_styles: list[bool]


@dataclass(slots=True)
class _Found:
    """What stands in the workbook's own part."""

    sheets: list[tuple[str, str, bool]] = field(default_factory=list)  # name, id of its part, hidden
    since_1904: bool = False


class Package:
    """The archive. Raises SheetError for what is none, or is too large inside."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        try:
            self._archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            raise no_xlsx(FileWords.XLSX_ARCHIVE) from None
        listed = self._archive.infolist()
        self._parts = {item.filename.lstrip("/").lower(): item for item in listed}
        if len(self._parts) < len(listed) or len(listed) > _PARTS:
            raise no_xlsx(FileWords.XLSX_PARTS, most=_PARTS)
        # Nothing gives more than is declared: zipfile stops there.
        declared = sum(item.file_size for item in listed if item.filename.lower().endswith((".xml", ".rels")))
        if declared > limits.inflated:
            raise no_xlsx(FileWords.XLSX_INFLATED, most=limits.inflated // MIB)

    def workbook(self) -> Workbook:
        """Read all that comes before the sheets."""
        start = self._related("")
        part = next((target for kind, target in start.values() if kind.endswith("/officeDocument")), None)
        if part is None:
            raise no_xlsx(FileWords.XLSX_WORKBOOK)
        found = self._found(part)
        related = self._related(part)
        by_kind = {kind.rpartition("/")[2]: target for kind, target in related.values()}
        sheets: list[SheetPart] = []
        for name, id_, hidden in found.sheets:
            kind, target = related.get(id_, ("", ""))
            if kind.endswith("/worksheet"):  # not a chart's own sheet
                sheets.append(SheetPart(name, target, hidden))
        return Workbook(
            sheets,
            found.since_1904,
            self._texts(by_kind["sharedStrings"]) if "sharedStrings" in by_kind else [],
            self._day_styles(by_kind["styles"]) if "styles" in by_kind else [],
        )

    def parse(self, part: str, start: Start, end: End, text: Text) -> Iterator[None]:
        """Parse a part piece by piece; yields after each, so that nobody has to hold all that it says."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = text
        parser.StartDoctypeDeclHandler = _refuse_doctype
        try:
            with self._open(part) as stream:
                while piece := stream.read(_PIECE):
                    parser.Parse(piece, False)
                    yield
            parser.Parse(b"", True)
            yield
        except expat.ExpatError as error:
            if error.code == _NO_MEMORY:  # no fault of the XML
                raise MemoryError from None
            raise no_xlsx(FileWords.XLSX_XML, part=named(part, 100), line=error.lineno, column=error.offset) from None
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError):
            raise no_xlsx(FileWords.XLSX_PART, part=named(part, 100)) from None

    def _open(self, part: str) -> IO[bytes]:
        found = self._parts.get(part.lower())
        if found is None:
            raise no_xlsx(FileWords.XLSX_MISSING, part=named(part, 100))
        return self._archive.open(found)

    def _read(self, part: str, start: Start, end: End | None = None, text: Text | None = None) -> None:
        for _ in self.parse(part, start, end or _ignore, text or _ignore):
            pass

    def _related(self, part: str) -> dict[str, tuple[str, str]]:
        """Find what a part leads to: kind and part by id."""
        folder, name = posixpath.split(part)
        related: dict[str, tuple[str, str]] = {}

        def start(name: str, attributes: Mapping[str, str]) -> None:
            if name.endswith(" Relationship") and attributes.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", ""))).lstrip("/")
                related[attributes.get("Id", "")] = (attributes.get("Type", ""), target)

        self._read(posixpath.join(folder, "_rels", f"{name}.rels"), start)
        return related

    def _found(self, part: str) -> _Found:
        found = _Found()

        def start(element: str, attributes: Mapping[str, str]) -> None:
            match local_name(element):
                case "sheet":
                    id_ = next((value for key, value in attributes.items() if _ID.fullmatch(key)), "")
                    hidden = attributes.get("state", "visible") != "visible"
                    name = attributes.get("name", "")
                    if len(name) > SHEET_NAME_CHARS:
                        raise no_xlsx(FileWords.XLSX_SHEET_NAME, most=SHEET_NAME_CHARS, got=len(name))
                    found.sheets.append((composed(name), id_, hidden))
                case "workbookPr":
                    found.since_1904 = attributes.get("date1904") in {"1", "true"}

        self._read(part, start)
        if len({name.lower() for name, *_ in found.sheets}) < len(found.sheets):
            raise no_xlsx(FileWords.XLSX_NAMES)
        return found

    def _texts(self, part: str) -> list[str]:
        """Read the texts that cells share. Readings beside the letters (`rPh`) are no part of a text."""
        texts: list[str] = []
        pieces: list[str] = []
        inside: list[str] = []

        def start(name: str, _: Mapping[str, str]) -> None:
            inside.append(local_name(name))

        def end(_: str) -> None:
            if inside.pop() == "si":
                texts.append(as_text(pieces))
                pieces.clear()

        def text(piece: str) -> None:
            if inside[-1] == "t" and "rPh" not in inside:
                pieces.append(piece)

        self._read(part, start, end, text)
        return texts

    def _day_styles(self, part: str) -> list[bool]:
        """Tell of each style of a cell whether it shows a number as a day."""
        own: dict[str, bool] = {}
        styles: list[bool] = []
        inside: list[str] = []

        def start(name: str, attributes: Mapping[str, str]) -> None:
            local = local_name(name)
            if local == "numFmt":
                own[attributes.get("numFmtId", "")] = _shows_a_day(attributes.get("formatCode", ""))
            elif local == "xf" and inside[-1:] == ["cellXfs"]:
                id_ = attributes.get("numFmtId", "0")
                styles.append(own.get(id_, id_ in _BUILT_IN))
            inside.append(local)

        self._read(part, start, lambda _: _drop(inside))
        return styles


def no_xlsx(fault: FileWords, **values: object) -> SheetError:
    """Make the error for a file that is no workbook that can be read."""
    return SheetError(fault.value.filled(file=FileWords.NOT_XLSX.value, **values))


@lru_cache(maxsize=256)
def local_name(name: str) -> str:
    """Return the name of an element of SpreadsheetML; "" for one of anything else."""
    space, _, local = name.rpartition(" ")
    return local if space in MAIN else ""


def as_text(pieces: list[str]) -> str:
    """Join the pieces of a text, with the characters that XML can't hold (`_x000D_`) in their place."""
    text = "".join(pieces)
    if len(text) > CELL_CHARS:
        raise SheetError(FileWords.XLSX_CELL.value.filled(most=CELL_CHARS, got=len(text)))
    return composed(_ESCAPED.sub(_unescaped, text) if "_x" in text else text)


def _unescaped(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    readable = code >= 0x20 and not 0xD800 <= code <= 0xDFFF
    return chr(code) if readable or code in {9, 10, 13} else found[0]


def _shows_a_day(code: str) -> bool:
    return any(letter in "ymdhsYMDHS" for letter in _NOT_OF_DAYS.sub("", code))


def _refuse_doctype(*_: object) -> None:
    raise no_xlsx(FileWords.XLSX_DOCTYPE)


def _ignore(*_: object) -> None:
    """Drop what isn't wanted."""


def _drop(inside: list[str]) -> None:
    inside.pop()


_BUILT_IN = frozenset(map(str, _DAY_FORMATS))
