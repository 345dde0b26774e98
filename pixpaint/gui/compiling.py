"""Compiles the fast engine in a process of its own while the window is in use: once, when it is first started."""

import logging
from collections.abc import Sequence

from PySide6.QtCore import QObject, QProcess, Signal

from pixpaint.sampling import compile_cache

log = logging.getLogger(__name__)

LAST_WAIT = 2000
"""Milliseconds a process that was ended is waited for."""


class Compiling(QObject):
    """At most one process at a time."""

    running_changed = Signal(bool)
    compiled = Signal()
    """The fast engine can be used from now on"""

    def __init__(self, command: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._command = command
        self._process = QProcess(self)
        self._process.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
        self._process.finished.connect(self._finish)
        self._process.errorOccurred.connect(self._give_up)

    @property
    def running(self) -> bool:
        return self._process.state() != QProcess.ProcessState.NotRunning

    def start_if_needed(self) -> None:
        """Starts the process unless it runs or has done its work on this machine before."""
        if not self.running and not compile_cache.ready() and compile_cache.can_keep():
            self._process.start(self._command[0], list(self._command[1:]))
            self.running_changed.emit(True)

    def stop(self) -> None:
        """Ends the process; what it has finished is kept."""
        self._process.blockSignals(True)
        self._process.kill()
        self._process.waitForFinished(LAST_WAIT)

    def _finish(self, code: int, _: QProcess.ExitStatus) -> None:
        said = bytes(self._process.readAll().data()).decode(errors="replace")
        self.running_changed.emit(False)
        if code == 0 and compile_cache.ready():
            self.compiled.emit()
        else:
            log.warning("the fast engine could not be compiled (%s): %s", code, said[-2000:])

    def _give_up(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            log.warning("the process that compiles the fast engine did not start")
            self.running_changed.emit(False)
