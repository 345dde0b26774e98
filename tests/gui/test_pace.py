"""How long the next fill will take is told of its own models, engine and number of answers."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from conftest import FakePainter
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from pixpaint.gui.fill_state import Fill, Progress
from pixpaint.gui.fill_worker import Means
from pixpaint.gui.main_window import MainWindow
from pixpaint.gui.pace import Pace
from pixpaint.recipe import FillSettings

TORCH = Means(engine="torch", device="cpu", model_sha256="")
FUSED = Means(engine="fused", device="cpu", model_sha256="")


@pytest.fixture
def note(window: MainWindow) -> Callable[[], str]:
    """What the panel says of a mask of 1920 pixels, where the sketch model painted 192 a second with torch."""
    window.filling.pace.learn(FillSettings(model="sketch"), TORCH, 1920, 10.0)
    window.does.mask_all.trigger()
    return lambda: window.panel._note.text()


def test_a_fill_takes_as_long_as_one_by_the_same_models_and_engine() -> None:
    pace, sketch = Pace(), FillSettings(model="sketch")
    pace.learn(sketch, TORCH, 1000, 10.0)
    assert pace.seconds(sketch, TORCH, 300) == 3
    assert pace.seconds(replace(sketch, candidates=4), TORCH, 300) == 12
    pace.learn(replace(sketch, candidates=4), TORCH, 1000, 20.0)
    assert pace.seconds(sketch, TORCH, 1000) == 5
    assert pace.seconds(sketch, FUSED, 300) is None
    assert pace.seconds(replace(sketch, model="digits"), TORCH, 300) is None
    assert pace.seconds(replace(sketch, coarse="digits"), TORCH, 300) is None


@pytest.mark.parametrize(("answers", "seconds"), [(1, 3.0), (2, 6.0), (3, 4.5), (4, 6.0), (8, 12.0)])
def test_before_there_was_a_fill_its_time_is_that_measured_for_its_like(answers: int, seconds: float) -> None:
    """By the nearest number of answers; four cost twice as much as one here."""
    pace, sketch = Pace(), FillSettings(model="sketch", candidates=answers)
    measured = replace(FUSED, measured={1: 0.01, 4: 0.02})
    assert pace.seconds(sketch, measured, 300) == pytest.approx(seconds)
    pace.learn(sketch, FUSED, 1000, 20.0)
    assert pace.seconds(sketch, measured, 300) == pytest.approx(6)


def test_the_panel_tells_a_time_before_the_first_fill(
    qtbot: QtBot, window: MainWindow, painter: FakePainter
) -> None:
    painter.speeds = {1: 0.01}
    window.desk.prepare()
    window.does.mask_all.trigger()
    qtbot.waitUntil(lambda: window.panel._note.text().endswith(", about 19 s."))


def test_a_small_fill_tells_nothing() -> None:
    pace = Pace()
    pace.learn(FillSettings(), TORCH, 499, 10.0)
    assert pace.seconds(FillSettings(), TORCH, 300) is None


@pytest.mark.parametrize("kept", ["no json", "[1]", '{"a": "b", "c": -1.0}', '{"a": NaN}'])
def test_damaged_settings_do_no_harm(settings: QSettings, kept: str) -> None:
    settings.setValue("pace", kept)
    pace = Pace()
    pace.restore(settings)
    pace.store(settings)
    assert settings.value("pace") == "{}"


def test_the_time_follows_the_answers(window: MainWindow, note: Callable[[], str]) -> None:
    assert note().endswith(", about 10 s.")
    window.panel.answers.setValue(4)
    assert note().endswith(", about 40 s.")


def test_the_time_is_that_of_the_chosen_model(
    qtbot: QtBot, window: MainWindow, note: Callable[[], str]
) -> None:
    window.panel.model.setCurrentText("digits")
    assert note().endswith("rows are masked.")
    window.panel.model.setCurrentText("sketch")
    qtbot.waitUntil(lambda: note().endswith(", about 10 s."))


def test_without_a_model_no_time_is_told(window: MainWindow, note: Callable[[], str]) -> None:
    window.panel.show_models([])
    window.does.mask_all.trigger()
    assert note().endswith("rows are masked.")


def test_another_engine_has_another_time(
    qtbot: QtBot,
    window: MainWindow,
    painter: FakePainter,
    note: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(painter, "prepare", lambda settings: replace(settings, engine="fused", device="cpu"))
    window.desk.prepare()
    qtbot.waitUntil(lambda: window.status.means.text().startswith("fused"))
    assert note().endswith("rows are masked.")
    window.filling.pace.learn(FillSettings(model="sketch"), FUSED, 1920, 5.0)
    window.desk.update()
    assert note().endswith(", about 5 s.")


def test_a_fill_to_its_end_is_learned_from(qtbot: QtBot, window: MainWindow) -> None:
    window.does.mask_all.trigger()
    window.panel.answers.setValue(2)
    with qtbot.waitSignal(window.filling.finished) as finished:
        window.does.fill.trigger()
    pixels, seconds = finished.args
    assert window.filling.pace.seconds(FillSettings(model="sketch"), TORCH, pixels) == pytest.approx(
        seconds / 2
    )
    window.filling.discard()


def test_of_a_fill_whose_coarser_levels_were_known_the_rest_is_learned_from(window: MainWindow) -> None:
    """As if it had gone on as it went: half of it came at once."""
    filling = window.filling
    fill = Fill(
        number=1,
        asked=FillSettings(model="sketch"),
        settings=FillSettings(model="sketch"),
        hole=np.ones((30, 30), np.bool_),
        painted=np.zeros((30, 30), np.bool_),
        means=TORCH,
        progress=Progress(row=9, row_count=9, done=1200, total=1200, several_levels=True, seconds_left=0.0),
    )
    filling._begun = (100.0, 600)
    filling._learn_pace(fill, 102.0)
    assert filling.pace.seconds(fill.settings, TORCH, 900) == pytest.approx(4.0)
