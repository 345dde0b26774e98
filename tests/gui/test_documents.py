"""Opening and saving in the window, bad files, unsaved changes, clipboard, drop, and what is remembered."""

from pathlib import Path

import numpy as np
import pytest
from conftest import CARDS, FakePainter
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QMessageBox,
    QSlider,
    QWidget,
)
from pytestqt.qtbot import QtBot

from pixpaint.document import Document, open_picture
from pixpaint.gui.fill_worker import Means
from pixpaint.gui.main_window import MainWindow
from pixpaint.gui.theme import Scheme, apply, chosen
from pixpaint.gui.tools import PENCIL
from pixpaint.recipe import FillSettings

Button = QMessageBox.StandardButton


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "фото 🐈.png"
    pixels = np.random.default_rng(8).integers(0, 256, (30, 20, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def change(window: MainWindow) -> None:
    window.does.mask_all.trigger()


def answer(monkeypatch: pytest.MonkeyPatch, button: QMessageBox.StandardButton) -> list[str]:
    """Answers the unsaved-changes question; returns the questions asked."""
    asked: list[str] = []

    def reply(box: QMessageBox) -> QMessageBox.StandardButton:
        asked.append(box.text())
        return button

    monkeypatch.setattr(QMessageBox, "exec", reply)
    return asked


def choose_target(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setattr(QFileDialog, "exec", lambda _: 1)
    monkeypatch.setattr(QFileDialog, "selectedFiles", lambda _: [str(path)])


def test_a_picture_opens_with_its_name_in_the_title(window: MainWindow, photo: Path) -> None:
    window.documents.open(photo)
    assert window.windowTitle() == "фото 🐈.png[*] — pixpaint"
    assert not window.isWindowModified()
    assert window.status.size_text.text() == "20 × 30"
    np.testing.assert_array_equal(window.editor.document.pixels, open_picture(photo).pixels)


def test_a_bad_file_leaves_everything_as_it_is(
    window: MainWindow, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    change(window)
    document, before = window.editor.document, window.editor.document.copy()
    steps, title = window.editor.history.count(), window.windowTitle()
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "folder.png").mkdir()
    for name in ("text.png", "empty.jpg", "folder.png", "missing.png"):
        window.documents.open(tmp_path / name)
        assert name in window.bar.text
        assert window.bar.text.endswith(".")
    assert window.editor.document is document
    np.testing.assert_array_equal(document.pixels, before.pixels)
    np.testing.assert_array_equal(document.hole, before.hole)
    assert window.editor.history.count() == steps
    assert window.windowTitle() == title
    assert len(caplog.records) == 4
    assert QApplication.overrideCursor() is None


def test_saving_keeps_picture_and_recipe_and_takes_the_star(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(window)
    with qtbot.waitSignal(window.filling.finished):
        window.does.fill.trigger()
    target = tmp_path / "a b.png"
    choose_target(monkeypatch, target)
    with qtbot.waitSignal(window.documents.said):
        window.does.save.trigger()
    assert not window.isWindowModified()
    assert window.windowTitle().startswith("a b.png")
    saved = open_picture(target)
    np.testing.assert_array_equal(saved.pixels, window.editor.document.pixels)
    assert saved.recipes == window.editor.document.recipes
    assert len(saved.recipes) == 1
    window.does.undo.trigger()
    assert window.isWindowModified()
    window.does.redo.trigger()
    assert not window.isWindowModified()


def test_saving_again_asks_for_no_name(
    qtbot: QtBot, window: MainWindow, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "exec", lambda _: pytest.fail("a name was asked for"))
    window.documents.open(photo)
    window.does.tools[PENCIL].trigger()
    window.editor.begin()
    window.editor.ink((0, 0, 2, 2), np.ones((2, 2)), (1, 2, 3))
    window.editor.commit("x")
    with qtbot.waitSignal(window.documents.said):
        window.does.save.trigger()
    assert (open_picture(photo).pixels[:2, :2] == (1, 2, 3)).all()


def test_an_export_is_offered_a_name_that_is_free(
    window: MainWindow, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[str] = []
    monkeypatch.setattr(QFileDialog, "exec", lambda _: 0)
    monkeypatch.setattr(QFileDialog, "selectFile", lambda _, name: offered.append(name))
    window.documents.open(photo)
    window.does.export.trigger()
    (tmp_path / "фото 🐈-2.png").touch()
    window.does.export.trigger()
    window.does.save_as.trigger()
    Image.new("L", (4, 4)).save(tmp_path / "a.jpg")
    window.documents.open(tmp_path / "a.jpg")
    window.does.export.trigger()
    assert offered == ["фото 🐈-2.png", "фото 🐈-3.png", photo.name, "a.png"]


def test_a_jpeg_is_saved_under_a_pngs_name(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (9, 9), (3, 4, 5)).save(tmp_path / "a.jpg")
    jpeg = (tmp_path / "a.jpg").read_bytes()
    window.documents.open(tmp_path / "a.jpg")
    suggested: list[str] = []
    monkeypatch.setattr(QFileDialog, "selectFile", lambda _, name: suggested.append(name))
    choose_target(monkeypatch, tmp_path / "a.png")
    with qtbot.waitSignal(window.documents.said):
        window.does.save.trigger()
    assert suggested == ["a.png"]
    assert (tmp_path / "a.jpg").read_bytes() == jpeg
    assert window.editor.document.path == tmp_path / "a.png"


def test_exporting_keeps_name_and_star(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(window)
    choose_target(monkeypatch, tmp_path / "copy.png")
    with qtbot.waitSignal(window.documents.said):
        window.does.export.trigger()
    assert (tmp_path / "copy.png").exists()
    assert window.isWindowModified()
    assert window.windowTitle().startswith("noise.png")


def test_a_failed_save_leaves_the_star_and_says_why(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(window)
    choose_target(monkeypatch, tmp_path / "missing" / "a.png")
    with qtbot.waitSignal(window.documents.complained):
        window.does.save.trigger()
    assert "a.png could not be written" in window.bar.text
    assert window.isWindowModified()
    assert list(tmp_path.glob("*.png")) == []


@pytest.mark.parametrize("button", [Button.Cancel, Button.Discard, Button.Save])
def test_unsaved_changes_are_asked_about(
    qtbot: QtBot,
    window: MainWindow,
    photo: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    button: QMessageBox.StandardButton,
) -> None:
    change(window)
    old = window.editor.document
    asked = answer(monkeypatch, button)
    choose_target(monkeypatch, tmp_path / "kept.png")
    window.documents.open(photo)
    assert asked == ["Save the changes to noise.png?"]
    if button == Button.Save:
        qtbot.waitUntil(lambda: window.editor.document is not old)
        np.testing.assert_array_equal(open_picture(tmp_path / "kept.png").pixels, old.pixels)
    else:
        assert not (tmp_path / "kept.png").exists()
    assert (window.editor.document is old) == (button == Button.Cancel)


def test_closing_with_save_stops_the_fill_saves_and_closes(
    qtbot: QtBot,
    window: MainWindow,
    painter: FakePainter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    change(window)
    painter.gate = True
    painter.allow(3)
    with qtbot.waitSignals([window.filling.progressed] * 3):
        window.does.fill.trigger()
    monkeypatch.setattr(QMessageBox, "exec", lambda _: Button.Save)
    choose_target(monkeypatch, tmp_path / "half.png")
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible())
    np.testing.assert_array_equal(open_picture(tmp_path / "half.png").pixels, window.editor.document.pixels)
    assert window.idle_at_close


def test_the_sample_opens_untitled_with_its_hole_masked(window: MainWindow) -> None:
    window.does.sample.trigger()
    document = window.editor.document
    assert document.hole.any()
    assert not document.hole.all()
    assert document.path is None
    assert window.windowTitle().startswith("Sample")
    assert not window.isWindowModified()


def test_copy_and_paste_bring_the_picture_back(window: MainWindow) -> None:
    rng = np.random.default_rng(2)
    pixels = rng.integers(0, 256, (7, 5, 3), dtype=np.uint8)
    window.documents.show(Document(pixels=pixels.copy()), "a")
    window.does.copy.trigger()
    window.documents.show(Document.blank(3, 3), "b")
    window.does.paste.trigger()
    np.testing.assert_array_equal(window.editor.document.pixels, pixels)
    alpha = rng.choice(np.array([0, 255], dtype=np.uint8), (7, 5))
    window.documents.show(Document(pixels=pixels.copy(), alpha=alpha), "c")
    window.does.copy.trigger()
    window.documents.show(Document.blank(3, 3), "d")
    window.does.paste.trigger()
    np.testing.assert_array_equal(window.editor.document.alpha, alpha)
    np.testing.assert_array_equal(window.editor.document.pixels[alpha > 0], pixels[alpha > 0])


def test_pasting_nothing_is_explained(window: MainWindow) -> None:
    QGuiApplication.clipboard().setText("words")
    window.does.paste.trigger()
    assert window.bar.text.startswith("There is no picture on the clipboard")


def test_a_dropped_file_opens(window: MainWindow, photo: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(photo))])
    event = QDropEvent(
        QPointF(50, 50),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)
    assert window.editor.document.path == photo


def test_a_new_sketch_is_white_paper_with_the_pencil_at_hand(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QDialog, "exec", lambda _: 1)
    window.does.new.trigger()
    document = window.editor.document
    assert document.pixels.shape == (32, 32, 3)
    assert (document.pixels == 255).all()
    assert window.tools.tool == PENCIL
    assert window.tools.size == 1


def test_recent_files_are_listed_newest_first_and_only_once(
    window: MainWindow, tmp_path: Path, photo: Path
) -> None:
    Image.new("L", (4, 4)).save(tmp_path / "b.png")
    for path in (photo, tmp_path / "b.png", photo):
        window.documents.open(path)
    assert window.documents.recent() == [photo, tmp_path / "b.png"]
    window.does.recent.aboutToShow.emit()
    assert [action.text() for action in window.does.recent.actions()] == [photo.name, "b.png"]


def test_what_was_chosen_is_there_at_the_next_start(
    qtbot: QtBot, window: MainWindow, painter: FakePainter, settings: QSettings
) -> None:
    window.panel.label.setCurrentText("fish")
    window.panel.temperature.setValue(0.7)
    means = Means(engine="fused", device="cpu", model_sha256="")
    window.filling.pace.learn(FillSettings(), means, 600, 2.0)
    window.does.panel_shown.setChecked(False)
    window.resize(760, 640)
    window.close()
    again = MainWindow(lambda: painter, CARDS, settings)
    qtbot.addWidget(again)
    again.show()
    assert again.panel.settings().label == "fish"
    assert again.panel.settings().temperature == pytest.approx(0.7)
    assert not again.panel.isVisible()
    assert again.filling.pace.seconds(FillSettings(), means, 1200) == 4
    assert (again.width(), again.height()) == (760, 640)


def test_a_class_that_is_not_the_models_becomes_none(window: MainWindow) -> None:
    window.panel.label.setEditText("unicorn")
    assert window.panel.settings().label is None
    window.panel.label.setEditText("FISH")
    assert window.panel.settings().label == "fish"
    window.panel.model.setCurrentText("digits")
    assert not window.panel.label.isEnabled()
    assert window.panel.settings().label is None
    window.panel.show_filling(True)
    window.panel.show_filling(False)
    assert not window.panel.label.isEnabled()


@pytest.mark.parametrize("scheme", [Scheme.LIGHT, Scheme.DARK])
def test_light_and_dark_keep_text_readable(window: MainWindow, scheme: Scheme) -> None:
    window.does.schemes[scheme].trigger()
    try:
        palette = window.palette()
        contrast = abs(palette.window().color().lightness() - palette.windowText().color().lightness())
        assert contrast > 120
        assert (palette.window().color().lightness() < 128) == (scheme is Scheme.DARK)
        undo = window.does.save.icon().pixmap(24).toImage()
        ink = next(
            undo.pixelColor(x, y) for x in range(24) for y in range(24) if undo.pixelColor(x, y).alpha() > 200
        )
        assert abs(ink.lightness() - palette.window().color().lightness()) > 120
    finally:
        apply(Scheme.SYSTEM)


def test_an_unknown_scheme_in_the_settings_is_passed_over(settings: QSettings) -> None:
    settings.setValue("scheme", "mauve")
    assert chosen(settings) is Scheme.SYSTEM


def test_every_control_is_reached_by_tab(window: MainWindow) -> None:
    reached: set[QWidget] = set()
    widget: QWidget = window.canvas
    while widget not in reached:
        reached.add(widget)
        widget = widget.nextInFocusChain()
    controls = (QAbstractButton, QAbstractSpinBox, QComboBox, QSlider)
    for control in window.findChildren(QWidget):
        if isinstance(control, controls) and control.isVisible() and control.isEnabled():
            assert control.focusPolicy() & Qt.FocusPolicy.TabFocus, control
            assert control in reached


def test_the_folder_of_the_last_picture_is_offered_again(
    window: MainWindow, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.documents.open(photo)
    window.documents.show(Document.blank(3, 3), "x")
    folders: list[str] = []
    monkeypatch.setattr(
        QFileDialog, "getOpenFileName", lambda _, __, folder, ___: (folders.append(folder), ("", ""))[1]
    )
    window.does.open.trigger()
    assert folders == [str(photo.parent)]


def test_grey_clipboard_pictures_paste_too(window: MainWindow) -> None:
    image = QImage(3, 2, QImage.Format.Format_Grayscale8)
    image.fill(90)
    QGuiApplication.clipboard().setImage(image)
    window.does.paste.trigger()
    assert (window.editor.document.pixels == 90).all()
    assert window.editor.document.alpha is None


def test_a_drawing_is_given_the_model_for_drawings_and_another_picture_that_for_photographs(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def suited(drawing: bool) -> str:
        return "sketch" if drawing else "photo"

    monkeypatch.setattr("pixpaint.gui.side_panel.suited_model", suited)
    window.panel.model.addItem("photo")
    red = np.zeros((40, 48, 3), np.uint8)
    red[:, :20] = (200, 20, 20)
    window.documents.show(Document(pixels=red), "red.png")
    assert window.panel.settings().model == "photo"
    window.documents.show(Document.blank(40, 48), "paper.png")
    assert window.panel.settings().model == "sketch"
    window.panel.model.setCurrentText("digits")
    window.documents.show(Document(pixels=red.copy()), "red.png")
    assert window.panel.settings().model == "digits"
