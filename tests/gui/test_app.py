"""The program from start to end, in processes of their own: what is imported when, and how it leaves."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from pixpaint.errors import BadImage
from pixpaint.gui import app

START = """
import sys, time
from PySide6.QtCore import QTimer
from pixpaint.gui import app
from pixpaint.gui.main_window import MainWindow
from pixpaint.models.card import ModelCard

app.list_models = lambda: [ModelCard(name="sketch", config={"channels": 1, "crop": 32})]

def when_shown(action, milliseconds):
    show = MainWindow.showEvent
    def show_event(window, event):
        show(window, event)
        QTimer.singleShot(milliseconds, lambda: action(window))
    MainWindow.showEvent = show_event
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", START + code], capture_output=True, text=True, timeout=60, check=False
    )


def test_the_windows_modules_load_no_torch() -> None:
    result = run("assert 'torch' not in sys.modules, 'torch'")
    assert result.returncode == 0, result.stderr


def test_the_window_is_on_screen_before_torch_is_imported() -> None:
    result = run(
        """
news = []
def painter():
    news.append("painter")
when_shown(lambda window: news.append("torch" if "torch" in sys.modules else "shown"), 0)
when_shown(lambda window: window.close(), 600)
app._painter = painter
code = app.run(None)
print(news)
sys.exit(code)
"""
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == "['shown', 'painter']\n"


def test_it_starts_with_the_sample_and_ends_with_0() -> None:
    result = run(
        """
app._painter = lambda: None
def look(window):
    print(window.windowTitle(), window.editor.document.hole.any())
    window.close()
when_shown(look, 300)
sys.exit(app.run(None))
"""
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == "Sample[*] — pixpaint True\n"


def test_a_thread_that_cannot_be_interrupted_does_not_keep_it_from_leaving() -> None:
    begin = time.monotonic()
    result = run(
        """
app._painter = lambda: time.sleep(30)
when_shown(lambda window: window.close(), 500)
sys.exit(app.run(None))
"""
    )
    assert result.returncode == 0, result.stderr
    assert time.monotonic() - begin < 15


def test_a_mistake_in_a_slot_is_told_and_logged_and_the_window_goes_on() -> None:
    result = run(
        """
import logging
logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(message)s", stream=sys.stdout)
app._painter = lambda: None
def fail(window): raise ValueError("a mistake")
def look(window):
    print(window.bar.text)
    window.close()
when_shown(fail, 200)
when_shown(look, 400)
sys.exit(app.run(None))
"""
    )
    assert result.returncode == 0, result.stderr
    assert "ERROR unexpected ValueError in the window" in result.stdout
    assert "Something went wrong in pixpaint itself; the log has the details." in result.stdout


def test_a_bad_picture_is_refused_before_there_is_a_window(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(BadImage, match=r"text\.png"):
        app.run(tmp_path / "text.png")
