"""One fill after another on the open document: start, stop, continue, and what becomes of the rows that arrive."""

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from pixpaint.gui.editor import Editor
from pixpaint.gui.fill_worker import FillJob, FillWorker, Means
from pixpaint.recipe import DEVICES, FillSettings, Recipe

if TYPE_CHECKING:
    from pixpaint.sampling.events import RowPainted


class State(Enum):
    """STOPPED lasts while the fill can be continued: until anything else is done to the document."""

    IDLE = "idle"
    FILLING = "filling"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """`row` of `row_count` is painted; `seconds_left` is None while there is nothing to tell it from."""

    row: int
    row_count: int
    done: int
    total: int
    seconds_left: float | None


@dataclass(kw_only=True, eq=False)
class _Fill:
    """The fill being painted, or stopped: all that is needed to go on as if it had not been stopped."""

    number: int
    settings: FillSettings
    hole: NDArray[np.bool_]
    painted: NDArray[np.bool_]
    means: Means | None = None
    row: int = 0
    row_count: int = 0


class Filling(QObject):
    """The GUI's side of a fill. Rows are painted into the document here, in the GUI thread, and nowhere else."""

    starting = Signal()
    """a fill is about to begin: a stroke in progress must end, since it is a step of its own"""
    state_changed = Signal()
    progressed = Signal(object)
    """Progress"""
    finished = Signal(int, float)
    """pixels painted and seconds taken, of a fill that went to its end"""
    failed = Signal(str)
    """a sentence for the person"""
    gpu_full = Signal()
    """the fill ended because the GPU has not the memory for it"""

    def __init__(self, editor: Editor, worker: FillWorker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._editor = editor
        self._worker = worker
        self.state = State.IDLE
        self.pixels_per_second: float | None = None
        self._fill: _Fill | None = None
        self._fills = 0
        self._jobs = 0
        self._job: int | None = None
        self._stopped_at = 0
        self._filled_at: int | None = None
        self._started = 0.0
        self._done_at_start = 0
        self._afterwards: list[Callable[[], None]] = []
        worker.started_job.connect(self._on_started)
        worker.row_painted.connect(self._on_row)
        worker.ended.connect(self._on_ended)
        worker.failed.connect(self._on_failed)
        worker.gpu_full.connect(self._on_gpu_full)
        editor.committed.connect(self._on_committed)
        editor.replaced.connect(self.abandon)

    @property
    def busy(self) -> bool:
        return self.state in (State.FILLING, State.STOPPING)

    @property
    def stopped_row(self) -> tuple[int, int]:
        """The row that the last fill came to, and how many it has."""
        return (self._fill.row, self._fill.row_count) if self._fill is not None else (0, 0)

    @property
    def just_filled(self) -> bool:
        """The last thing done was a fill to its end: undoing once takes it back."""
        return self._filled_at == self._editor.history.index()

    def can_resume(self, settings: FillSettings) -> bool:
        """A fill with these settings, on whatever device, was stopped, and nothing was done since."""
        if self.state is not State.STOPPED or self._fill is None:
            return False
        return self._fill.settings == dataclasses.replace(settings, device=self._fill.settings.device)

    def start(self, settings: FillSettings) -> None:
        """Fills the document's hole, which must not be empty; a stopped fill's rest is a hole of its own."""
        self.starting.emit()
        hole = self._editor.document.hole.copy()
        # Shared with the worker and the next recall: nobody may write to it.
        hole.flags.writeable = False
        self._editor.last_hole = hole
        self._fills += 1
        painted = np.zeros_like(hole)
        self._fill = _Fill(number=self._fills, settings=settings, hole=hole, painted=painted)
        self._run(self._fill)

    def resume(self) -> None:
        """Goes on with the stopped fill, to the same picture as if it had not been stopped."""
        self.starting.emit()
        if self.state is State.STOPPED and self._fill is not None:
            self._run(self._fill)

    def resume_on_cpu(self) -> None:
        """Goes on with the stopped fill on the CPU."""
        if self._fill is not None:
            self._fill.settings = dataclasses.replace(self._fill.settings, device="cpu")
        self.resume()

    def stop(self) -> None:
        """Ends the fill within a pixel; what is painted stays."""
        if self.state is State.FILLING:
            self._worker.stop_job()
            self._set_state(State.STOPPING)

    def abandon(self) -> None:
        """Forgets the fill, for another document: rows that still arrive are dropped."""
        self._worker.stop_job()
        self._job, self._fill, self._filled_at = None, None, None
        self._set_state(State.IDLE)
        self._run_afterwards()

    def stop_then(self, action: Callable[[], None]) -> None:
        """Stops a running fill and calls `action` when its last row is in the document; at once if none runs."""
        self._afterwards.append(action)
        if self.busy:
            self.stop()
        else:
            self._run_afterwards()

    def expected_seconds(self, pixels: int) -> float | None:
        """From the speed of the last fill; None before the first."""
        return pixels / self.pixels_per_second if self.pixels_per_second else None

    def _run(self, fill: _Fill) -> None:
        self._jobs += 1
        self._job = self._jobs
        self._started = time.monotonic()
        self._done_at_start = int(fill.painted.sum())
        self._editor.begin()
        self._set_state(State.FILLING)
        self._worker.submit(
            FillJob(
                id=self._job,
                settings=fill.settings,
                image=self._editor.document.on_white(fill.hole),
                hole=fill.hole,
                painted=fill.painted.copy() if self._done_at_start else None,
            )
        )

    def _on_started(self, job: int, means: Means) -> None:
        if job == self._job and self._fill is not None:
            self._fill.means = means
            # Loading a model is not painting: it must not count in the time left.
            self._started = time.monotonic()

    def _on_row(self, job: int, event: "RowPainted") -> None:
        fill = self._fill
        if job != self._job or fill is None:
            return
        self._editor.paint_row(event.rows, event.columns, event.pixels[0])
        if event.level == 0:
            fill.painted[event.rows, event.columns] = True
        # A continued fill counts from its own first row: its rows are the last ones of the whole.
        fill.row_count = max(fill.row_count, event.row_count)
        fill.row = fill.row_count - event.row_count + event.row
        seconds, done = time.monotonic() - self._started, event.done - self._done_at_start
        left = (event.total - event.done) * seconds / done if done else None
        self.progressed.emit(
            Progress(
                row=fill.row, row_count=fill.row_count, done=event.done, total=event.total, seconds_left=left
            )
        )

    def _on_ended(self, job: int, complete: bool) -> None:
        fill = self._fill
        if job != self._job or fill is None:
            return
        self._job = None
        if not complete:
            self._keep_part(fill)
            return
        seconds, pixels = time.monotonic() - self._started, int(fill.hole.sum()) - self._done_at_start
        self.pixels_per_second = pixels / max(seconds, 1e-3)
        self._editor.commit(self.tr("Fill"), fill=fill.number, recipe=self._recipe(fill))
        self._filled_at = self._editor.history.index()
        self._fill = None
        self._set_state(State.IDLE)
        self.finished.emit(pixels, seconds)
        self._run_afterwards()

    def _on_failed(self, job: int, sentence: str) -> None:
        if job == 0:
            self.failed.emit(sentence)
        elif job == self._job and self._fill is not None:
            self._job = None
            self._keep_part(self._fill)
            self.failed.emit(sentence)

    def _on_gpu_full(self, job: int) -> None:
        if job == self._job and self._fill is not None:
            self._job = None
            self._keep_part(self._fill)
            self.gpu_full.emit()

    def _keep_part(self, fill: _Fill) -> None:
        """The painted rows stay as a step of their own, without a recipe: the hole alone would not give them back. What
        was only shown of a coarser level goes."""
        self._editor.take_back(fill.hole & ~fill.painted)
        self._editor.commit(self.tr("Stopped Fill"), fill=fill.number)
        self._stopped_at = self._editor.history.index()
        self._set_state(State.STOPPED if fill.painted.any() else State.IDLE)
        self._run_afterwards()

    def _on_committed(self) -> None:
        if self._filled_at != self._editor.history.index():
            self._filled_at = None
        if self.state is State.STOPPED and self._editor.history.index() != self._stopped_at:
            self._fill = None
            self._set_state(State.IDLE)

    def _recipe(self, fill: _Fill) -> Recipe | None:
        means = fill.means
        if means is None:
            return None
        device = means.device if means.device in DEVICES else fill.settings.device
        settings = dataclasses.replace(fill.settings, engine=means.engine, device=device)
        return Recipe.of_fill(settings, means.model_sha256, self._editor.document.pixels, fill.hole)

    def _set_state(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            self.state_changed.emit()

    def _run_afterwards(self) -> None:
        actions, self._afterwards = self._afterwards, []
        for action in actions:
            action()
