"""One fill after another on the open document: start, stop, continue, and what becomes of the rows that arrive."""

import dataclasses
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal

from pixpaint.document import Document
from pixpaint.gui.answers import Answers
from pixpaint.gui.comparing import Comparing
from pixpaint.gui.editor import Editor
from pixpaint.gui.fill_state import Fill, Progress, State
from pixpaint.gui.fill_worker import FillJob, FillWorker, Means
from pixpaint.gui.pace import Pace
from pixpaint.recipe import FillSettings

if TYPE_CHECKING:
    from pixpaint.sampling.events import RowPainted


class Filling(QObject):
    """The GUI's side of a fill. Rows are painted into the document here, in the GUI thread, and nowhere else.

    One answer is a step of the history as soon as it is finished or stopped. Of several none is, until one is kept: a
    stopped fill goes on with all, or one is kept as far as it has come and is from then on a stopped fill of one.
    """

    starting = Signal()
    """a fill is about to begin: a stroke in progress must end, since it is a step of its own"""
    state_changed = Signal()
    progressed = Signal(object)
    """Progress"""
    finished = Signal(int, float)
    """pixels painted and seconds taken, of a fill that went to its end"""
    failed = Signal(str)
    """a sentence for the person"""
    unready = Signal(str)
    """as `failed`, where a model could not be loaded ahead of a fill"""
    gpu_full = Signal()
    """the fill ended because the GPU has not the memory for it"""
    discarded = Signal(int)
    """so many answers, which can be brought back until something else is done"""

    def __init__(self, editor: Editor, worker: FillWorker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._editor = editor
        self._worker = worker
        self.state = State.IDLE
        self.pace = Pace()
        self.comparing = Comparing(worker, self)
        self._fill: Fill | None = None
        self._discarded: Fill | None = None
        self._fills = 0
        self._jobs = 0
        self._job: int | None = None
        self._stopped_at = 0
        self._filled_at: int | None = None
        self._started = 0.0
        self._done_at_start = 0
        self._begun: tuple[float, int] | None = None
        """when the run began to paint, and how many pixels were done by then"""
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
    def choosing(self) -> bool:
        return self.state is State.CHOOSING

    @property
    def settled(self) -> bool:
        """Nothing is being painted and nothing waits for a choice: the document may be edited."""
        return not self.busy and not self.choosing

    @property
    def answers(self) -> Answers | None:
        """Those being painted or waiting for a choice; None for a fill of one."""
        return self._fill.answers if self._fill is not None else None

    @property
    def complete(self) -> bool:
        """All that was asked for is painted, and waits for a choice."""
        return self.choosing and self._fill is not None and self._fill.complete

    @property
    def can_go_on(self) -> bool:
        """It was stopped, and can be continued."""
        return self.state is State.STOPPED or (self.choosing and not self.complete)

    @property
    def can_bring_back(self) -> bool:
        return self._discarded is not None

    @property
    def stopped_at(self) -> Progress | None:
        """How far the last fill came."""
        return self._fill.progress if self._fill is not None else None

    @property
    def just_filled(self) -> bool:
        """The last thing done was a fill to its end: undoing once takes it back."""
        return self._filled_at == self._editor.history.index()

    def can_resume(self, settings: FillSettings) -> bool:
        """A fill with these settings, on whatever device, was stopped, and nothing was done since."""
        if not self.can_go_on or self._fill is None:
            return False
        return self.choosing or self._fill.asked == dataclasses.replace(
            settings, device=self._fill.asked.device
        )

    def start(self, settings: FillSettings) -> None:
        """Fills the document's hole, which must not be empty; a stopped fill's rest is a hole of its own."""
        self.starting.emit()
        hole = self._editor.document.hole.copy()
        # Shared with the worker and the next recall: nobody may write to it.
        hole.flags.writeable = False
        self._editor.last_hole = hole
        self._fills += 1
        self._discarded = None
        painted = np.zeros_like(hole)
        fill = Fill(number=self._fills, asked=settings, settings=settings, hole=hole, painted=painted)
        if settings.candidates > 1:
            fill.answers = Answers(self._editor, settings, hole)
        self._fill = fill
        self._run(fill)

    def resume(self) -> None:
        """Goes on with the stopped fill, to the same picture as if it had not been stopped."""
        self.starting.emit()
        if self.can_go_on and self._fill is not None:
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

    def keep(self) -> None:
        """Makes the current answer a step of the history. One that was stopped can be continued by itself then."""
        fill = self._fill
        if not self.choosing or fill is None:
            return
        self.comparing.stop()
        if fill.complete:
            self._finish(fill)
            self._run_afterwards()
        else:
            fill.settings, fill.answers = fill.of_current(), None
            self._keep_part(fill)

    def discard(self) -> None:
        """Takes all answers back: the document and its history are as before the fill."""
        fill = self._fill
        if self.choosing and fill is not None and fill.answers is not None:
            self._drop(fill)
            self._discarded = fill
            self.discarded.emit(len(fill.answers))

    def bring_back(self) -> None:
        """The inverse of `discard`, as long as nothing else was done."""
        self.starting.emit()
        fill, self._discarded = self._discarded, None
        if fill is not None and fill.answers is not None:
            self._fill = fill
            self._editor.begin()
            fill.answers.put_in()
            self._offer(fill)

    def abandon(self) -> None:
        """Forgets the fill, for another document: rows that still arrive are dropped."""
        self._worker.stop_job()
        self.comparing.stop()
        self._job, self._fill, self._discarded, self._filled_at = None, None, None, None
        self._set_state(State.IDLE)
        self._run_afterwards()

    def stop_then(self, action: Callable[[], None]) -> None:
        """Stops a running fill and calls `action` when its last row is in the document; at once if none runs. Of
        several answers the current one is kept."""
        self._afterwards.append(action)
        if self.busy:
            self.stop()
        elif self.choosing:
            self.keep()
        else:
            self._run_afterwards()

    def as_shown(self) -> Document:
        """The document, of which a finished answer that waits for a choice is a part with its recipe."""
        document = self._editor.document
        recipe = self._fill.recipe(document.pixels) if self.complete and self._fill is not None else None
        if recipe is None:
            return document
        return dataclasses.replace(document, recipes=(*document.recipes, recipe))

    def _run(self, fill: Fill) -> None:
        self._jobs += 1
        self._job = self._jobs
        self._started = time.monotonic()
        self._done_at_start = int(fill.painted.sum())
        self._begun = None
        if not self._editor.working:  # as it is where several answers go on
            self._editor.begin()
        self._set_state(State.FILLING)
        image = self._editor.document.on_white(fill.hole)
        if self._done_at_start and fill.answers is not None:
            image = np.stack([fill.answers.whole(image, k) for k in range(len(fill.answers))])
        self._worker.submit(
            FillJob(
                id=self._job,
                settings=fill.settings,
                image=image,
                hole=fill.hole,
                painted=fill.painted.copy() if self._done_at_start else None,
            )
        )

    def _on_started(self, job: int, means: Means) -> None:
        if job == self._job and self._fill is not None:
            self._fill.means = means
            # Loading a model is not painting: it must not count in the time it took.
            self._started = time.monotonic()

    def _on_row(self, job: int, event: "RowPainted") -> None:
        fill = self._fill
        if job != self._job or fill is None:
            return
        if fill.answers is not None:
            fill.answers.take(event)
        else:
            self._editor.paint_row(event.rows, event.columns, event.pixels[0])
        if event.level == 0:
            fill.painted[event.rows, event.columns] = True
        if self._begun is None:
            # What was known already comes all at once.
            known = event.row > 1
            self._begun = (time.monotonic(), event.done) if known else (self._started, self._done_at_start)
        # A continued fill counts from its own first row: its rows are the last ones of the whole.
        before = fill.progress
        row_count = event.row_count if before is None else max(before.row_count, event.row_count)
        seconds, done = time.monotonic() - self._begun[0], event.done - self._begun[1]
        left = (event.total - event.done) * seconds / done if done else None
        fill.progress = Progress(
            row=row_count - event.row_count + event.row,
            row_count=row_count,
            done=event.done,
            total=event.total,
            several_levels=event.level > 0 or (before is not None and before.several_levels),
            seconds_left=left,
        )
        self.progressed.emit(fill.progress)

    def _on_ended(self, job: int, complete: bool) -> None:
        fill = self._fill
        if job != self._job or fill is None:
            return
        self._job = None
        if not complete:
            self._keep_part(fill)
            return
        now = time.monotonic()
        seconds, pixels = now - self._started, int(fill.hole.sum()) - self._done_at_start
        self._learn_pace(fill, now)
        if fill.answers is not None:
            self._offer(fill)
            self.finished.emit(pixels, seconds)
            return
        self._finish(fill)
        self.finished.emit(pixels, seconds)
        self._run_afterwards()

    def _learn_pace(self, fill: Fill, now: float) -> None:
        """What this run painted stands for the whole: it may have begun in the middle."""
        if fill.means is None or fill.progress is None or self._begun is None:
            return
        begun, before = self._begun
        painted = fill.progress.total - before
        if painted > 0:
            seconds = (now - begun) * fill.progress.total / painted
            self.pace.learn(fill.settings, fill.means, int(fill.hole.sum()), seconds)

    def _finish(self, fill: Fill) -> None:
        """The painted hole becomes a step of the history."""
        recipe = fill.recipe(self._editor.document.pixels)
        self._editor.commit(self.tr("Fill"), fill=fill.number, recipe=recipe)
        self._filled_at = self._editor.history.index()
        self._fill = None
        self._set_state(State.IDLE)

    def _offer(self, fill: Fill) -> None:
        """Lets the person choose among several answers; whoever waits for the fill's end gets the current one."""
        if fill.complete and fill.answers is not None and fill.answers.fits is None:
            image = self._editor.document.on_white(fill.hole)
            self.comparing.start(fill.answers, fill.settings, image, fill.hole)
        self._set_state(State.CHOOSING)
        if self._afterwards:
            self.keep()

    def _drop(self, fill: Fill) -> None:
        """Takes the step under way back."""
        self.comparing.stop()
        self._editor.take_back(fill.hole)
        self._editor.commit("")
        self._fill = None
        self._set_state(State.IDLE)
        self._run_afterwards()

    def _on_failed(self, job: int, sentence: str) -> None:
        if job == 0:
            self.unready.emit(sentence)
        elif job == self._job and self._fill is not None:
            self._job = None
            self._keep_part(self._fill)
            self.failed.emit(sentence)

    def _on_gpu_full(self, job: int) -> None:
        if job == self._job and self._fill is not None:
            self._job = None
            self._keep_part(self._fill)
            self.gpu_full.emit()

    def _keep_part(self, fill: Fill) -> None:
        """The painted rows stay as a step of their own, without a recipe: the hole alone would not give them back. What
        was only shown of a coarser level goes. Several answers wait for a choice, if there is anything to choose."""
        unpainted = fill.hole & ~fill.painted
        if fill.answers is not None and not fill.painted.any():
            self._drop(fill)
            return
        if fill.answers is not None:
            fill.answers.take_back(unpainted)
            self._offer(fill)
            return
        self._editor.take_back(unpainted)
        self._editor.commit(self.tr("Stopped Fill"), fill=fill.number)
        self._stopped_at = self._editor.history.index()
        self._set_state(State.STOPPED if fill.painted.any() else State.IDLE)
        self._run_afterwards()

    def _on_committed(self) -> None:
        self._discarded = None
        if self._filled_at != self._editor.history.index():
            self._filled_at = None
        if self.state is State.STOPPED and self._editor.history.index() != self._stopped_at:
            self._fill = None
            self._set_state(State.IDLE)

    def _set_state(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            self.state_changed.emit()

    def _run_afterwards(self) -> None:
        actions, self._afterwards = self._afterwards, []
        for action in actions:
            action()
