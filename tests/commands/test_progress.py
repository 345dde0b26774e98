"""The progress bar shows on a terminal, for long work, and leaves nothing behind."""

import io

import pytest

from pixpaint.commands.progress import Progress, in_words


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def line_shown(terminal: Terminal) -> str:
    """What a terminal would show of one line rewritten in place."""
    shown: list[str] = []
    for rewrite in terminal.getvalue().split("\r"):
        shown[: len(rewrite)] = rewrite
    return "".join(shown).rstrip()


def test_long_work_shows_its_share_and_the_time_left() -> None:
    terminal, clock = Terminal(), Clock()
    with Progress("filling", stream=terminal, clock=clock) as progress:
        clock.now += 4
        progress.update(1, 4)
        assert line_shown(terminal) == "filling [######..................]  25%, 12 s left"
        clock.now += 12
        progress.update(4, 4)
        assert line_shown(terminal) == "filling [########################] 100%, 0 s left"
    assert line_shown(terminal) == ""


def test_short_work_shows_nothing() -> None:
    terminal, clock = Terminal(), Clock()
    with Progress("filling", stream=terminal, clock=clock) as progress:
        for done in range(100):
            clock.now += 0.005
            progress.update(done, 100)
    assert terminal.getvalue() == ""


def test_it_is_not_drawn_more_often_than_anyone_can_see() -> None:
    terminal, clock = Terminal(), Clock()
    with Progress("filling", stream=terminal, clock=clock) as progress:
        clock.now += 2
        for done in range(1000):
            clock.now += 0.001
            progress.update(done, 1000)
    assert terminal.getvalue().count("[") <= 11


def test_nothing_is_written_where_there_is_no_terminal() -> None:
    stream, clock = io.StringIO(), Clock()
    with Progress("filling", stream=stream, clock=clock) as progress:
        progress.say("loading")
        clock.now += 60
        progress.update(1, 2)
    assert stream.getvalue() == ""


def test_a_shorter_line_wipes_a_longer_one() -> None:
    terminal = Terminal()
    with Progress("filling", stream=terminal) as progress:
        progress.say("a long explanation")
        progress.say("short")
        assert line_shown(terminal) == "short"


def test_a_line_never_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    terminal = Terminal()
    with Progress("filling", stream=terminal) as progress:
        progress.say("a name of a file that is far too long")
    assert max(len(rewrite) for rewrite in terminal.getvalue().split("\r")) == 19


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (3599, "59 min 59 s"), (7800, "2 h 10 min")],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
