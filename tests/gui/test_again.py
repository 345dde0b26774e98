"""A fill is painted again from the picture's recipe, told to be the same or not; and a recipe can be stripped."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from conftest import FakePainter
from pytestqt.qtbot import QtBot

from pixpaint.document import Document, open_picture
from pixpaint.errors import BadRequest
from pixpaint.gui import again
from pixpaint.gui.main_window import MainWindow
from pixpaint.gui.tools import BRUSH
from pixpaint.models.card import ModelCard
from pixpaint.png import save_png

SHA = "ab" * 32


@pytest.fixture(autouse=True)
def _the_fake_s_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the weights that the fake painter says it paints with."""
    monkeypatch.setattr(again, "read_card", lambda name: ModelCard(name=name, config={}, sha256=SHA))


@pytest.fixture
def filled(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> np.ndarray:
    """A picture with a filled hole was saved and opened again; its pixels."""
    window.editor.begin()
    where = np.ones((12, 15), np.bool_)
    where[:3, :4] = False
    window.editor.mask((5, 6, 17, 21), where, True)
    window.editor.commit("Mask")
    window.panel.seed.setValue(11)
    run(qtbot, window, window.does.fill)
    save_png(window.editor.document, tmp_path / "saved.png")
    window.editor.history.setClean()
    window.panel.seed.setValue(99)
    window.documents.open(tmp_path / "saved.png")
    return window.editor.document.pixels.copy()


def run(qtbot: QtBot, window: MainWindow, action) -> None:
    with qtbot.waitSignal(window.filling.finished):
        action.trigger()


def test_without_a_recipe_there_is_nothing_to_do(window: MainWindow) -> None:
    assert not window.does.fill_again.isEnabled()
    assert not window.does.strip_recipe.isEnabled()


def test_it_paints_the_same_and_says_so(qtbot: QtBot, window: MainWindow, filled: np.ndarray) -> None:
    (recipe,) = window.editor.document.recipes
    run(qtbot, window, window.does.fill_again)
    np.testing.assert_array_equal(window.editor.document.pixels, filled)
    assert window.bar.text == "Painted again from the recipe: all 168 pixels are the same."
    assert window.editor.document.recipes == (recipe,), "the same fill is noted down once"
    window.does.undo.trigger()
    assert window.editor.document.hole.sum() == 168
    window.does.undo.trigger()
    assert not window.documents.modified


def test_what_differs_is_counted(
    qtbot: QtBot, window: MainWindow, filled: np.ndarray, painter: FakePainter
) -> None:
    document = window.editor.document
    (recipe,) = document.recipes
    other = dataclasses.replace(recipe, settings=dataclasses.replace(recipe.settings, seed=12))
    document.recipes = (other,)  # as on a machine whose sums are rounded otherwise
    run(qtbot, window, window.does.fill_again)
    differing = int((document.pixels != filled).any(2).sum())
    assert differing > 100
    assert window.bar.text == f"Painted again from the recipe: {differing} of 168 pixels differ."


def test_a_hole_that_was_painted_over_since_is_told_apart(
    qtbot: QtBot, window: MainWindow, filled: np.ndarray
) -> None:
    document = window.editor.document
    (recipe,) = document.recipes
    document.recipes = (dataclasses.replace(recipe, result_sha256="0" * 64),)
    run(qtbot, window, window.does.fill_again)
    assert "not what it tells of" in window.bar.text


def test_other_weights_are_told_before_anything_is_painted(
    qtbot: QtBot, window: MainWindow, filled: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(again, "read_card", lambda name: ModelCard(name=name, config={}, sha256="cd" * 32))
    window.does.fill_again.trigger()
    assert "sketch has learned other weights since" in window.bar.text
    assert not window.documents.modified
    with qtbot.waitSignal(window.filling.finished):
        window.bar.choices[0].click()
    assert "all 168 pixels are the same" in window.bar.text


def test_that_button_does_nothing_to_another_picture(
    window: MainWindow, filled: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(again, "read_card", lambda name: ModelCard(name=name, config={}, sha256="cd" * 32))
    window.does.fill_again.trigger()
    (button,) = window.bar.choices
    window.documents.show(Document.blank(7, 9), "other")
    button.click()
    assert not window.filling.busy
    assert not window.editor.working
    assert not window.documents.modified


def test_a_stroke_under_way_ends_first_and_one_s_own_mask_can_be_recalled(
    qtbot: QtBot, window: MainWindow, filled: np.ndarray
) -> None:
    editor = window.editor
    window.does.tools[BRUSH].trigger()
    window.tools.press((30.5, 30.5), False)
    run(qtbot, window, window.does.fill_again)
    assert window.tools.gesture is None
    window.does.mask_recall.trigger()
    assert editor.document.hole[30, 30]
    while editor.history.canUndo():
        editor.history.undo()
    np.testing.assert_array_equal(editor.document.pixels, filled)
    assert not editor.document.hole.any()


def test_a_fill_that_came_to_nothing_is_not_compared_with_the_next(
    qtbot: QtBot, window: MainWindow, filled: np.ndarray, painter: FakePainter
) -> None:
    painter.fails_at_row = (0, BadRequest("The model is gone."))
    window.does.fill_again.trigger()
    qtbot.waitUntil(lambda: not window.filling.busy)
    painter.fails_at_row = None
    run(qtbot, window, window.does.fill)
    assert "Painted again" not in window.bar.text


def test_a_model_that_is_gone_or_a_hole_that_does_not_fit_is_told(
    window: MainWindow, filled: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    document = window.editor.document
    (recipe,) = document.recipes
    for changes, words in (
        ({"settings": dataclasses.replace(recipe.settings, model="gone")}, "gone"),
        ({"box": (0, 0, 500, 500)}, "outside this picture"),
    ):
        document.recipes = (dataclasses.replace(recipe, **changes),)
        window.does.fill_again.trigger()
        assert "The recipe can't be followed" in window.bar.text
        assert words in window.bar.text
    np.testing.assert_array_equal(document.pixels, filled)
    assert not document.hole.any()


def test_a_fill_that_was_stopped_is_compared_with_nothing(
    qtbot: QtBot, window: MainWindow, filled: np.ndarray, painter: FakePainter
) -> None:
    painter.gate = True
    painter.allow(3)
    with qtbot.waitSignals([window.filling.progressed] * 3):
        window.does.fill_again.trigger()
    window.does.stop.trigger()
    qtbot.waitUntil(lambda: window.filling.can_go_on)
    painter.gate = False
    run(qtbot, window, window.does.fill)
    assert "Painted again" not in window.bar.text


def test_a_recipe_is_stripped_and_comes_back_with_undo(
    window: MainWindow, filled: np.ndarray, tmp_path: Path
) -> None:
    recipes = window.editor.document.recipes
    window.does.strip_recipe.trigger()
    assert window.documents.modified
    assert not window.does.fill_again.isEnabled()
    save_png(window.editor.document, tmp_path / "bare.png")
    assert open_picture(tmp_path / "bare.png").recipes == ()
    assert b"sketch" not in (tmp_path / "bare.png").read_bytes()
    window.does.undo.trigger()
    assert window.editor.document.recipes == recipes
    assert not window.documents.modified
    window.does.redo.trigger()
    assert window.editor.document.recipes == ()
