"""The fast engine is compiled beside the window, once, and only then used."""

import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from pixpaint.gui.compiling import Compiling
from pixpaint.gui.status import Status
from pixpaint.sampling import compile_cache

MARK = "from pixpaint.sampling import compile_cache; compile_cache.mark_ready()"


@pytest.fixture(autouse=True)
def _nothing_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def command(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_it_runs_once_and_tells(qtbot: QtBot) -> None:
    status = Status()
    qtbot.addWidget(status)
    compiling = Compiling(command(MARK))
    compiling.running_changed.connect(status.show_compiling)
    assert not compile_cache.ready()
    with qtbot.waitSignal(compiling.compiled, timeout=20_000):
        compiling.start_if_needed()
        assert compiling.running
        assert status.compiling.isVisibleTo(status)
        compiling.start_if_needed()  # no second process
    assert not status.compiling.isVisibleTo(status)
    assert compile_cache.ready()
    compiling.start_if_needed()
    assert not compiling.running


@pytest.mark.parametrize("words", [command("raise SystemExit(3)"), ["/nonexistent/python"]])
def test_where_it_fails_fills_go_on_as_they_are(
    qtbot: QtBot, words: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    compiling = Compiling(words)
    told: list[bool] = []
    compiling.running_changed.connect(told.append)
    compiling.compiled.connect(lambda: pytest.fail("nothing was compiled"))
    compiling.start_if_needed()
    qtbot.waitUntil(lambda: False in told, timeout=20_000)
    assert not compiling.running
    assert not compile_cache.ready()
    assert "compile" in caplog.text


def test_closing_the_window_ends_it(qtbot: QtBot) -> None:
    compiling = Compiling(command("import time; time.sleep(60)"))
    compiling.start_if_needed()
    qtbot.waitUntil(lambda: compiling._process.processId() > 0)
    compiling.stop()
    assert not compiling.running


def test_where_nothing_can_be_kept_no_process_is_started(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "pixpaint").write_text("")
    compiling = Compiling(command(MARK))
    compiling.start_if_needed()
    assert not compiling.running
