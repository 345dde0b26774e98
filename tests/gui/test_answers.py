"""Several answers in the window: painted side by side, switched, compared, kept, discarded; stopped and continued."""

import logging
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import COARSE, FakePainter, painted_value
from PySide6.QtCore import QEvent, QSettings, Qt
from PySide6.QtGui import QGuiApplication, QImage, QKeyEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from pixpaint.document import Document, open_picture
from pixpaint.errors import OutOfMemory
from pixpaint.gui import answer_desk
from pixpaint.gui.fill_state import State
from pixpaint.gui.main_window import MainWindow
from pixpaint.gui.shortcuts import ShortcutsDialog
from pixpaint.gui.theme import Scheme, apply
from pixpaint.recipe import painted_sha256

Button = QMessageBox.StandardButton
SEED = 20
ROWS = 20


class Scene:
    """A window that is asked for four answers from SEED on, with a mask of an odd shape."""

    def __init__(self, qtbot: QtBot, window: MainWindow, painter: FakePainter) -> None:
        self.qtbot, self.window, self.painter = qtbot, window, painter
        window.panel.seed.setValue(SEED)
        window.panel.answers.setValue(4)
        painter.best_seed = SEED
        window.editor.begin()
        where = np.ones((ROWS, 30), dtype=np.bool_)
        where[:5, :7] = False
        window.editor.mask((10, 5, 10 + ROWS, 35), where, True)
        window.editor.commit("Mask")
        self.before = self.document.copy()
        self.steps = window.editor.history.count()

    @property
    def document(self) -> Document:
        return self.window.editor.document

    def pixels(self, seed: int, where: np.ndarray | None = None) -> np.ndarray:
        """The picture with what `seed` paints in the hole, or in a part of it."""
        picture = self.before.pixels.copy()
        rows, columns = np.nonzero(self.before.hole if where is None else where)
        picture[rows, columns] = painted_value(seed, rows, columns)
        return picture

    def shows(self, seed: int) -> bool:
        return np.array_equal(self.document.pixels, self.pixels(seed))

    def paint(self) -> None:
        """All four, compared."""
        self.window.does.fill.trigger()
        self.wait_for_ranking()

    def wait_for_ranking(self) -> None:
        filling = self.window.filling
        self.qtbot.waitUntil(lambda: filling.answers is not None and filling.answers.fits is not None)

    def paint_rows(self, rows: int) -> None:
        self.painter.gate = True
        self.painter.allow(rows)
        with self.qtbot.waitSignals([self.window.filling.progressed] * rows):
            self.window.does.fill.trigger()

    def stop_after(self, rows: int) -> None:
        self.paint_rows(rows)
        self.key(Qt.Key.Key_Escape)
        self.qtbot.waitUntil(lambda: not self.window.filling.busy)

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        self.qtbot.keyClick(self.window.canvas, key, modifiers)

    def press(self, place: int) -> None:
        """A button of the message bar."""
        self.qtbot.mouseClick(self.window.bar.choices[place], Qt.MouseButton.LeftButton)

    def assert_no_trace(self) -> None:
        np.testing.assert_array_equal(self.document.pixels, self.before.pixels)
        np.testing.assert_array_equal(self.document.hole, self.before.hole)
        assert self.document.recipes == ()
        assert self.window.editor.history.count() == self.window.editor.history.index() == self.steps
        assert self.window.filling.state is State.IDLE
        assert self.window.strip.isHidden()
        assert not self.window.editor.working


@pytest.fixture
def scene(qtbot: QtBot, window: MainWindow, painter: FakePainter, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(answer_desk, "GRACE", 0)
    return Scene(qtbot, window, painter)


def colours(image: QImage) -> set[tuple[int, int, int]]:
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    values = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    values = values[:, : 3 * image.width()].reshape(-1, 3)
    return set(map(tuple, values.tolist()))


def test_all_answers_grow_row_by_row_and_the_first_is_in_the_picture(scene: Scene) -> None:
    strip = scene.window.strip
    scene.paint_rows(3)
    done = scene.before.hole.copy()
    done[13:] = False
    np.testing.assert_array_equal(scene.document.pixels, scene.pixels(SEED, done))
    np.testing.assert_array_equal(scene.document.hole, scene.before.hole & ~done)
    answers = scene.window.filling.answers
    assert answers is not None
    assert answers.seeds == (SEED, SEED + 1, SEED + 2, SEED + 3)
    assert strip.isVisible()
    assert len(strip.thumbnails) == 4
    assert [thumbnail.isChecked() for thumbnail in strip.thumbnails] == [True, False, False, False]
    top, left, bottom, right = answers.box
    for k, picture in enumerate(answers.pictures):
        part = scene.pixels(SEED + k, done)[top:bottom, left:right]
        known = ~scene.before.hole[top:bottom, left:right] | done[top:bottom, left:right]
        np.testing.assert_array_equal(picture[known], part[known])
        assert (picture[~known] != part[~known]).any(axis=1).all()  # tinted like the mask
    # Every colour of the answer's own pixels is on its thumbnail, once it has been looked at again.
    scene.qtbot.waitUntil(
        lambda: all(
            (int(value),) * 3 in colours(thumbnail.grab().toImage())
            for k, thumbnail in enumerate(strip.thumbnails)
            for value in painted_value(SEED + k, *np.nonzero(done))[:, 0]
        )
    )


def test_a_thumbnail_is_sharp_on_a_fine_screen(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.paint()
    thumbnail = scene.window.strip.thumbnails[1]
    thumbnail.grab()
    plain = thumbnail._scaled
    monkeypatch.setattr(type(thumbnail), "devicePixelRatioF", lambda _: 2.0)
    thumbnail.grab()
    fine = thumbnail._scaled
    assert plain is not None
    assert fine is not None
    assert fine.devicePixelRatio() == 2
    assert fine.width() > 1.5 * plain.width()
    assert fine.deviceIndependentSize().width() <= thumbnail.width()


def test_the_best_fit_is_marked_and_becomes_the_current_one(scene: Scene) -> None:
    scene.painter.best_seed = SEED + 2
    scene.paint()
    assert scene.shows(SEED + 2)
    assert not scene.document.hole.any()
    thumbnails = scene.window.strip.thumbnails
    assert [thumbnail.headlines[-1] for thumbnail in thumbnails] == [
        "−1.0",
        "−0.5",
        "best",
        "−0.5",
    ]
    assert [thumbnail.footnotes[0] for thumbnail in thumbnails] == [f"seed {SEED + k}" for k in range(4)]
    assert [thumbnail.distinguished for thumbnail in thumbnails] == [False, False, True, False]
    assert thumbnails[2].isChecked()
    assert (
        thumbnails[0]
        .accessibleName()
        .startswith(f"Answer 1, seed {SEED}: the known pixels are 1.00 nats less")
    )
    assert scene.window.status.text.text().startswith("Answer 3 fits the known pixels best")
    for k, compared in enumerate(scene.painter.compared):
        np.testing.assert_array_equal(compared, scene.pixels(SEED + k))


def test_a_ranking_does_not_overrule_the_person(scene: Scene) -> None:
    scene.painter.best_seed = SEED + 2
    scene.painter.compare_gate = True
    scene.window.does.fill.trigger()
    scene.qtbot.waitUntil(lambda: scene.window.filling.choosing)
    assert "0 of 4" in scene.window.strip.note.text()
    scene.painter.allow(1)
    scene.qtbot.waitUntil(lambda: "1 of 4" in scene.window.strip.note.text())
    scene.key(Qt.Key.Key_Period)
    assert scene.shows(SEED + 1)
    scene.painter.allow(3)
    scene.wait_for_ranking()
    assert scene.shows(SEED + 1)
    assert scene.window.strip.thumbnails[2].headlines[0] == "best fit"


def test_period_and_comma_switch_in_place_round_and_round(scene: Scene) -> None:
    scene.paint()
    for key, seed in [
        (Qt.Key.Key_Period, SEED + 1),
        (Qt.Key.Key_Period, SEED + 2),
        (Qt.Key.Key_Comma, SEED + 1),
        (Qt.Key.Key_Comma, SEED),
        (Qt.Key.Key_Comma, SEED + 3),
        (Qt.Key.Key_Period, SEED),
    ]:
        begin = time.monotonic()
        scene.key(key)
        assert time.monotonic() - begin < 0.1
        assert scene.shows(seed)
        assert scene.window.strip.thumbnails[seed - SEED].isChecked()


def test_one_may_switch_while_they_are_painted(scene: Scene) -> None:
    scene.paint_rows(4)
    done = scene.before.hole.copy()
    done[14:] = False
    scene.key(Qt.Key.Key_Comma)
    np.testing.assert_array_equal(scene.document.pixels, scene.pixels(SEED + 3, done))
    np.testing.assert_array_equal(scene.document.hole, scene.before.hole & ~done)
    scene.painter.allow(ROWS)
    scene.wait_for_ranking()
    assert scene.shows(SEED + 3)


def test_a_click_on_a_thumbnail_makes_it_the_current_one(scene: Scene) -> None:
    scene.paint()
    scene.window.canvas.setFocus()
    scene.qtbot.mouseClick(scene.window.strip.thumbnails[2], Qt.MouseButton.LeftButton)
    assert scene.shows(SEED + 2)
    assert not scene.window.strip.thumbnails[0].isChecked()
    assert scene.window.canvas.hasFocus()


def test_thumbnails_are_in_reach_of_the_keyboard(scene: Scene) -> None:
    scene.paint()
    thumbnails = scene.window.strip.thumbnails
    thumbnails[0].setFocus(Qt.FocusReason.TabFocusReason)
    scene.qtbot.keyClick(thumbnails[0], Qt.Key.Key_Right)
    assert thumbnails[1].hasFocus()
    assert scene.shows(SEED + 1)


def hold(window: MainWindow, kind: QEvent.Type, repeated: bool = False) -> None:
    text = "\\" if kind == QEvent.Type.KeyPress else ""
    modifiers = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(window.canvas, QKeyEvent(kind, Qt.Key.Key_Backslash, modifiers, text, repeated))


def test_holding_backslash_shows_the_original(scene: Scene) -> None:
    window, press, release = scene.window, QEvent.Type.KeyPress, QEvent.Type.KeyRelease
    scene.paint()
    answer = window.canvas.grab().toImage()
    hold(window, press)
    hold(window, release, repeated=True)
    hold(window, press, repeated=True)
    original = window.canvas.grab().toImage()
    assert original != answer
    assert scene.shows(SEED)  # the document itself is left alone
    hold(window, release)
    assert window.canvas.grab().toImage() == answer
    # Painted over with what was there before, the document looks as the original did.
    scene.document.pixels[:] = scene.before.pixels
    window.canvas.update()
    assert window.canvas.grab().toImage() == original
    scene.document.pixels[:] = scene.pixels(SEED)


def test_the_original_can_be_held_with_the_mouse(scene: Scene) -> None:
    scene.paint()
    window = scene.window
    answer = window.canvas.grab().toImage()
    scene.qtbot.mousePress(window.strip.original, Qt.MouseButton.LeftButton)
    assert window.canvas.grab().toImage() != answer
    scene.qtbot.mouseRelease(window.strip.original, Qt.MouseButton.LeftButton)
    assert window.canvas.grab().toImage() == answer


@pytest.mark.parametrize("by_button", [False, True])
def test_keeping_is_one_step_with_the_recipe_of_that_seed_alone(scene: Scene, by_button: bool) -> None:
    scene.paint()
    scene.key(Qt.Key.Key_Period)
    if by_button:
        scene.qtbot.mouseClick(scene.window.strip.keep, Qt.MouseButton.LeftButton)
    else:
        scene.key(Qt.Key.Key_Return)
    history = scene.window.editor.history
    assert scene.window.filling.state is State.IDLE
    assert scene.window.strip.isHidden()
    assert scene.shows(SEED + 1)
    assert history.count() == history.index() == scene.steps + 1
    (recipe,) = scene.document.recipes
    assert recipe.settings.seed == SEED + 1
    assert recipe.settings.candidates == 1
    assert (recipe.settings.engine, recipe.settings.device) == ("torch", "cpu")
    np.testing.assert_array_equal(recipe.hole_mask(40, 48), scene.before.hole)
    assert recipe.result_sha256 == painted_sha256(scene.pixels(SEED + 1), scene.before.hole)
    assert scene.window.status.text.text().endswith("is kept.")
    scene.window.does.undo.trigger()
    assert scene.window.status.text.text() == "Undone: Fill."
    np.testing.assert_array_equal(scene.document.pixels, scene.before.pixels)
    np.testing.assert_array_equal(scene.document.hole, scene.before.hole)
    assert scene.document.recipes == ()
    scene.window.does.redo.trigger()
    assert scene.shows(SEED + 1)
    assert scene.document.recipes == (recipe,)


def test_return_draws_again_once_an_answer_is_kept_and_the_pointer_placed(scene: Scene) -> None:
    scene.paint()
    scene.key(Qt.Key.Key_Right)
    scene.key(Qt.Key.Key_Return)
    scene.key(Qt.Key.Key_Return)
    assert scene.window.tools.gesture is None, "the second press was meant for the answer too"
    scene.key(Qt.Key.Key_Right)
    scene.key(Qt.Key.Key_Return)
    assert scene.window.tools.gesture is not None
    scene.window.tools.cancel()


@pytest.mark.parametrize("how", ["key", "button", "undo"])
def test_discarding_leaves_no_trace(scene: Scene, how: str) -> None:
    scene.paint()
    scene.key(Qt.Key.Key_Period)
    if how == "key":
        scene.key(Qt.Key.Key_Escape)
    elif how == "button":
        scene.qtbot.mouseClick(scene.window.strip.discard, Qt.MouseButton.LeftButton)
    else:
        assert scene.window.does.undo.text() == "&Undo Fill"
        scene.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    scene.assert_no_trace()
    assert scene.window.does.undo.text() == "&Undo Mask"


@pytest.mark.parametrize("stopped", [False, True])
def test_an_escape_that_comes_just_too_late_to_stop_discards_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, stopped: bool
) -> None:
    monkeypatch.setattr(answer_desk, "GRACE", 60)
    if stopped:
        scene.stop_after(4)
    else:
        scene.paint()
    scene.key(Qt.Key.Key_Escape)
    assert scene.window.filling.choosing
    assert scene.window.bar.text == ("Stopped at row 5 of 20." if stopped else "")
    monkeypatch.setattr(answer_desk, "GRACE", 0)
    scene.key(Qt.Key.Key_Escape)
    scene.assert_no_trace()


def test_discarding_in_a_transparent_picture_brings_the_alpha_back(
    scene: Scene, qtbot: QtBot, window: MainWindow
) -> None:
    alpha = np.random.default_rng(1).choice(np.array([0, 90, 255], np.uint8), (20, 24))
    pixels = np.random.default_rng(2).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    window.editor.history.setClean()
    window.documents.show(Document(pixels=pixels.copy(), alpha=alpha.copy()), "clear.png")
    window.does.mask_all.trigger()
    scene.paint()
    hold(window, QEvent.Type.KeyPress)
    window.canvas.grab()
    hold(window, QEvent.Type.KeyRelease)
    assert scene.document.alpha is not None
    assert (scene.document.alpha > 0).all()
    window.does.discard.trigger()
    np.testing.assert_array_equal(scene.document.alpha, alpha)
    np.testing.assert_array_equal(scene.document.pixels, pixels)


def test_discarded_answers_can_be_brought_back_until_something_else_is_done(scene: Scene) -> None:
    scene.painter.best_seed = SEED + 1
    scene.paint()
    scene.key(Qt.Key.Key_Period)
    scene.key(Qt.Key.Key_Escape)
    assert scene.window.bar.text == "4 answers were discarded."
    scene.press(0)
    assert scene.window.filling.complete
    assert scene.shows(SEED + 2)
    assert scene.window.strip.thumbnails[1].headlines[0] == "best fit"
    scene.key(Qt.Key.Key_Escape)
    scene.assert_no_trace()
    scene.window.does.mask_invert.trigger()
    assert scene.window.bar.text == ""
    scene.window.filling.bring_back()
    assert scene.window.filling.state is State.IDLE


def test_fits_that_come_after_a_keep_change_nothing(scene: Scene) -> None:
    scene.painter.best_seed = SEED + 2
    scene.painter.compare_gate = True
    scene.window.does.fill.trigger()
    scene.qtbot.waitUntil(lambda: scene.window.filling.choosing)
    scene.key(Qt.Key.Key_Return)
    late = np.array([0.0, 1.0, 2.0, 3.0])
    scene.window.worker.compared.emit(-1, late)
    scene.qtbot.wait(30)
    assert scene.shows(SEED)
    assert scene.window.editor.history.count() == scene.steps + 1
    assert scene.window.filling.state is State.IDLE
    # The comparison has been given up after the answer it was at: the next fill need not wait for it.
    scene.window.panel.answers.setValue(1)
    with scene.qtbot.waitSignal(scene.window.filling.finished):
        scene.window.does.fill_anew.trigger()
    assert len(scene.painter.compared) == 1


@pytest.mark.parametrize("error", [OutOfMemory("Full.", "cuda"), ValueError("no")])
def test_answers_that_cannot_be_compared_can_be_kept(
    scene: Scene, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    scene.painter.compare_error = error
    with caplog.at_level(logging.WARNING), scene.qtbot.waitSignal(scene.window.filling.comparing.failed):
        scene.window.does.fill.trigger()
    assert caplog.records[-1].exc_info is not None
    assert scene.window.bar.text.startswith("The answers could not be compared")
    scene.key(Qt.Key.Key_Period)
    scene.key(Qt.Key.Key_Return)
    assert scene.shows(SEED + 1)
    assert scene.document.recipes[0].settings.seed == SEED + 1


def painted_part(scene: Scene) -> np.ndarray:
    painted = scene.before.hole & ~scene.document.hole
    assert 0 < painted.sum() < scene.before.hole.sum()
    return painted


def test_stopped_answers_stay_to_be_looked_at_and_all_go_on(scene: Scene) -> None:
    scene.stop_after(9)
    painted = painted_part(scene)
    assert scene.window.bar.text == "Stopped at row 10 of 20."
    assert len(scene.window.bar.choices) == 3
    assert scene.window.editor.history.count() == scene.steps
    scene.key(Qt.Key.Key_Period)
    np.testing.assert_array_equal(scene.document.pixels, scene.pixels(SEED + 1, painted))
    scene.painter.gate = False
    scene.press(0)
    scene.wait_for_ranking()
    settings, already = scene.painter.asked[-1]
    assert settings.candidates == 4
    np.testing.assert_array_equal(already, painted)
    for k, image in enumerate(scene.painter.images[-1]):
        np.testing.assert_array_equal(image[painted], scene.pixels(SEED + k)[painted])
        np.testing.assert_array_equal(image[~scene.before.hole], scene.before.pixels[~scene.before.hole])
    assert scene.shows(SEED + 1)
    scene.key(Qt.Key.Key_Comma)
    assert scene.shows(SEED)
    scene.key(Qt.Key.Key_Return)
    assert scene.window.editor.history.count() == scene.steps + 1
    scene.window.does.undo.trigger()
    np.testing.assert_array_equal(scene.document.pixels, scene.before.pixels)
    np.testing.assert_array_equal(scene.document.hole, scene.before.hole)


def test_stopped_answers_go_on_by_key_and_twice(scene: Scene) -> None:
    scene.stop_after(3)
    scene.painter.allow(4)
    with scene.qtbot.waitSignals([scene.window.filling.progressed] * 4):
        scene.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    scene.key(Qt.Key.Key_Escape)
    scene.qtbot.waitUntil(lambda: not scene.window.filling.busy)
    assert scene.window.bar.text.startswith("Stopped at row 8 of 20")
    scene.painter.gate = False
    scene.qtbot.mouseClick(scene.window.panel.button, Qt.MouseButton.LeftButton)
    scene.wait_for_ranking()
    for seed in range(SEED, SEED + 4):
        assert scene.shows(seed)
        scene.key(Qt.Key.Key_Period)


def test_one_of_several_stopped_answers_goes_on_alone(scene: Scene) -> None:
    scene.stop_after(9)
    scene.key(Qt.Key.Key_Period)
    painted = painted_part(scene)
    scene.painter.gate = False
    with scene.qtbot.waitSignal(scene.window.filling.finished):
        scene.press(1)
    settings, already = scene.painter.asked[-1]
    assert (settings.seed, settings.candidates) == (SEED + 1, 1)
    np.testing.assert_array_equal(already, painted)
    assert scene.shows(SEED + 1)
    assert scene.document.recipes[0].settings.seed == SEED + 1
    assert scene.window.editor.history.count() == scene.steps + 1
    scene.window.does.undo.trigger()
    np.testing.assert_array_equal(scene.document.pixels, scene.before.pixels)


def test_a_stopped_answer_that_is_kept_is_a_stopped_fill_of_one(scene: Scene) -> None:
    scene.stop_after(9)
    scene.key(Qt.Key.Key_Comma)
    painted = painted_part(scene)
    scene.key(Qt.Key.Key_Return)
    assert scene.window.filling.state is State.STOPPED
    assert scene.window.strip.isHidden()
    assert scene.window.bar.text == "Stopped at row 10 of 20."
    np.testing.assert_array_equal(scene.document.pixels, scene.pixels(SEED + 3, painted))
    assert scene.document.recipes == ()
    assert scene.window.editor.history.count() == scene.steps + 1
    scene.painter.gate = False
    with scene.qtbot.waitSignal(scene.window.filling.finished):
        scene.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert scene.shows(SEED + 3)
    assert scene.window.editor.history.count() == scene.steps + 1


def test_discarding_stopped_answers_leaves_no_trace_and_they_come_back_to_go_on(scene: Scene) -> None:
    scene.stop_after(5)
    scene.press(2)
    scene.assert_no_trace()
    scene.press(0)
    assert scene.window.bar.text == "Stopped at row 6 of 20."
    painted_part(scene)
    scene.painter.gate = False
    scene.press(0)
    scene.wait_for_ranking()
    assert scene.shows(SEED)


def test_stopping_before_the_first_row_leaves_no_trace(scene: Scene) -> None:
    scene.painter.gate = scene.painter.shows_coarse = True
    scene.window.editor.begin()
    scene.window.editor.mask((0, 0, 40, 48), np.ones((40, 48), np.bool_), False)
    scene.window.editor.mask((3, 3, 4, 4), np.ones((1, 1), np.bool_), True)
    scene.window.editor.commit("Mask")
    scene.before, scene.steps = scene.document.copy(), scene.window.editor.history.count()
    with scene.qtbot.waitSignal(scene.window.filling.progressed):
        scene.window.does.fill.trigger()
    assert (scene.document.pixels[3, 3] == COARSE).all()
    scene.window.does.stop.trigger()
    scene.qtbot.waitUntil(lambda: not scene.window.filling.busy)
    scene.assert_no_trace()


def test_a_coarser_level_is_shown_in_all_until_a_finer_one_or_a_stop(scene: Scene) -> None:
    scene.painter.shows_coarse = True
    scene.stop_after(3)
    answers, hole = scene.window.filling.answers, scene.document.hole
    assert answers is not None
    np.testing.assert_array_equal(scene.document.pixels[hole], scene.before.pixels[hole])
    top, left, bottom, right = answers.box
    assert not (answers.pictures[:, hole[top:bottom, left:right]] == COARSE).all(axis=2).any()
    scene.key(Qt.Key.Key_Period)
    np.testing.assert_array_equal(scene.document.pixels, scene.pixels(SEED + 1, painted_part(scene)))


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_a_failure_in_the_middle_keeps_what_is_painted_of_all(
    scene: Scene, caplog: pytest.LogCaptureFixture, device: str
) -> None:
    scene.painter.best_device = device
    scene.painter.fails_at_row = (6, OutOfMemory("The memory is full.", device))
    with caplog.at_level(logging.WARNING):
        scene.window.does.fill.trigger()
        scene.qtbot.waitUntil(lambda: not scene.window.filling.busy)
    scene.qtbot.waitUntil(lambda: "memory" in scene.window.bar.text)
    assert painted_part(scene).any(axis=1).sum() == 6
    scene.painter.fails_at_row = None
    scene.press(0)
    scene.wait_for_ranking()
    assert scene.painter.asked[-1][0].device == "cpu"
    assert scene.shows(SEED)


def test_nothing_else_can_be_done_to_the_picture_while_answers_wait(scene: Scene) -> None:
    scene.paint()
    does = scene.window.does
    blocked = (does.mask_all, does.mask_clear, does.mask_invert, does.mask_transparent)
    blocked = (*blocked, does.mask_paper, does.mask_recall)
    for action in (*blocked, does.redo, does.fill, does.roll, does.stop):
        assert not action.isEnabled(), action.text()
    assert not scene.window.panel.temperature.isEnabled()
    middle = scene.window.canvas.rect().center()
    scene.qtbot.mouseClick(scene.window.canvas, Qt.MouseButton.LeftButton, pos=middle)
    assert scene.shows(SEED)
    assert scene.window.filling.complete
    scene.key(Qt.Key.Key_Return)
    for action in (does.mask_all, does.undo, does.fill, does.roll):
        assert action.isEnabled(), action.text()
    for action in (does.keep, does.discard, does.next_answer, does.previous_answer, does.copy_seed):
        assert not action.isEnabled(), action.text()


def test_others_can_be_asked_for_in_their_place(scene: Scene) -> None:
    scene.paint()
    with scene.qtbot.waitSignal(scene.window.filling.finished):
        scene.window.does.fill_anew.trigger()
    seed = scene.window.panel.seed.value()
    assert seed != SEED
    scene.wait_for_ranking()
    scene.qtbot.mouseClick(scene.window.strip.thumbnails[0], Qt.MouseButton.LeftButton)
    assert scene.shows(seed)
    scene.key(Qt.Key.Key_Escape)
    scene.assert_no_trace()


@pytest.mark.parametrize("place", [None, 3])
def test_a_seed_can_be_copied(scene: Scene, place: int | None) -> None:
    scene.paint()
    if place is None:
        scene.qtbot.mouseClick(scene.window.strip.copy_seed, Qt.MouseButton.LeftButton)
    else:
        (copy,) = scene.window.strip.thumbnails[place].actions()
        copy.trigger()
    assert QGuiApplication.clipboard().text() == str(SEED + (place or 0))


def test_saving_while_answers_wait_saves_the_one_shown_and_keeps_them_waiting(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.paint()
    scene.key(Qt.Key.Key_Period)
    monkeypatch.setattr(QFileDialog, "exec", lambda _: 1)
    monkeypatch.setattr(QFileDialog, "selectedFiles", lambda _: [str(tmp_path / "a.png")])
    hold(scene.window, QEvent.Type.KeyPress)
    with scene.qtbot.waitSignal(scene.window.documents.said):
        scene.window.does.save.trigger()
    hold(scene.window, QEvent.Type.KeyRelease)
    saved = open_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(saved.pixels, scene.pixels(SEED + 1))
    assert [recipe.settings.seed for recipe in saved.recipes] == [SEED + 1]
    assert scene.window.filling.complete
    assert scene.window.isWindowModified()
    assert scene.document.recipes == ()
    scene.key(Qt.Key.Key_Escape)
    scene.assert_no_trace()
    assert scene.window.isWindowModified()


def test_a_saved_answer_is_not_taken_for_the_document_it_was_discarded_from(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.window.editor.history.setClean()
    scene.paint()
    monkeypatch.setattr(QFileDialog, "exec", lambda _: 1)
    monkeypatch.setattr(QFileDialog, "selectedFiles", lambda _: [str(tmp_path / "a.png")])
    with scene.qtbot.waitSignal(scene.window.documents.said):
        scene.window.does.save.trigger()
    scene.key(Qt.Key.Key_Escape)
    scene.assert_no_trace()
    assert scene.window.isWindowModified()


@pytest.mark.parametrize("button", [Button.Cancel, Button.Discard, Button.Save])
def test_leaving_while_answers_wait_asks_first(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, button: QMessageBox.StandardButton
) -> None:
    scene.painter.best_seed = SEED + 2
    scene.paint()
    asked: list[str] = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: asked.append(box.informativeText()) or button)
    monkeypatch.setattr(QFileDialog, "exec", lambda _: 1)
    monkeypatch.setattr(QFileDialog, "selectedFiles", lambda _: [str(tmp_path / "a.png")])
    kept = scene.pixels(SEED + 2)
    scene.window.documents.new(8, 9, then=lambda: None)
    assert len(asked) == 1
    assert asked[0].startswith("Answers wait for your choice.")
    if button == Button.Cancel:
        assert scene.window.filling.complete
        assert scene.document.width == 48
        return
    scene.qtbot.waitUntil(lambda: scene.document.width == 9)
    assert scene.window.filling.state is State.IDLE
    assert scene.window.strip.isHidden()
    assert (tmp_path / "a.png").exists() == (button == Button.Save)
    if button == Button.Save:
        saved = open_picture(tmp_path / "a.png")
        np.testing.assert_array_equal(saved.pixels, kept)
        assert [recipe.settings.seed for recipe in saved.recipes] == [SEED + 2]


def test_leaving_while_they_are_painted_saves_the_one_shown(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.paint_rows(4)
    scene.key(Qt.Key.Key_Period)
    monkeypatch.setattr(QMessageBox, "exec", lambda _: Button.Save)
    monkeypatch.setattr(QFileDialog, "exec", lambda _: 1)
    monkeypatch.setattr(QFileDialog, "selectedFiles", lambda _: [str(tmp_path / "a.png")])
    done = scene.before.hole.copy()
    done[14:] = False
    expected = scene.pixels(SEED + 1, done)
    scene.window.documents.new(8, 9, then=lambda: None)
    scene.qtbot.waitUntil(lambda: scene.document.width == 9)
    saved = open_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(saved.pixels[:14], expected[:14])


def test_closing_while_answers_are_compared_ends_the_thread_at_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.painter.compare_gate = True
    scene.window.does.fill.trigger()
    scene.qtbot.waitUntil(lambda: scene.window.filling.choosing)
    monkeypatch.setattr(QMessageBox, "exec", lambda _: Button.Discard)
    begin = time.monotonic()
    assert scene.window.close()
    assert time.monotonic() - begin < 1
    assert scene.window.idle_at_close


def test_rows_of_answers_that_were_left_are_dropped(scene: Scene) -> None:
    scene.paint_rows(3)
    scene.painter.allow(4)
    with scene.qtbot.waitSignal(scene.window.worker.ended):
        scene.window.documents.show(Document.blank(40, 48), "New")
    scene.qtbot.wait(20)
    assert (scene.document.pixels == 255).all()
    assert scene.window.strip.isHidden()
    assert scene.window.editor.history.count() == 0


def test_eight_answers_do_not_widen_the_window(scene: Scene) -> None:
    scene.window.resize(1000, 700)
    width = scene.window.width()
    scene.window.panel.answers.setValue(8)
    scene.paint()
    scene.qtbot.wait(10)
    assert scene.window.width() == width
    assert len(scene.window.strip.thumbnails) == 8
    last = scene.window.strip.thumbnails[-1]
    assert last.geometry().right() < scene.window.strip.note.geometry().left()


def test_one_answer_is_as_ever(scene: Scene) -> None:
    scene.window.panel.answers.setValue(1)
    with scene.qtbot.waitSignal(scene.window.filling.finished):
        scene.window.does.fill.trigger()
    assert scene.shows(SEED)
    assert scene.window.strip.isHidden()
    assert scene.window.filling.state is State.IDLE
    assert scene.window.editor.history.count() == scene.steps + 1
    assert scene.painter.compared == []


def test_how_many_answers_is_remembered(scene: Scene, settings: QSettings) -> None:
    scene.window.panel.answers.setValue(6)
    scene.window.panel.store(settings)
    scene.window.panel.answers.setValue(2)
    scene.window.panel.restore(settings)
    assert scene.window.panel.answers.value() == 6
    assert scene.window.panel.answers.minimum() == 1
    assert scene.window.panel.answers.maximum() == 8
    scene.window.panel.seed.setValue(2**31 - 1)
    assert scene.window.panel.settings().seed + 5 == 2**31 - 1


def test_the_keys_are_in_the_list(window: MainWindow) -> None:
    dialog = ShortcutsDialog(window.does.with_shortcuts(), window)
    texts = {label.text() for label in dialog.findChildren(type(window.status.text))}
    assert {"Next Answer", "Previous Answer", "Keep This Answer", "Discard All Answers"} <= texts
    assert {".", ",", "hold \\"} <= texts


@pytest.mark.parametrize("scheme", [Scheme.LIGHT, Scheme.DARK])
def test_thumbnails_follow_the_scheme(scene: Scene, scheme: Scheme) -> None:
    try:
        apply(scheme)
        scene.paint()
        shown = scene.window.strip.grab().toImage()
        background = scene.window.palette().window().color()
        assert shown.pixelColor(3, shown.height() - 3) == background
        highlight = scene.window.palette().highlight().color()
        chosen = scene.window.strip.thumbnails[0]
        assert chosen.grab().toImage().pixelColor(chosen.width() // 2, 3) == highlight
    finally:
        apply(Scheme.SYSTEM)
