"""The thread that finds out what a model looks at and what it draws, beside the one that fills: it has models of its
own.

Of what is asked only the last question of its kind is answered: by the time of an answer the pointer is elsewhere.
"""

import logging
import queue
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QObject, QThread, Signal

from pixpaint.errors import PixpaintError
from pixpaint.gui.fill_worker import Paints
from pixpaint.recipe import FillSettings

if TYPE_CHECKING:
    from pixpaint.models.field import Field
    from pixpaint.sampling.look import Look

log = logging.getLogger(__name__)


class Looks(Protocol):
    """What the thread needs of `pixpaint.sampling.painting.Painter`."""

    def look(
        self, settings: FillSettings, image: NDArray[np.uint8], hole: NDArray[np.bool_], at: tuple[int, int]
    ) -> "Look": ...

    def typical_field(
        self, settings: FillSettings, size: tuple[int, int], at: tuple[int, int]
    ) -> "Field": ...

    def draw(self, settings: FillSettings, *, stop: Callable[[], bool]) -> NDArray[np.uint8]: ...


class PaintsAndLooks(Paints, Looks, Protocol):
    """All that the window needs of a painter."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LookJob:
    """What the model looks at for the pixel `at` (row, column) of `image` uint8 (H, W, 3) with `hole` (H, W), which
    nobody writes to."""

    id: int
    settings: FillSettings
    image: NDArray[np.uint8]
    hole: NDArray[np.bool_]
    at: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class TypicalJob:
    """What the model can see, whatever the picture, from the pixel `at` of `size` (height, width)."""

    id: int
    settings: FillSettings
    size: tuple[int, int]
    at: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class DrawJob:
    """What the model draws from nothing."""

    id: int
    settings: FillSettings


Job = LookJob | TypicalJob | DrawJob


class FieldWorker(QThread):
    """Starts with the first question. Signals carry the job's id, so that late ones can be told and dropped."""

    looked = Signal(int, object)
    """id of a LookJob, and its Look"""
    found = Signal(int, object)
    """id of a TypicalJob, and its Field"""
    drawn = Signal(int, object)
    """id of a DrawJob, and its pictures uint8 (candidates, size, size, 3)"""
    failed = Signal(object, str)
    """the job, and a sentence for the person"""

    def __init__(self, make_painter: Callable[[], Looks], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._make_painter = make_painter
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._wanted: dict[type[Job], int] = {}
        self._closing = False

    def ask(self, job: Job) -> None:
        self._wanted[type(job)] = job.id
        self._queue.put(job)
        if not self.isRunning():
            self.start()

    def drop(self, kind: type[Job]) -> None:
        """Nobody waits for answers of this kind any more."""
        self._wanted.pop(kind, None)

    def shut_down(self, milliseconds: int) -> bool:
        """Ends the thread; False if it is still busy after that time. A running QThread must not be dropped."""
        self._closing = True
        self._queue.put(None)
        return self.wait(milliseconds)

    def run(self) -> None:
        painter: Looks | None = None
        while (job := self._queue.get()) is not None:
            if self._is_over(job):
                continue
            try:
                painter = painter or self._make_painter()
                if isinstance(job, LookJob):
                    self.looked.emit(job.id, painter.look(job.settings, job.image, job.hole, job.at))
                elif isinstance(job, TypicalJob):
                    self.found.emit(job.id, painter.typical_field(job.settings, job.size, job.at))
                else:
                    pictures = painter.draw(job.settings, stop=partial(self._is_over, job))
                    if not self._is_over(job):
                        self.drawn.emit(job.id, pictures)
            except Exception as error:  # whatever it is, the window must not wait for it
                log.warning("%s failed", type(job).__name__, exc_info=True)
                self.failed.emit(job, _sentence(job, error))

    def _is_over(self, job: Job) -> bool:
        """Whether nobody waits for its answer any more."""
        return self._closing or self._wanted.get(type(job)) != job.id


def _sentence(job: Job, error: Exception) -> str:
    """What went wrong, for a person."""
    if isinstance(error, PixpaintError):
        return str(error)
    unexpected = "What the model looks at could not be found; the log has the details."
    if isinstance(job, DrawJob):
        unexpected = "The model could not draw; the log has the details."
    return QCoreApplication.translate("FieldWorker", unexpected)
