"""The window with the real painter and a tiny model: the same bytes as without a window, stopped or not."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from pixpaint.assets import user_models_folder
from pixpaint.document import Document
from pixpaint.gui.main_window import MainWindow
from pixpaint.models.card import read_card
from pixpaint.png import save_png
from pixpaint.recipe import painted_sha256
from pixpaint.sampling.painting import Painter


@pytest.fixture
def real_window(qtbot: QtBot, tiny_model: Path, settings: QSettings) -> MainWindow:
    """A window on a sketch of 16 x 16 pixels whose lower half is masked."""
    folder = user_models_folder()
    folder.mkdir(parents=True, exist_ok=True)
    for file in tiny_model.parent.iterdir():
        shutil.copy(file, folder)
    window = MainWindow(Painter, [read_card("tiny")], settings)
    qtbot.addWidget(window, before_close_func=lambda window: window.editor.history.setClean())
    window.show()
    document = Document.blank(16, 16)
    document.pixels[4, 2:14] = 0
    document.hole[8:] = True
    window.documents.show(document, "sketch")

    def is_ready() -> None:
        assert window.status.means.text().endswith(" on CPU"), window.bar.text

    qtbot.waitUntil(is_ready, timeout=60_000)
    return window


def painted_without_window(window: MainWindow, seed: int | None = None) -> np.ndarray:
    document = window.editor.document.copy()
    settings = replace(window.panel.settings(), candidates=1)
    settings = settings if seed is None else replace(settings, seed=seed)
    for event in Painter().paint(settings, document.pixels.copy(), document.hole):
        document.paint(event.rows, event.columns, event.pixels[0])
    return document.pixels


def test_the_window_paints_what_the_command_line_paints(
    qtbot: QtBot, real_window: MainWindow, tmp_path: Path
) -> None:
    real_window.panel.seed.setValue(3)
    real_window.panel.label.setCurrentText("fish")
    expected, hole = painted_without_window(real_window), real_window.editor.document.hole.copy()
    with qtbot.waitSignal(real_window.filling.finished, timeout=60_000):
        real_window.does.fill.trigger()
    document = real_window.editor.document
    np.testing.assert_array_equal(document.pixels, expected)
    (recipe,) = document.recipes
    assert recipe.model_sha256 == read_card("tiny").sha256
    assert recipe.result_sha256 == painted_sha256(expected, hole)
    save_png(document, tmp_path / "a.png")
    real_window.editor.history.setClean()
    real_window.documents.open(tmp_path / "a.png")
    with qtbot.waitSignal(real_window.filling.finished, timeout=60_000):
        real_window.does.fill_again.trigger()
    assert real_window.bar.text.endswith(f"all {hole.sum()} pixels are the same.")


def test_a_stopped_and_continued_fill_ends_like_an_unbroken_one(
    qtbot: QtBot, real_window: MainWindow
) -> None:
    expected = painted_without_window(real_window)
    with qtbot.waitSignal(real_window.filling.progressed, timeout=60_000):
        real_window.does.fill.trigger()
    real_window.does.stop.trigger()
    qtbot.waitUntil(lambda: not real_window.filling.busy, timeout=60_000)
    if real_window.filling.can_resume(real_window.panel.settings()):
        with qtbot.waitSignal(real_window.filling.finished, timeout=60_000):
            real_window.does.fill.trigger()
    np.testing.assert_array_equal(real_window.editor.document.pixels, expected)
    assert not real_window.editor.document.hole.any()


@pytest.mark.parametrize("stopped", [False, True])
def test_an_answer_that_is_kept_is_what_its_seed_alone_paints(
    qtbot: QtBot, real_window: MainWindow, stopped: bool
) -> None:
    real_window.panel.answers.setValue(3)
    expected = [painted_without_window(real_window, seed) for seed in range(3)]
    hole, filling = real_window.editor.document.hole.copy(), real_window.filling
    with qtbot.waitSignal(filling.progressed, timeout=60_000):
        real_window.does.fill.trigger()
    if stopped:
        real_window.does.stop.trigger()
        qtbot.waitUntil(lambda: not filling.busy, timeout=60_000)
        if filling.can_go_on:
            filling.resume()

    def compared() -> None:
        assert filling.answers is not None
        assert filling.answers.fits is not None

    qtbot.waitUntil(compared, timeout=60_000)
    results = np.stack(expected)
    fits = Painter().fits(real_window.panel.settings(), results, hole).sum(0)
    np.testing.assert_allclose(filling.answers.fits, fits)
    assert filling.answers.current == fits.argmax()
    for seed in range(3):
        np.testing.assert_array_equal(
            filling.answers.whole(real_window.editor.document.pixels, seed), expected[seed]
        )
    filling.answers.choose(2)
    real_window.does.keep.trigger()
    np.testing.assert_array_equal(real_window.editor.document.pixels, expected[2])
    (recipe,) = real_window.editor.document.recipes
    assert recipe.settings.seed == 2
    assert recipe.result_sha256 == painted_sha256(expected[2], hole)


def test_the_window_shows_what_the_model_looks_at(qtbot: QtBot, real_window: MainWindow) -> None:
    found: list[tuple[object, ...]] = []
    real_window.field_worker.looked.connect(lambda _, look: found.append((look.box, look.field)))
    real_window.does.field_shown.setChecked(True)
    real_window.canvas.pointed.emit(10, 6)
    qtbot.waitUntil(lambda: bool(found) and real_window.canvas._layers.has_field, timeout=60_000)
    ((box, field),) = found
    assert box == (0, 0, 16, 16)
    assert field.at == (10, 6)
    settings, document = real_window.panel.settings(), real_window.editor.document
    alone = Painter().look(settings, document.pixels, document.hole, (10, 6))
    assert np.array_equal(field.decoder, alone.field.decoder)
    assert f"{np.count_nonzero(field.seen)} earlier pixels" in real_window.legend.text()
