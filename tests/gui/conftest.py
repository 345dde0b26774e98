"""A window with a painter that is quick, obedient and known beforehand."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from pixpaint.document import Document
from pixpaint.gui.main_window import MainWindow
from pixpaint.models.card import ModelCard
from pixpaint.models.field import Field
from pixpaint.recipe import FillSettings
from pixpaint.sampling.events import RowPainted
from pixpaint.sampling.look import Look


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The offscreen platform complains of every window that has a smallest size, or is brought to the front."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(
                pytest.mark.qt_log_ignore(r"This plugin does not support (propagateSizeHints|raise)\(\)")
            )


def painted_value(seed: int, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """What the fake paints at a place: uint8 (n, 3), by position and seed alone, as the real one's noise is."""
    grey = (rows * 31 + columns * 7 + seed * 13) % 251
    return np.repeat(grey[:, None], 3, axis=1).astype(np.uint8)


COARSE = 17
"""What the fake shows of a coarser level."""


class FakePainter:
    """Paints row by row; with `gate` set it waits before each row for `allow`, so that a test is never in a race.

    Of several answers the one with the seed `best_seed` fits best, the others half a nat less for each seed away;
    with `compare_gate` set it waits before each comparison for `allow`.

    A pixel sees all earlier ones of the picture, and what is known of it; with `look_gate` set that is told after
    `allow_look`.
    """

    def __init__(self) -> None:
        self.gate = False
        self.compare_gate = False
        self.shows_coarse = False
        self.best_seed = 0
        self.speeds: dict[int, float] = {}
        self.compare_error: Exception | None = None
        self.compared: list[np.ndarray] = []
        self.best_device = "cpu"
        self.fails_at_row: tuple[int, Exception] | None = None
        self._allowed = threading.Semaphore(0)
        self.look_gate = False
        self.look_error: Exception | None = None
        self.looks: list[tuple[FillSettings, np.ndarray, np.ndarray, tuple[int, int]]] = []
        self.typical: list[str] = []
        self.drawn: list[tuple[str, int]] = []
        self.draw_error: Exception | None = None
        self._look_allowed = threading.Semaphore(0)
        self.asked: list[tuple[FillSettings, np.ndarray | None]] = []
        self.images: list[np.ndarray] = []

    def measured(self, used: FillSettings) -> dict[int, float]:
        return self.speeds

    def allow(self, rows: int) -> None:
        self._allowed.release(rows)

    def allow_look(self) -> None:
        self._look_allowed.release()

    def look(self, settings: FillSettings, image: np.ndarray, hole: np.ndarray, at: tuple[int, int]) -> Look:
        self.looks.append((settings, image, hole, at))
        field = self._field(hole, at)
        box = (0, 0, *hole.shape)
        return Look(box=box, field=field, orientation=1, coarse_to_fine=False)

    def typical_field(self, settings: FillSettings, size: tuple[int, int], at: tuple[int, int]) -> Field:
        self.typical.append(settings.model)
        return self._field(np.zeros(size, np.bool_), at)

    def draw(self, settings: FillSettings, *, stop: Callable[[], bool]) -> np.ndarray:
        self.drawn.append((settings.models, settings.candidates))
        if self.draw_error is not None:
            raise self.draw_error
        grey = np.arange(settings.candidates, dtype=np.uint8)[:, None, None, None] * 20
        return np.broadcast_to(grey, (settings.candidates, 28, 28, 3)).copy()

    def _field(self, hole: np.ndarray, at: tuple[int, int]) -> Field:
        if self.look_gate:
            assert self._look_allowed.acquire(timeout=20)
        if self.look_error is not None:
            raise self.look_error
        place = np.arange(hole.size).reshape(hole.shape)
        earlier = (place < place[at]).astype(np.float64)
        return Field(at=at, decoder=earlier, encoder=(~hole).astype(np.float64))

    def card(self, settings: FillSettings) -> ModelCard:
        return ModelCard(name=settings.model, config={"channels": 1, "crop": 32}, sha256="ab" * 32)

    def coarse_card(self, settings: FillSettings) -> ModelCard | None:
        if settings.coarse is None:
            return None
        return ModelCard(name=settings.coarse, config={"channels": 1, "crop": 32}, sha256="cd" * 32)

    def prepare(self, settings: FillSettings) -> FillSettings:
        assert settings.engine in ("auto", "torch")
        device = self.best_device if settings.device == "auto" else settings.device
        return replace(settings, engine="torch", device=device)

    def paint(
        self,
        settings: FillSettings,
        image: np.ndarray,
        hole: np.ndarray,
        *,
        painted: np.ndarray | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[RowPainted]:
        self.asked.append((settings, painted))
        self.images.append(image)
        todo = hole if painted is None else hole & ~painted
        total, done = int(hole.sum()), int(hole.sum() - todo.sum())
        rows = np.flatnonzero(todo.any(axis=1))
        if self.shows_coarse:
            at, columns = np.nonzero(todo)
            pixels = np.full((settings.candidates, len(at), 3), COARSE, np.uint8)
            counts = {"row": 0, "row_count": len(rows), "done": done, "total": total}
            yield RowPainted(rows=at, columns=columns, pixels=pixels, nats=np.zeros(1), level=1, **counts)
        for place, row in enumerate(rows):
            while self.gate and not self._allowed.acquire(timeout=0.01) and not stop():
                pass
            if self.fails_at_row is not None and self.fails_at_row[0] == place:
                raise self.fails_at_row[1]
            columns = np.flatnonzero(todo[row])
            cut = stop()
            if cut:
                columns = columns[: len(columns) // 2]
            done += len(columns)
            if len(columns):
                at = np.full(len(columns), row)
                yield RowPainted(
                    rows=at,
                    columns=columns,
                    pixels=np.stack([painted_value(seed, at, columns) for seed in seeds_of(settings)]),
                    nats=np.zeros(settings.candidates),
                    row=place + 1,
                    row_count=len(rows),
                    done=done,
                    total=total,
                )
            if cut:
                return

    def fits(
        self,
        settings: FillSettings,
        results: np.ndarray,
        hole: np.ndarray,
        *,
        stop: Callable[[], bool] = lambda: False,
    ) -> np.ndarray:
        while self.compare_gate and not self._allowed.acquire(timeout=0.01) and not stop():
            pass
        if self.compare_error is not None:
            raise self.compare_error
        self.compared.extend(results.copy())
        rows, columns = np.nonzero(hole)
        seeds = [
            next(
                seed
                for seed in seeds_of(settings)
                if (result[rows, columns] == painted_value(seed, rows, columns)).all()
            )
            for result in results
        ]
        fits = -0.5 * np.abs(np.array(seeds) - self.best_seed)
        return np.stack([fits - 7, np.full(len(seeds), 3.0)])


def seeds_of(settings: FillSettings) -> range:
    return range(settings.seed, settings.seed + settings.candidates)


CARDS = [
    ModelCard(
        name="sketch", config={"channels": 1, "crop": 32}, classes=("cat", "fish"), parameters=5_400_000
    ),
    ModelCard(name="digits", config={"channels": 1, "crop": 28}, parameters=1_200_000),
]


@pytest.fixture
def painter() -> FakePainter:
    return FakePainter()


@pytest.fixture
def settings(tmp_path: Path) -> QSettings:
    return QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def window(qtbot: QtBot, painter: FakePainter, settings: QSettings) -> MainWindow:
    """A shown window with a document of 40 x 48 pixels of noise."""
    window = MainWindow(lambda: painter, CARDS, settings)
    qtbot.addWidget(window, before_close_func=_drop_changes)
    window.show()
    pixels = np.random.default_rng(5).integers(0, 256, (40, 48, 3), dtype=np.uint8)
    window.documents.show(Document(pixels=pixels), "noise.png")
    qtbot.waitUntil(lambda: window.status.means.text() == "torch on CPU")
    return window


def _drop_changes(window: MainWindow) -> None:
    """Else closing would ask what to do with them, and wait for an answer."""
    window.models.shut_down()
    window.filling.abandon()
    window.editor.history.setClean()
