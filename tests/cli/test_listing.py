"""Tables of words: every name, address and cure can be read whole and copied, however narrow the terminal is."""

import io

import pytest
from rich.console import Console
from rich.text import Text

from cli.listing import print_listing

HEADINGS = ("", "source", "keys", "cure")
ROWS = [
    (
        Text("bad", style="red"),
        "so-y-te-lang-son-phan-mem-quan-ly-tre-em",
        "a1b2c3d4 until 2026-11-30T08:00\nffffffff",
        "set KIP_AMQP_MANAGEMENT_URL to the management API, as in docs/operations.md#broker, then ask again",
    ),
    (Text("good"), "app [test]", "none", None),
]


def console(width, terminal=True):
    return Console(width=width, file=io.StringIO(), force_terminal=terminal, color_system=None)


def printed(width, terminal=True):
    out = console(width, terminal)
    print_listing(out, HEADINGS, ROWS)
    return out.file.getvalue()


@pytest.mark.parametrize("width", [30, 80, 100, 140])
def test_no_word_is_cut(width):
    text = printed(width)
    words = {word for row in ROWS for cell in row if cell is not None for word in str(cell).split()}
    assert words <= set(text.split())
    assert "…" not in text


@pytest.mark.parametrize("width", [100, 140])
def test_it_keeps_to_the_width_where_the_words_allow_it(width):
    assert max(map(len, printed(width).splitlines())) <= width


def test_a_word_without_end_goes_on_in_the_next_line():
    out = console(80)
    print_listing(out, ("to",), [("x" * 500,)])
    assert out.file.getvalue().count("x") == 500
    assert max(map(len, out.file.getvalue().splitlines())) <= 80


def test_in_a_pipe_each_cell_is_whole_in_one_line_however_wide_the_last_terminal_was():
    lines = printed(30, terminal=False).splitlines()
    for words in ("a1b2c3d4 until 2026-11-30T08:00", ROWS[0][3], "app [test]"):
        assert sum(words in line for line in lines) == 1


def test_no_rows_are_the_headings_alone():
    out = Console(width=80, file=io.StringIO())
    print_listing(out, HEADINGS, [])
    assert "source" in out.file.getvalue()
