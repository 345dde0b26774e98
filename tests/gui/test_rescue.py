"""Unsaved work outlives a crash: it is kept while the window is open, and offered when it is opened again."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import FakePainter
from PySide6.QtWidgets import QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from pixpaint.document import Document, open_picture
from pixpaint.errors import CannotWrite
from pixpaint.gui import rescue as rescue_module
from pixpaint.gui.fill_state import State
from pixpaint.gui.main_window import MainWindow
from pixpaint.gui.rescue import Rescue
from pixpaint.png import save_png
from pixpaint.recovery import Unsaved, keep, recover

TIMEOUT = 10_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "recovery"


@pytest.fixture
def rescue(window: MainWindow, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rescue]:
    """One that waits for nothing before it writes."""
    monkeypatch.setattr(rescue_module, "REST", 0)
    made = Rescue(window.editor, window.filling, window.documents, window.bar, folder)
    yield made
    made.close()


def kept(qtbot: QtBot, rescue: Rescue) -> Unsaved:
    qtbot.waitUntil(rescue.file.exists, timeout=TIMEOUT)
    qtbot.wait(20)
    rescue.wait()
    return recover(rescue.file)


def left_behind(folder: Path, name: str, value: int) -> Path:
    """As by a window that crashed."""
    folder.mkdir(exist_ok=True)
    document = Document.blank(9, 12)
    document.pixels[:] = value
    document.hole[2:4] = True
    keep(Unsaved(document, name), folder / f"{name}.zip")
    return folder / f"{name}.zip"


def choose(window: MainWindow, word: str) -> None:
    (button,) = (button for button in window.bar.choices if word in button.text())
    button.click()


def test_a_change_is_kept_until_it_is_saved(
    qtbot: QtBot, window: MainWindow, rescue: Rescue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not rescue.file.exists()
    window.does.mask_all.trigger()
    found = kept(qtbot, rescue)
    np.testing.assert_array_equal(found.document.pixels, window.editor.document.pixels)
    assert found.document.hole.all()
    assert found.name == window.documents.name
    monkeypatch.setattr(QFileDialog, "exec", lambda _: 1)
    monkeypatch.setattr(QFileDialog, "selectedFiles", lambda _: [str(tmp_path / "saved.png")])
    window.does.save.trigger()
    qtbot.waitUntil(lambda: not window.documents.modified, timeout=TIMEOUT)
    rescue.wait()
    assert not rescue.file.exists()


def test_nothing_is_kept_of_what_was_undone_or_given_up(
    qtbot: QtBot, window: MainWindow, rescue: Rescue
) -> None:
    window.does.mask_all.trigger()
    kept(qtbot, rescue)
    window.does.undo.trigger()
    rescue.wait()
    assert not rescue.file.exists()
    window.does.redo.trigger()
    kept(qtbot, rescue)
    window.documents.show(Document.blank(5, 5), "other")
    rescue.wait()
    assert not rescue.file.exists()


def test_of_a_fill_under_way_the_mask_is_kept_and_afterwards_the_fill(
    qtbot: QtBot, window: MainWindow, rescue: Rescue, painter: FakePainter
) -> None:
    rescue._timer.setInterval(60_000)
    window.does.mask_all.trigger()
    before = window.editor.document.copy()
    painter.gate = True
    window.does.fill.trigger()
    painter.allow(5)
    qtbot.waitUntil(lambda: not window.editor.document.hole[0].any(), timeout=TIMEOUT)
    for _ in range(2):
        found = kept(qtbot, rescue).document
        np.testing.assert_array_equal(found.pixels, before.pixels)
        assert found.hole.all(), "the whole mask, though rows are painted already"
        rescue.keep()
    painter.gate = False
    qtbot.waitUntil(lambda: window.filling.state is State.IDLE, timeout=TIMEOUT)
    rescue.keep()
    found = kept(qtbot, rescue).document
    np.testing.assert_array_equal(found.pixels, window.editor.document.pixels)
    assert len(found.recipes) == 1


def test_what_was_left_behind_is_offered_and_opens_untitled_and_unsaved(
    qtbot: QtBot, window: MainWindow, rescue: Rescue, folder: Path
) -> None:
    file = left_behind(folder, "photo.jpg", 7)
    writing = threading.Event()
    rescue._writer.submit(writing.wait, 10)  # a large picture takes its time
    rescue.offer()
    assert "ended before photo.jpg was saved" in window.bar.text
    choose(window, "Recover")
    assert window.bar.text == "", "it is not offered again"
    document = window.editor.document
    assert window.documents.name == "photo (recovered)"
    assert document.path is None
    assert window.documents.modified
    assert (document.pixels == 7).all()
    assert document.hole[2:4].all()
    writing.set()
    rescue.wait()
    assert not file.exists()
    assert recover(rescue.file).name == "photo (recovered)", "until it is saved it is kept"


def test_what_is_recovered_and_saved_at_once_is_offered_no_more(
    window: MainWindow, rescue: Rescue, folder: Path
) -> None:
    file = left_behind(folder, "photo.jpg", 7)
    writing = threading.Event()
    wait = rescue.wait
    rescue.wait = lambda: (wait(), rescue._writer.submit(writing.wait, 10))  # type: ignore[method-assign]
    rescue.offer()
    choose(window, "Recover")
    window.editor.history.setClean()
    assert rescue._writing is not None
    assert rescue._writing.cancelled(), "there is nothing to be kept any more"
    writing.set()
    wait()
    assert not file.exists()


def test_each_is_offered_the_latest_first_and_can_be_discarded(
    window: MainWindow, rescue: Rescue, folder: Path
) -> None:
    for name in ("first", "second"):
        left_behind(folder, name, 0)
        time.sleep(0.02)
    rescue.offer()
    assert "before second was saved" in window.bar.text
    choose(window, "Discard")
    assert "before first was saved" in window.bar.text
    choose(window, "Discard")
    assert window.bar.text == ""
    assert not list(folder.iterdir())


def test_unsaved_changes_are_asked_about_before_another_one_is_recovered(
    window: MainWindow, rescue: Rescue, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = left_behind(folder, "photo.jpg", 7)
    window.does.mask_all.trigger()
    asked: list[str] = []

    def cancel(box: QMessageBox) -> QMessageBox.StandardButton:
        asked.append(box.text())
        return QMessageBox.StandardButton.Cancel

    with monkeypatch.context() as patch:
        patch.setattr(QMessageBox, "exec", cancel)
        rescue.offer()
        choose(window, "Recover")
    assert len(asked) == 1
    assert window.editor.document.hole.all()
    assert file.exists()


def test_a_damaged_one_is_told_and_does_no_harm(window: MainWindow, rescue: Rescue, folder: Path) -> None:
    folder.mkdir()
    (folder / "a.zip").write_text("no zip")
    before = window.editor.document
    rescue.offer()
    choose(window, "Recover")
    assert "can't be recovered" in window.bar.text
    assert window.editor.document is before


def test_what_can_t_be_read_or_written_keeps_nobody_from_working(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    rescue = Rescue(window.editor, window.filling, window.documents, window.bar, tmp_path / "file" / "below")
    rescue.offer()
    window.does.mask_all.trigger()
    done = rescue.keep()
    assert done is not None
    assert not done.result()
    assert "could not be kept" in caplog.text
    rescue.close()
    assert window.bar.text == ""


def test_a_recovered_copy_stays_until_there_is_another(
    window: MainWindow, rescue: Rescue, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = left_behind(folder, "photo.jpg", 7)

    def full(*_: object) -> None:
        raise CannotWrite("No space left on device.")

    rescue.offer()
    monkeypatch.setattr(rescue_module, "keep", full)
    choose(window, "Recover")
    rescue.wait()
    assert (window.editor.document.pixels == 7).all()
    assert file.exists()


def test_one_copy_waits_at_most(window: MainWindow, rescue: Rescue, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large picture takes longer to write than the next change."""
    writing, written = threading.Event(), []

    def slowly(unsaved: Unsaved, file: Path) -> None:
        assert writing.wait(10)
        written.append(unsaved.document.hole.sum())

    monkeypatch.setattr(rescue_module, "keep", slowly)
    window.does.mask_all.trigger()
    assert rescue.keep() is not None
    window.does.mask_clear.trigger()
    assert [rescue.keep() for _ in range(5)] == [None] * 5
    assert rescue._timer.isActive(), "it is tried again later"
    writing.set()
    rescue.wait()
    assert written == [40 * 48]


def test_left_overs_are_removed(window: MainWindow, rescue: Rescue, folder: Path) -> None:
    folder.mkdir()
    (folder / ".12-ab.zip.x7y").write_bytes(b"half a copy")
    code = "import os; from PySide6.QtCore import QLockFile; l = QLockFile('34-cd.lock'); l.tryLock(0); os._exit(0)"
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)
    assert (folder / "34-cd.lock").exists()
    rescue.offer()
    assert window.bar.text == ""
    assert not list(folder.iterdir())


START = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from pixpaint.gui import app
from pixpaint.gui.main_window import MainWindow

app.list_models = lambda: []
app._painter = lambda: None
show = MainWindow.showEvent

def show_event(window, event):
    show(window, event)
    QTimer.singleShot(200, lambda: act(window))

MainWindow.showEvent = show_event
"""
CHANGE = """
def act(window):
    window.does.mask_all.trigger()
    QTimer.singleShot(2600, lambda: print("changed", flush=True))

app.run(Path(sys.argv[1]))
"""
LOOK = """
def act(window):
    print(window.bar.text, flush=True)
    for button in window.bar.choices[:1]:
        button.click()
    print(window.documents.name, window.editor.document.hole.all(), window.editor.document.path, flush=True)
    window.editor.history.setClean()
    window.close()

sys.exit(app.run(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("with_file", [False, True])
def test_after_kill_9_it_is_recovered_at_the_next_start(tmp_path: Path, with_file: bool) -> None:
    picture = tmp_path / "photo.png"
    save_png(Document.blank(20, 30), picture)
    before = picture.read_bytes()

    def start(code: str, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", START + code, *arguments], stdout=subprocess.PIPE, text=True
        )

    with start(CHANGE, str(picture)) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "changed\n"
        meanwhile, _ = start(LOOK, str(picture)).communicate(timeout=60)
        assert meanwhile == f"\nphoto.png False {picture}\n", "a window that lives is not offered to another"
        first.kill()
    said, opened = start(LOOK, *([str(picture)] if with_file else [])).communicate(timeout=60)[0].splitlines()
    assert "ended before photo.png was saved" in said
    assert opened == "photo (recovered) True None"
    assert picture.read_bytes() == before
    assert open_picture(picture).path == picture
    again, _ = start(LOOK).communicate(timeout=60)
    assert again.startswith("\n"), "what was saved or given up is offered no more"
