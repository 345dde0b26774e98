"""A pixpaint command in a process of its own, which tells what it does in lines of JSON.

What needs torch, or long, runs there: the window stays quick, and goes on whatever becomes of the process.
"""

import json
import logging
import os
import signal
import sys
from collections.abc import Sequence

from PySide6.QtCore import QObject, QProcess, Signal

log = logging.getLogger(__name__)

LAST_WAIT = 2000  # milliseconds a process that was killed is waited for


def pixpaint_command(*, nicely: bool = False) -> list[str]:
    """What starts pixpaint as this program was started; `nicely` with less right to the processor than the window."""
    prefix = ["nice"] if nicely and os.name == "posix" else []
    return [*prefix, sys.executable, "-m", "pixpaint"]


class Child(QObject):
    """One process at a time."""

    told = Signal(dict)
    """one line of JSON"""
    ended = Signal(int, str)
    """exit code, and the sentence that it complained with, if any"""

    def __init__(self, command: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._command = command
        self._process = QProcess(self)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.finished.connect(self._finish)
        self._process.errorOccurred.connect(self._give_up)

    @property
    def running(self) -> bool:
        return self._process.state() != QProcess.ProcessState.NotRunning

    def start(self, *arguments: str) -> None:
        self._process.start(self._command[0], [*self._command[1:], *arguments])

    def interrupt(self) -> None:
        """Asks it to save and end, as Ctrl-C does; where there are no signals it ends with what it saved last."""
        if self.running and self._process.processId():
            if os.name == "posix":
                os.kill(self._process.processId(), signal.SIGINT)
            else:
                self._process.kill()

    def kill(self) -> None:
        self._process.kill()

    def shut_down(self, milliseconds: int) -> None:
        """Ends it for good; it may take so long to save. Nothing is told any more."""
        self.blockSignals(True)
        self.interrupt()
        if not self._process.waitForFinished(milliseconds):
            self._process.kill()
            self._process.waitForFinished(LAST_WAIT)

    def _read(self) -> None:
        while self._process.canReadLine():
            line = bytes(self._process.readLine().data()).decode(errors="replace")
            try:
                news = json.loads(line)
            except ValueError:
                log.warning("a process of pixpaint said: %s", line.rstrip())
                continue
            if isinstance(news, dict):
                self.told.emit(news)

    def _finish(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read()
        said = bytes(self._process.readAllStandardError().data()).decode(errors="replace").strip()
        if status is QProcess.ExitStatus.CrashExit:
            log.warning("a process of pixpaint was ended by signal %s: %s", code, said[-2000:])
            self.ended.emit(-1, self.tr("The process was ended from outside, or crashed."))
            return
        last = said.splitlines()[-1] if said else ""
        self.ended.emit(code, last.removeprefix("pixpaint: "))

    def _give_up(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            log.warning("%s did not start", self._command[0])
            self.ended.emit(-1, self.tr("The process could not be started."))
