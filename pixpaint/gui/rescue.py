"""Keeps unsaved work on disk while the window is open, and offers what an earlier one left behind when it crashed."""

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

from PySide6.QtCore import QDateTime, QFileInfo, QLocale, QLockFile, QObject, QTimer

from pixpaint.errors import PixpaintError
from pixpaint.gui.documents import Documents
from pixpaint.gui.editor import Editor
from pixpaint.gui.filling import Filling
from pixpaint.gui.message_bar import MessageBar
from pixpaint.recovery import Unsaved, keep, name_of, recover

REST = 2000
"""Milliseconds from a change to the copy that has it: one copy has many strokes."""

log = logging.getLogger(__name__)


class Rescue(QObject):
    """One file a window, in `folder`, with a lock beside it as long as the window lives. It holds the document after
    its last finished step, so that of a fill under way it has the mask; it goes when all is saved or given up.

    Files are written and removed in a thread of their own, one after the other.
    """

    def __init__(
        self, editor: Editor, filling: Filling, documents: Documents, bar: MessageBar, folder: Path
    ) -> None:
        super().__init__(documents)
        self._editor, self._documents, self._bar = editor, documents, bar
        self._folder = folder
        self._recovered: set[Path] = set()
        self.file = folder / f"{os.getpid()}-{uuid4().hex[:8]}.zip"
        self._lock: QLockFile | None = None
        self._writer = ThreadPoolExecutor(1, "rescue")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REST)
        self._timer.timeout.connect(self.keep)
        editor.committed.connect(self._after_step)
        editor.replaced.connect(self._forget)
        editor.history.cleanChanged.connect(self._after_step)
        filling.starting.connect(self._before_fill)

    def offer(self) -> None:
        """Asks what is to be done with the latest of what other windows left behind, if there is any."""
        for file in sorted(self._folder.glob("*.zip"), key=_age):
            lock = _lock_of(file)
            if file != self.file and file not in self._recovered and lock.tryLock(0):
                break
        else:
            return
        name, when = self.tr("a picture"), QDateTime(QFileInfo(str(file)).lastModified())
        try:
            name = name_of(file)
        except PixpaintError:
            log.warning("%s is damaged", file, exc_info=True)
        text = self.tr("pixpaint ended before {name} was saved. There is a copy of {time}.")
        time = QLocale().toString(when, QLocale.FormatType.ShortFormat)
        self._bar.say(
            text.format(name=name, time=time),
            [
                (self.tr("&Recover It"), lambda: self._recover(file, lock)),
                (self.tr("&Discard It"), lambda: self._discard(file, lock)),
            ],
        )

    def keep(self) -> None:
        """Writes the document as it is, unless a step is under way."""
        self._timer.stop()
        if self._editor.working:
            self._timer.start()
            return
        if self._lock is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock = _lock_of(self.file)
            self._lock.tryLock(0)
        self._writer.submit(_keep, Unsaved(self._editor.document.copy(), self._documents.name), self.file)

    def wait(self) -> None:
        """For the files that are being written."""
        self._writer.submit(lambda: None).result()

    def close(self) -> None:
        """When the window was closed and nothing is left to be saved."""
        self._forget()
        self._writer.shutdown()
        if self._lock is not None:
            self._lock.unlock()

    def _after_step(self) -> None:
        if self._editor.history.isClean():
            self._forget()
        elif not self._timer.isActive():
            self._timer.start()

    def _before_fill(self) -> None:
        """A fill may take long, and its step ends with it."""
        if self._timer.isActive():
            self.keep()

    def _forget(self) -> None:
        self._timer.stop()
        self._writer.submit(self.file.unlink, missing_ok=True)

    def _recover(self, file: Path, lock: QLockFile) -> None:
        try:
            unsaved = recover(file)
        except PixpaintError as error:
            self._bar.complain(str(error))
            return

        def show() -> None:
            name = self.tr("{name} (recovered)").format(name=Path(unsaved.name).stem)
            self._documents.show(unsaved.document, name)
            self._editor.history.resetClean()
            self.keep()
            self._recovered.add(file)
            self._writer.submit(file.unlink, missing_ok=True)  # after this window's own copy is written
            lock.unlock()
            self.offer()

        self._documents.when_safe(show)

    def _discard(self, file: Path, lock: QLockFile) -> None:
        file.unlink(missing_ok=True)
        lock.unlock()
        self.offer()


def _keep(unsaved: Unsaved, file: Path) -> None:
    try:
        keep(unsaved, file)
    except PixpaintError:
        log.warning("unsaved work could not be kept", exc_info=True)


def _lock_of(file: Path) -> QLockFile:
    """Held while its window lives; one of a process that is no more can be taken."""
    lock = QLockFile(str(file.with_suffix(".lock")))
    lock.setStaleLockTime(0)
    return lock


def _age(file: Path) -> float:
    """The younger, the smaller."""
    return -file.stat().st_mtime
