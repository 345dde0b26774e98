"""A command in a process of its own: what it tells, how it ends, and that it is stopped."""

import os
import sys

import pytest
from pytestqt.qtbot import QtBot

from pixpaint.gui.child import Child, pixpaint_command

READY = "print('{}', flush=True);"


def child(code: str) -> tuple[Child, list[dict], list[tuple[int, str]]]:
    made = Child([sys.executable, "-c", code])
    told: list[dict] = []
    ends: list[tuple[int, str]] = []
    made.told.connect(told.append)
    made.ended.connect(lambda code, sentence: ends.append((code, sentence)))
    return made, told, ends


def test_lines_of_json_are_told_and_others_logged(qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> None:
    made, told, ends = child(
        "print('{\"a\": 1}'); print('nonsense'); print('[3]'); print('{\"b\": \"ü\"}', end='')"
    )
    made.start()
    qtbot.waitUntil(lambda: bool(ends), timeout=20_000)
    assert told == [{"a": 1}]
    assert ends == [(0, "")]
    assert "nonsense" in caplog.text


def test_a_complaint_is_its_last_line(qtbot: QtBot) -> None:
    made, _, ends = child("import sys; print('noise\\npixpaint: no.', file=sys.stderr); sys.exit(2)")
    made.start("argument")
    qtbot.waitUntil(lambda: bool(ends), timeout=20_000)
    assert ends == [(2, "no.")]


def test_what_cannot_be_started_has_ended_with_a_sentence(
    qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    made = Child(["/nonexistent/python"])
    ends: list[tuple[int, str]] = []
    made.ended.connect(lambda code, sentence: ends.append((code, sentence)))
    made.start()
    qtbot.waitUntil(lambda: bool(ends), timeout=20_000)
    assert ends == [(-1, "The process could not be started.")]
    assert "/nonexistent/python" in caplog.text
    assert not made.running


@pytest.mark.skipif(os.name != "posix", reason="there are no such signals elsewhere")
def test_an_interrupted_one_may_still_save(qtbot: QtBot) -> None:
    code = (
        "import signal, sys, time\n"
        "def end(*_): print('{\"saved\": true}', flush=True); sys.exit(130)\n"
        "signal.signal(signal.SIGINT, end)\n"
        "print('{}', flush=True)\n"
        "time.sleep(60)"
    )
    made, told, ends = child(code)
    made.start()
    qtbot.waitUntil(lambda: told == [{}], timeout=20_000)
    made.interrupt()
    qtbot.waitUntil(lambda: bool(ends), timeout=20_000)
    assert told == [{}, {"saved": True}]
    assert ends == [(130, "")]


def test_a_killed_one_is_told_to_have_crashed(qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> None:
    made, told, ends = child(f"import time; {READY} time.sleep(60)")
    made.start()
    qtbot.waitUntil(lambda: told == [{}], timeout=20_000)
    made.kill()
    qtbot.waitUntil(lambda: bool(ends), timeout=20_000)
    assert ends == [(-1, "The process was ended from outside, or crashed.")]
    assert "signal" in caplog.text


def test_at_shut_down_even_a_stubborn_one_ends_and_nothing_more_is_told(qtbot: QtBot) -> None:
    made, told, ends = child(
        f"import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); {READY} time.sleep(60)"
    )
    made.start()
    qtbot.waitUntil(lambda: told == [{}], timeout=20_000)
    made.shut_down(200)
    assert not made.running
    assert ends == []


def test_the_command_is_pixpaint_itself() -> None:
    assert pixpaint_command() == [sys.executable, "-m", "pixpaint"]
    assert pixpaint_command(nicely=True)[-3:] == pixpaint_command()
