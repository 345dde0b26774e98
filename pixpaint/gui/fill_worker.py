"""The thread that fills: takes jobs, paints them on its own copies, and reports row by row with the job's id.

It lives as long as the window, since it keeps the loaded models. torch is imported by this thread alone, so that the
window is on screen first.
"""

import logging
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QObject, QThread, Signal

from pixpaint.errors import OutOfMemory, PixpaintError
from pixpaint.recipe import Box, FillSettings

if TYPE_CHECKING:
    from pixpaint.models.card import ModelCard
    from pixpaint.sampling.events import RowPainted

log = logging.getLogger(__name__)


class Paints(Protocol):
    """What the worker needs of `pixpaint.sampling.painting.Painter`."""

    def paint(
        self,
        settings: FillSettings,
        image: NDArray[np.uint8],
        hole: NDArray[np.bool_],
        *,
        painted: NDArray[np.bool_] | None = None,
        stop: Callable[[], bool] = ...,
    ) -> "Iterator[RowPainted]": ...

    def fits(
        self,
        settings: FillSettings,
        results: NDArray[np.uint8],
        hole: NDArray[np.bool_],
        *,
        stop: Callable[[], bool] = ...,
    ) -> NDArray[np.float64]: ...

    def prepare(self, settings: FillSettings) -> FillSettings: ...
    def card(self, settings: FillSettings) -> "ModelCard": ...
    def coarse_card(self, settings: FillSettings) -> "ModelCard | None": ...
    def measured(self, used: FillSettings) -> dict[int, float]: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class FillJob:
    """One fill, with arrays that nobody writes to: `image` uint8 (H, W, 3), or (candidates, H, W, 3) with what each has
    painted already; `hole` and `painted` bool (H, W)."""

    id: int
    settings: FillSettings
    image: NDArray[np.uint8]
    hole: NDArray[np.bool_]
    painted: NDArray[np.bool_] | None = None
    stopped: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, kw_only=True, eq=False)
class CompareJob:
    """Finished `answers` uint8 (candidates, h, w, 3) within `box` of `image` (H, W, 3), to be told how well each fits
    what is known outside `hole` (H, W). Nobody writes to the arrays."""

    id: int
    settings: FillSettings
    image: NDArray[np.uint8]
    hole: NDArray[np.bool_]
    answers: NDArray[np.uint8]
    box: Box
    stopped: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, kw_only=True)
class Means:
    """What a fill is painted with: engine, device, and the sha256 of the weights of the model, and of the one that
    paints the coarsest level if that is another; and, as far as it was measured, by the number of answers the seconds
    that a pixel of all of them takes."""

    engine: str
    device: str
    model_sha256: str
    coarse_sha256: str | None = None
    measured: Mapping[int, float] = field(default_factory=dict)


class FillWorker(QThread):
    """Runs jobs one after the other. Signals carry the job's id, so that late ones can be told and dropped."""

    prepared = Signal(object)
    """Means, once the model of some settings is loaded"""
    started_job = Signal(int, object)
    """id, Means"""
    row_painted = Signal(int, object)
    """id, RowPainted"""
    ended = Signal(int, bool)
    """id, and whether all was painted"""
    compared_one = Signal(int, int)
    """id of a CompareJob, and how many of its answers are done"""
    compared = Signal(int, object)
    """id of a CompareJob, and its answers' fits in nats (candidates,), the higher the better"""
    failed = Signal(int, str)
    """id (0 for a model that could not be made ready), and a sentence for the person"""
    gpu_full = Signal(int)
    """id of a job that ended because the GPU has not the memory for it"""

    def __init__(self, make_painter: Callable[[], Paints], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._make_painter = make_painter
        self._queue: queue.SimpleQueue[FillJob | CompareJob | FillSettings | None] = queue.SimpleQueue()
        self._job: FillJob | CompareJob | None = None
        self._closing = threading.Event()

    def prepare(self, settings: FillSettings) -> None:
        """Loads what these settings need, ahead of the fill."""
        self._queue.put(settings)

    def submit(self, job: FillJob | CompareJob) -> None:
        self._job = job
        self._queue.put(job)

    def stop_job(self) -> None:
        """Asks the current job to end after the pixel it is at; what it has painted of the row still comes."""
        if self._job is not None:
            self._job.stopped.set()

    def shut_down(self, milliseconds: int) -> bool:
        """Ends the thread; False if it is still busy after that time. A running QThread must not be dropped."""
        self._closing.set()
        self.stop_job()
        self._queue.put(None)
        return self.wait(milliseconds)

    def run(self) -> None:
        painter: Paints | None = None
        while (task := self._queue.get()) is not None:
            if self._closing.is_set():
                continue
            number = 0 if isinstance(task, FillSettings) else task.id
            try:
                painter = painter or self._make_painter()
                if isinstance(task, FillJob):
                    self._paint(painter, task)
                elif isinstance(task, CompareJob):
                    self._compare(painter, task)
                else:
                    self._prepare(painter, task)
            except Exception as error:  # whatever it is, the window must learn that the job has ended
                log.warning("the fill failed", exc_info=True)
                if number and isinstance(error, OutOfMemory) and error.device == "cuda":
                    self.gpu_full.emit(number)
                else:
                    self.failed.emit(number, _sentence(error))

    def _paint(self, painter: Paints, job: FillJob) -> None:
        used = self._prepare(painter, job.settings)
        self.started_job.emit(job.id, self._means(painter, used))
        stop = job.stopped.is_set
        complete = False
        for event in painter.paint(used, job.image, job.hole, painted=job.painted, stop=stop):
            self.row_painted.emit(job.id, event)
            complete = event.done == event.total
        self.ended.emit(job.id, complete)

    def _compare(self, painter: Paints, job: CompareJob) -> None:
        top, left, bottom, right = job.box
        picture, fits = job.image.copy(), np.zeros(len(job.answers))
        # One by one: of a large picture there is one copy, not as many as there are answers.
        for k, answer in enumerate(job.answers):
            picture[top:bottom, left:right] = answer
            fits[k] = painter.fits(job.settings, picture[None], job.hole, stop=job.stopped.is_set).sum()
            if job.stopped.is_set():
                return
            self.compared_one.emit(job.id, k + 1)
        self.compared.emit(job.id, fits)

    def _prepare(self, painter: Paints, settings: FillSettings) -> FillSettings:
        used = painter.prepare(settings)
        self.prepared.emit(self._means(painter, used))
        return used

    @staticmethod
    def _means(painter: Paints, used: FillSettings) -> Means:
        coarse = painter.coarse_card(used)
        return Means(
            engine=used.engine,
            device=used.device,
            model_sha256=painter.card(used).sha256,
            coarse_sha256=None if coarse is None else coarse.sha256,
            measured=painter.measured(used),
        )


def _sentence(error: Exception) -> str:
    """What went wrong, for a person."""
    if isinstance(error, PixpaintError):
        return str(error)
    return QCoreApplication.translate("FillWorker", "The fill failed unexpectedly; the log has the details.")
