"""Reads a programme's YAML (1.2) with the line of every value, naming each duplicate key and unreadable value.

Positions come from the composed nodes: a plain load forgets them, and stops at the first duplicate key.
"""

import re
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from shared.programme.problems import Document, Place, Problem, written

# The shipped programme has 2,600 values, 7 deep. An alias counts each time that it is used: nine lists of nine times
# the one before are a billion.
MOST_VALUES = 100_000
DEEPEST = 50
_MOST_OPEN = 500  # brackets; ruamel's scanner takes a time that grows with their square
_BRACKETS = re.compile(r"[\[\]{}]")
_SHOWN = 200  # letters of a value in a problem
_BITS = 63  # of a number: written in hexadecimal, a longer one can be read and not be shown


class TooManyValuesError(Exception):
    """The document has more values than any programme."""


def read_yaml(file: str, text: str) -> Document:
    """Read the document in `text`. Never raises for what the text holds: see `Document.problems`."""
    document = Document(file)
    yaml = YAML(typ="safe", pure=True)
    yaml.allow_duplicate_keys = True  # the nodes keep both, and each is named below
    try:
        if _open_brackets(text) > _MOST_OPEN:
            raise RecursionError
        root = yaml.compose(text)
        if root is not None:
            document.values = _value(document, yaml, root, (), ())
    except RecursionError:
        document.problems.append(Problem(file, None, "", f"nested more than {DEEPEST} deep"))
    except TooManyValuesError:
        document.values = None
        document.problems.append(
            Problem(file, None, "", f"more than {MOST_VALUES:,} values: aliases (*name) that repeat each other expand")
        )
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = " ".join(part for part in (error.context, error.problem) if part)
        document.problems.append(Problem(file, mark.line + 1 if mark else None, "", f"not YAML: {reason}"))
    except YAMLError as error:
        document.problems.append(Problem(file, None, "", f"not YAML: {error}"))
    return document


def _open_brackets(text: str) -> int:
    """Count the most brackets that are open at once, wherever they stand: texts close theirs."""
    most = now = 0
    for bracket in _BRACKETS.findall(text):
        now += 1 if bracket in "[{" else -1
        most = max(most, now)
    return most


def _value(document: Document, yaml: YAML, node: Node, place: Place, around: tuple[Node, ...]) -> Any:
    document.lines[place] = node.start_mark.line + 1
    if len(document.lines) > MOST_VALUES:
        raise TooManyValuesError
    if len(around) > DEEPEST:
        document.problems.append(document.problem(place, f"nested more than {DEEPEST} deep"))
        return None
    if any(node is outer for outer in around):
        document.problems.append(document.problem(place, "an alias that contains itself"))
        return None
    if isinstance(node, MappingNode):
        return {
            key: _value(document, yaml, value, (*place, key), (*around, node))
            for key, value in _pairs(document, node, place)
        }
    if isinstance(node, SequenceNode):
        return [_value(document, yaml, item, (*place, i), (*around, node)) for i, item in enumerate(node.value)]
    try:
        value = yaml.constructor.construct_object(node)
        if isinstance(value, int) and value.bit_length() > _BITS:
            raise ValueError("expected a number of at most 18 digits")
        return value
    except (ValueError, OverflowError, YAMLError) as error:  # such as 2025-02-30
        shown = repr(node.value)[:_SHOWN]
        document.problems.append(document.problem(place, f"unreadable value {shown}: {str(error)[:_SHOWN]}"))
        return None


def _pairs(document: Document, node: MappingNode, place: Place) -> Iterator[tuple[str, Node]]:
    seen: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        name = key.value if isinstance(key, ScalarNode) else None
        if not isinstance(name, str):
            document.problems.append(Problem(document.file, line, written(place), "a key must be a plain word"))
        elif name in seen:
            reason = f"duplicate key, first given in line {seen[name]}"
            document.problems.append(Problem(document.file, line, written((*place, name)), reason))
        else:
            seen[name] = line
            yield name, value
