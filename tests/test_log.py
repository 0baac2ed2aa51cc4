"""Progress on a terminal, and nothing elsewhere."""

from __future__ import annotations

import io

from focus_lake.log import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_how_far_it_is_and_the_line_goes_at_the_end():
    stream = Terminal()
    with Progress("asking the views", after=0, stream=stream) as progress:
        progress.step(3, 22, "cost")
    shown, gone, end = stream.getvalue().split("\r")[1:]
    assert shown == "  asking the views: 3 of 22 cost"
    assert (gone, end) == (" " * len(shown), "")


def test_a_pipe_sees_nothing():
    stream = io.StringIO()
    with Progress("asking the views", after=0, stream=stream) as progress:
        progress.step(3, 22)
    assert stream.getvalue() == ""


def test_what_is_quick_says_nothing_on_a_terminal_either():
    stream = Terminal()
    with Progress("asking the views", after=60, stream=stream) as progress:
        progress.step(3, 22)
    assert stream.getvalue() == ""
