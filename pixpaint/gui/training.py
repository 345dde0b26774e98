"""The training of a model of one's own, in a process of its own: where it stands, and what ends it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from pixpaint.errors import BadModel, CannotWrite
from pixpaint.gui.child import Child
from pixpaint.models.card import is_taken
from pixpaint.training.runs import CHECKPOINT, HEADLINE, SAMPLES, Run, discard_run, read_run, run_folder

SAVING = 60_000  # milliseconds that closing waits for the run to be saved


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What to train: `source` is the name of a model to start from, or none."""

    data: Path
    name: str
    source: str
    minutes: float

    def arguments(self) -> list[str]:
        start = ["--from", self.source] if self.source else []
        return ["--data", str(self.data), "--name", self.name, "--minutes", f"{self.minutes:g}", *start]


class Phase(Enum):
    """IDLE: no run. PAUSING, KEEPING and DISCARDING end the process, each to another end."""

    IDLE = auto()
    RUNNING = auto()
    PAUSING = auto()
    PAUSED = auto()
    KEEPING = auto()
    DISCARDING = auto()
    DONE = auto()


@dataclass(kw_only=True)
class Standing:
    """What the process has told so far: lines of `pixpaint train --json`, by their event. Of a run that is about to go
    on only the share that is done is known of its progress."""

    pictures: dict[str, Any] = field(default_factory=dict)
    progress: dict[str, Any] = field(default_factory=dict)
    score: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, run: Run) -> "Standing":
        """Where a run stood when it was stopped."""
        standing = cls(progress={"share_done": run.share_done})
        if run.history:
            before, now = (run.history[k].get(HEADLINE, 0.0) for k in (0, -1))
            samples = str(run.folder / SAMPLES)
            standing.score = {"step": run.step, "before": before, "now": now, "samples": samples}
        return standing


class Training(QObject):
    """At most one run at a time."""

    changed = Signal()
    """phase or standing"""
    made = Signal(str)
    """there is a new model of this name"""
    failed = Signal(str)
    """a sentence for the person; what was saved last can be gone on with"""

    def __init__(self, command: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.phase = Phase.IDLE
        self.name = ""
        self.standing = Standing()
        self._child = Child(command, self)
        self._child.told.connect(self._take)
        self._child.ended.connect(self._end)

    @property
    def working(self) -> bool:
        """A process is at it."""
        return self._child.running

    def start(self, wish: Wish) -> None:
        self.name, self.standing = wish.name, Standing()
        self._run(*wish.arguments())

    def resume(self, name: str) -> None:
        """Goes on with a run that was stopped, now or before a restart."""
        try:
            self.name, self.standing = name, Standing.of(read_run(run_folder(name)))
        except BadModel as error:
            self.failed.emit(str(error))
            return
        self._run("--name", name, "--resume")

    def pause(self) -> None:
        """Ends the process once all is saved."""
        if self.phase is Phase.RUNNING:
            self._child.interrupt()
            self._set(Phase.PAUSING)

    def cancel(self, *, keep: bool) -> None:
        """Ends the run for good, with the model it has made so far or without a trace."""
        if self.working:
            if keep:
                self._child.interrupt()
            else:
                self._child.kill()
            self._set(Phase.KEEPING if keep else Phase.DISCARDING)
        elif self.phase is Phase.PAUSED:
            self._set(Phase.KEEPING if keep else Phase.DISCARDING)
            self._leave()

    def forget(self) -> None:
        """Room for another run; one that is paused can be gone on with later."""
        if not self.working:
            self.name, self.standing = "", Standing()
            self._set(Phase.IDLE)

    def shut_down(self) -> None:
        """Ends the process, saving what it has learned."""
        self._child.shut_down(SAVING)

    def _run(self, *arguments: str) -> None:
        self.phase = Phase.RUNNING
        self._child.start("train", "--json", *arguments)
        if self.phase is Phase.RUNNING:
            self.changed.emit()

    def _take(self, news: dict[str, Any]) -> None:
        match news.get("event"):
            case "pictures":
                self.standing.pictures = news
            case "progress":
                self.standing.progress = news
            case "score":
                self.standing.score = news
            case "end":  # with the weights that were kept, which may not be the last ones
                self.standing.score = {**self.standing.score, "now": news["now"]}
        self.changed.emit()

    def _end(self, code: int, sentence: str) -> None:
        if code == 0 and self.phase is not Phase.DISCARDING:
            self._set(Phase.DONE)
            self.made.emit(self.name)
        elif self.phase in (Phase.KEEPING, Phase.DISCARDING):
            self._leave()
        else:
            wanted, saved = self.phase is Phase.PAUSING, (run_folder(self.name) / CHECKPOINT).exists()
            self._set(Phase.PAUSED if saved else Phase.IDLE)
            if wanted and not saved:
                self.failed.emit(self.tr("It was stopped before it had learned anything."))
            elif not wanted:
                self.failed.emit(sentence or self.tr("The training ended; the log has the details."))

    def _leave(self) -> None:
        """After the process has ended for good."""
        name, keeps, complaint = self.name, self.phase is Phase.KEEPING, ""
        if not keeps or not is_taken(name):
            complaint = self.tr("It was stopped before it had learned anything.") if keeps else ""
            try:
                discard_run(name)
            except CannotWrite as error:
                complaint = str(error)
        # Only now: what shows that there is no run any more looks for those that are left.
        self.forget()
        if complaint:
            self.failed.emit(complaint)
        elif keeps:
            self.made.emit(name)

    def _set(self, phase: Phase) -> None:
        self.phase = phase
        self.changed.emit()
