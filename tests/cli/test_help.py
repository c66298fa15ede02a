"""`kip --help` names every command, and every command and group says what it does."""

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from cli.main import COMMANDS, app


def commands_below(command, path=()):
    """Every command and group, with the words that call it."""
    yield path, command
    if isinstance(command, TyperGroup):
        context = command.context_class(command)
        for name in command.list_commands(context):
            yield from commands_below(command.get_command(context, name), (*path, name))


EVERY = dict(commands_below(get_command(app)))


def said(*words):
    result = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert result.exit_code == 0, result.output
    return result.stdout


def rows_of(text):
    """What a line of the help begins with, frames and spaces left out."""
    return [line.strip("│ ").split() for line in text.splitlines()]


def test_the_walk_finds_commands_and_groups():
    assert {(name,) for name in COMMANDS} <= set(EVERY)
    assert {
        ("source", "rotate"),
        ("officer", "import"),
        ("officer", "remove"),
        ("person", "erase"),
        ("alert", "preview"),
        ("dead", "replay"),
    } <= set(EVERY)


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_help_works_and_describes_the_command_and_whatever_may_be_given(words):
    text = said(*words)
    command = EVERY[words]
    assert (command.help or "").strip()
    assert command.help.strip().split()[0] in text
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"kip {' '.join(words)}: {parameter.name} is not described"


@pytest.mark.parametrize("words", [words for words in EVERY if words], ids=" ".join)
def test_the_group_above_shows_the_name_and_the_description(words):
    row = next((row for row in rows_of(said(*words[:-1])) if row[:1] == [words[-1]]), None)
    assert row is not None, f"kip {' '.join(words[:-1])} --help doesn't name {words[-1]}"
    assert len(row) > 1, "a name without a description"


@pytest.mark.parametrize("group", ["source", "officer", "person", "alert", "dead"])
def test_a_group_says_what_is_in_it(group):
    line = next(" ".join(row) for row in rows_of(said()) if row[:1] == [group])
    inside = [words[1] for words in EVERY if len(words) == 2 and words[0] == group]
    assert inside
    assert f"({', '.join(inside)})" in line
