"""The window trains models on a person's own pictures, and takes model files that are dropped on it."""

import os
import shutil
import sys
import time
from pathlib import Path

import pytest
from conftest import FakePainter
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QInputDialog, QMessageBox
from pytestqt.qtbot import QtBot

from pixpaint.assets import user_models_folder
from pixpaint.gui import model_desk
from pixpaint.gui.main_window import MainWindow
from pixpaint.gui.training import Phase
from pixpaint.models.card import list_models
from pixpaint.training.runs import run_folder, unfinished_runs

STUB = Path(__file__).parent / "stub_trainer.py"
TIMEOUT = 20_000

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there are no such signals elsewhere")


@pytest.fixture(autouse=True)
def _stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_desk, "pixpaint_command", lambda **_: [sys.executable, str(STUB)])
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    Image.new("RGB", (274, 138), "red").save(tmp_path / "samples.png")
    monkeypatch.setenv("STUB_SAMPLES", str(tmp_path / "samples.png"))
    (tmp_path / "my pictures").mkdir()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return tmp_path / "my pictures"


def begin(window: MainWindow, pictures: Path) -> None:
    """Fills in the form and starts."""
    window.does.train.trigger()
    dialog = window.models.dialog
    dialog.form.folder.setText(str(pictures))
    dialog.form.name.setText("mine")
    dialog.start.click()


def wait_for(qtbot: QtBot, window: MainWindow, phase: Phase) -> None:
    qtbot.waitUntil(lambda: window.models.training.phase is phase, timeout=TIMEOUT)


def wait_for_step(qtbot: QtBot, window: MainWindow, step: int) -> None:
    standing = window.models.training.standing
    qtbot.waitUntil(lambda: standing.progress.get("step") == step, timeout=TIMEOUT)


def answer(monkeypatch: pytest.MonkeyPatch, words: str) -> list[str]:
    """Presses the button of these words in the next questions; returns the questions asked."""
    asked: list[str] = []

    def reply(box: QMessageBox) -> int:
        asked.append(box.text())
        (button,) = (b for b in box.buttons() if b.text().replace("&", "") == words)
        button.click()
        return 0

    monkeypatch.setattr(QMessageBox, "exec", reply)
    return asked


def models_of(window: MainWindow) -> list[str]:
    return [window.panel.model.itemText(k) for k in range(window.panel.model.count())]


def test_a_model_is_trained_and_at_once_in_the_list(qtbot: QtBot, window: MainWindow, pictures: Path) -> None:
    chosen = window.panel.model.currentText()
    begin(window, pictures)
    dialog = window.models.dialog
    assert not dialog.start.isVisible()
    wait_for(qtbot, window, Phase.DONE)
    assert "mine" in models_of(window)
    assert window.panel.model.currentText() == chosen
    assert dialog.view.title.text() == "Training mine"
    assert "4.210 before, 4.110 now" in dialog.view.bits.text()
    assert "52 pictures to learn from, 8 held out" in dialog.view.pictures.text()
    assert "1 that can't be read" in dialog.view.pictures.text()
    assert dialog.view.samples.pixmap().width() == 2 * 274
    dialog.use.click()
    assert window.panel.model.currentText() == "mine"
    assert not dialog.isVisible()
    assert window.models.training.phase is Phase.IDLE


def test_what_is_asked_for_is_what_is_trained(
    qtbot: QtBot, window: MainWindow, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(window.models.training._child, "start", lambda *words: asked.append(words))
    window.does.train.trigger()
    form = window.models.dialog.form
    form.folder.setText(str(pictures))
    assert form.name.text() == "my pictures"
    form.minutes.setValue(10)
    form.source.setCurrentIndex(form.source.findData("sketch"))
    window.models.dialog.start.click()
    begun = ("train", "--json", "--data", str(pictures), "--name", "my pictures", "--minutes", "10")
    assert asked == [(*begun, "--from", "sketch")]
    window.models.training.phase = Phase.IDLE
    form.source.setCurrentIndex(form.source.findData(""))
    window.models.dialog.start.click()
    assert asked[1] == begun


@pytest.mark.parametrize(
    ("folder", "name", "match"),
    [
        ("", "mine", "Choose the folder"),
        ("/nowhere/at/all", "mine", "no folder /nowhere"),
        (".", "", "can't be called"),
        (".", "a/b", "can't be called"),
        (".", "sketch", "called sketch already"),
    ],
)
def test_what_cannot_be_started_is_said_in_the_form(
    window: MainWindow, folder: str, name: str, match: str
) -> None:
    window.does.train.trigger()
    dialog = window.models.dialog
    dialog.form.folder.setText(folder)
    dialog.form.name.setText(name)
    dialog.start.click()
    assert match in dialog.form.complaint.text()
    assert dialog.form.complaint.isVisible()
    assert not window.models.training.working


def test_a_refusal_brings_the_form_back_with_the_reason(
    qtbot: QtBot, window: MainWindow, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUB_FAILS", "at once")
    begin(window, pictures)
    form = window.models.dialog.form
    qtbot.waitUntil(form.isVisible, timeout=TIMEOUT)
    qtbot.waitUntil(lambda: "at least 20" in form.complaint.text(), timeout=TIMEOUT)
    assert form.folder.text() == str(pictures)
    assert form.name.text() == "mine"


def test_a_pause_can_be_gone_on_from_also_after_a_restart(
    qtbot: QtBot,
    window: MainWindow,
    pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
    painter: FakePainter,
    settings: QSettings,
) -> None:
    monkeypatch.setenv("STUB_STEPS", "3")
    begin(window, pictures)
    wait_for_step(qtbot, window, 3)
    window.models.dialog.pause.click()
    wait_for(qtbot, window, Phase.PAUSED)
    assert "all is saved" in window.models.dialog.view.state.text()
    monkeypatch.setenv("STUB_STEPS", "6")
    window.models.dialog.resume.click()
    wait_for_step(qtbot, window, 6)
    window.models.dialog.pause.click()
    wait_for(qtbot, window, Phase.PAUSED)
    monkeypatch.setenv("STUB_STEPS", "10")

    restarted = MainWindow(lambda: painter, list_models(), settings)
    qtbot.addWidget(restarted)
    restarted.show()
    restarted.does.train.trigger()
    dialog = restarted.models.dialog
    (run,) = unfinished_runs()
    assert run.share_done == pytest.approx(0.6)
    dialog.form.resume_wanted.emit(run.recipe.name)
    assert restarted.status.training.text() == "Training mine: 60%"
    assert "4.210 before, 4.150 now" in dialog.view.bits.text()
    wait_for(qtbot, restarted, Phase.DONE)
    assert "mine" in models_of(restarted)
    assert unfinished_runs() == []


def test_an_unfinished_run_is_offered_in_the_form(
    qtbot: QtBot, window: MainWindow, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUB_STEPS", "3")
    begin(window, pictures)
    wait_for_step(qtbot, window, 3)
    window.models.dialog.pause.click()
    wait_for(qtbot, window, Phase.PAUSED)
    window.models.dialog.another.click()
    layout = window.models.dialog.form.unfinished
    assert layout.count() == 1
    offer = layout.itemAt(0).widget()
    texts = [child.text() for child in offer.children() if hasattr(child, "text")]
    assert texts == ["mine is unfinished: 30% of its training is done.", "&Continue mine"]


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("paused", [True, False])
def test_a_cancelled_training_is_kept_or_gone_without_a_trace(
    qtbot: QtBot,
    window: MainWindow,
    pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
    keep: bool,
    paused: bool,
) -> None:
    monkeypatch.setenv("STUB_STEPS", "3")
    begin(window, pictures)
    wait_for_step(qtbot, window, 3)
    if paused:
        window.models.dialog.pause.click()
        wait_for(qtbot, window, Phase.PAUSED)
    asked = answer(monkeypatch, "Keep" if keep else "Discard")
    window.models.dialog.cancel.click()
    assert asked == ["Keep what mine has learned so far?"]
    wait_for(qtbot, window, Phase.IDLE)
    assert ("mine" in models_of(window)) == keep
    assert window.models.dialog.form.unfinished.count() == keep
    assert run_folder("mine").exists() == keep
    assert (user_models_folder() / "mine.safetensors").exists() == keep


def test_a_question_answered_with_no_changes_nothing(
    qtbot: QtBot, window: MainWindow, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUB_STEPS", "3")
    begin(window, pictures)
    wait_for_step(qtbot, window, 3)
    answer(monkeypatch, "Go On Training")
    window.models.dialog.cancel.click()
    assert window.models.training.phase is Phase.RUNNING
    window.close()
    assert window.isVisible()
    assert window.models.training.working


def test_a_crash_loses_nothing_and_is_told(
    qtbot: QtBot,
    window: MainWindow,
    pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("STUB_FAILS", "later")
    begin(window, pictures)
    wait_for(qtbot, window, Phase.PAUSED)
    qtbot.waitUntil(lambda: "crashed" in window.models.dialog.view.complaint.text(), timeout=TIMEOUT)
    assert len(unfinished_runs()) == 1
    assert window.models.dialog.resume.isVisible()
    assert "signal" in caplog.text


@pytest.mark.parametrize("button", ["pause", "Keep"])
def test_what_is_stopped_too_early_leaves_nothing(
    qtbot: QtBot, window: MainWindow, pictures: Path, monkeypatch: pytest.MonkeyPatch, button: str
) -> None:
    monkeypatch.setenv("STUB_FAILS", "never begins")
    begin(window, pictures)
    dialog = window.models.dialog
    answer(monkeypatch, "Keep")
    qtbot.waitUntil(lambda: bool(window.models.training.standing.pictures), timeout=TIMEOUT)
    (dialog.pause if button == "pause" else dialog.cancel).click()
    wait_for(qtbot, window, Phase.IDLE)
    assert "before it had learned anything" in dialog.form.complaint.text()
    assert "mine" not in models_of(window)
    assert not (user_models_folder() / "mine.safetensors").exists()


def test_closing_the_window_asks_and_saves_the_training(
    qtbot: QtBot, window: MainWindow, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUB_STEPS", "3")
    begin(window, pictures)
    wait_for_step(qtbot, window, 3)
    window.editor.history.setClean()
    asked = answer(monkeypatch, "Stop and Close")
    started = time.monotonic()
    window.close()
    assert time.monotonic() - started < 10
    assert asked == ["mine is being trained. Stop and close?"]
    assert not window.isVisible()
    assert not window.models.training.working
    (run,) = unfinished_runs()
    assert run.step == 3


def test_with_the_dialog_closed_the_status_bar_tells_how_far_it_is(
    qtbot: QtBot, window: MainWindow, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUB_STEPS", "3")
    begin(window, pictures)
    window.models.dialog.close_button.click()
    wait_for_step(qtbot, window, 3)
    assert window.status.training.text() == "Training mine: 30%"
    window.models.training.cancel(keep=True)
    qtbot.waitUntil(lambda: "mine is among your models now." in window.bar.text, timeout=TIMEOUT)
    assert not window.status.training.isVisible()
    window.bar.choices[0].click()
    assert window.panel.model.currentText() == "mine"


def drop(window: MainWindow, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    at, button = QPointF(50, 50), Qt.MouseButton.LeftButton
    event = QDropEvent(at, Qt.DropAction.CopyAction, data, button, Qt.KeyboardModifier.NoModifier)
    window.dropEvent(event)


@pytest.fixture
def theirs(tiny_model: Path, tmp_path: Path) -> Path:
    path = tmp_path / "theirs.safetensors"
    for suffix in (".safetensors", ".json"):
        shutil.copy(tiny_model.with_suffix(suffix), path.with_suffix(suffix))
    return path


@pytest.mark.parametrize("suffix", [".safetensors", ".json"])
def test_a_dropped_model_is_added_and_offered(
    qtbot: QtBot, window: MainWindow, theirs: Path, suffix: str
) -> None:
    title = window.windowTitle()
    drop(window, theirs.with_suffix(suffix))
    qtbot.waitUntil(lambda: window.bar.text == "theirs is added.", timeout=TIMEOUT)
    assert "theirs" in models_of(window)
    assert window.windowTitle() == title
    window.bar.choices[0].click()
    assert window.panel.model.currentText() == "theirs"


def test_a_refused_one_is_told_in_one_sentence(
    qtbot: QtBot, window: MainWindow, theirs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, words in (("weights.pt", "pickle"), ("gone.safetensors", "no model file")):
        drop(window, tmp_path / name)
        assert words in window.bar.text
    monkeypatch.setenv("STUB_FAILS", "yes")
    drop(window, theirs)
    qtbot.waitUntil(lambda: window.bar.text == "The model file is damaged.", timeout=TIMEOUT)
    assert "theirs" not in models_of(window)


def test_a_taken_name_is_not_overwritten_but_another_asked_for(
    qtbot: QtBot, window: MainWindow, theirs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sketch = theirs.with_name("sketch.safetensors")
    for suffix in (".safetensors", ".json"):
        theirs.with_suffix(suffix).rename(sketch.with_suffix(suffix))
    drop(window, sketch)
    assert window.bar.text == "There is a model called sketch already."
    proposed: list[str] = []

    def answered(*arguments: object) -> tuple[str, bool]:
        proposed.append(str(arguments[-1]))
        return "other", True

    monkeypatch.setattr(QInputDialog, "getText", answered)
    window.bar.choices[0].click()
    assert proposed == ["sketch-2"]
    qtbot.waitUntil(lambda: window.bar.text == "other is added.", timeout=TIMEOUT)


def test_pictures_are_dropped_as_before(window: MainWindow, tmp_path: Path) -> None:
    drop(window, tmp_path / "samples.png")
    assert window.windowTitle().startswith("samples.png")
