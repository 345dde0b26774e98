"""How well each of several answers fits what is known: asked of the worker once they are painted."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from pixpaint.gui.answers import Answers
from pixpaint.gui.fill_worker import CompareJob, FillWorker
from pixpaint.recipe import FillSettings


class Comparing(QObject):
    """One comparison at a time, that of the newest answers; its jobs have numbers below zero."""

    progressed = Signal()
    failed = Signal()

    def __init__(self, worker: FillWorker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = worker
        self._jobs = 0
        self._answers: Answers | None = None
        self.done = 0
        """how many answers are compared"""
        worker.compared_one.connect(self._on_compared_one)
        worker.compared.connect(self._on_compared)
        worker.failed.connect(self._on_failed)
        worker.gpu_full.connect(self._on_failed)

    @property
    def running(self) -> bool:
        return self._answers is not None

    def start(
        self, answers: Answers, settings: FillSettings, image: NDArray[np.uint8], hole: NDArray[np.bool_]
    ) -> None:
        """Has finished answers ranked: `image` (H, W, 3) is the picture around their `hole` (H, W)."""
        self._jobs -= 1
        self._answers = answers
        self.done = 0
        self._worker.submit(
            CompareJob(
                id=self._jobs,
                settings=settings,
                image=image,
                hole=hole,
                answers=answers.pictures,
                box=answers.box,
            )
        )

    def stop(self) -> None:
        """What is found of them later is dropped."""
        if self._answers is not None:
            self._worker.stop_job()
            self._answers = None

    def _on_compared_one(self, job: int, done: int) -> None:
        if job == self._jobs and self._answers is not None:
            self.done = done
            self.progressed.emit()

    def _on_compared(self, job: int, fits: NDArray[np.float64]) -> None:
        answers = self._answers
        if job == self._jobs and answers is not None:
            self._answers = None
            answers.rank(fits)

    def _on_failed(self, job: int) -> None:
        if job == self._jobs and self._answers is not None:
            self._answers = None
            self.failed.emit()
