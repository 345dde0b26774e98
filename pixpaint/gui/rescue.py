"""Keeps unsaved work on disk while the window is open, and offers what an earlier one left behind when it crashed."""

import logging
import os
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from uuid import uuid4

from PySide6.QtCore import QDateTime, QLocale, QLockFile, QObject, QTimer

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
        self._lock = _lock_of(self.file)
        self._writer = ThreadPoolExecutor(1, "rescue")
        self._writing: Future[bool] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REST)
        self._timer.timeout.connect(self.keep)
        self._connected = [
            (editor.committed, self._after_step),
            (editor.history.cleanChanged, self._after_step),
            (editor.replaced, self._forget),
            (filling.starting, self._before_fill),
        ]
        for signal, slot in self._connected:
            signal.connect(slot)

    def offer(self) -> None:
        """Asks what is to be done with the latest of what other windows left behind, if there is any."""
        for file in sorted(self._left_behind(), key=_modified, reverse=True):
            try:
                name = name_of(file)
            except PixpaintError:
                log.warning("%s can't be read", file, exc_info=True)
                name = self.tr("a picture")
            text = self.tr("pixpaint ended before {name} was saved. There is a copy of {time}.")
            when = QDateTime.fromSecsSinceEpoch(int(_modified(file)))
            time = QLocale().toString(when, QLocale.FormatType.ShortFormat)
            self._bar.say(
                text.format(name=name, time=time),
                [
                    (self.tr("&Recover It"), partial(self._recover, file)),
                    (self.tr("&Discard It"), partial(self._discard, file)),
                ],
            )
            return

    def keep(self) -> Future[bool] | None:
        """Writes the document as it is, unless a step is under way or another copy is being written: then later. What
        it gives tells, once it is done, whether that went well."""
        self._timer.stop()
        if self._editor.working or (self._writing is not None and not self._writing.done()):
            self._timer.start()
            return None
        unsaved = Unsaved(self._editor.document.copy(), self._documents.name)
        self._writing = self._writer.submit(self._write, unsaved)
        return self._writing

    def wait(self) -> None:
        """For the files that are being written."""
        self._writer.submit(lambda: None).result()

    def close(self) -> None:
        """When the window was closed and nothing is left to be saved."""
        self._forget()
        for signal, slot in self._connected:
            signal.disconnect(slot)
        self._writer.shutdown()
        self._lock.unlock()

    def _left_behind(self) -> list[Path]:
        """The files of windows that are no more. What else these left is removed: halves of a copy, and locks."""
        files, locks = set(self._folder.glob("*.zip")), self._folder.glob("*.lock")
        halves: dict[Path, list[Path]] = {}
        for path in self._folder.glob(".*.zip.*"):
            halves.setdefault(path.with_name(f"{path.name[1:].split('.zip.')[0]}.zip"), []).append(path)
        found = []
        for file in files | set(halves) | {path.with_suffix(".zip") for path in locks}:
            lock = _lock_of(file)
            if file == self.file or file in self._recovered or not _take(lock):
                continue
            for half in halves.get(file, []):
                _remove(half)
            if file in files:
                found.append(file)
            lock.unlock()
        return found

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
        if self._writing is not None:
            self._writing.cancel()
        self._writer.submit(_remove, self.file)

    def _write(self, unsaved: Unsaved) -> bool:
        """In the writer's thread: whether it went well. It does no harm to a person's work if not."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if not self._lock.isLocked():
                self._lock.tryLock(0)
            keep(unsaved, self.file)
        except (PixpaintError, OSError):
            log.warning("unsaved work could not be kept", exc_info=True)
            return False
        return True

    def _recover(self, file: Path) -> None:
        lock = _lock_of(file)
        try:
            if not _take(lock):
                raise PixpaintError(self.tr("Another window is at work on it."))
            unsaved = recover(file)
        except PixpaintError as error:
            self._bar.complain(str(error))
            return

        def show() -> None:
            ending = self.tr("(recovered)")
            name = Path(unsaved.name).stem.removesuffix(f" {ending}")
            self._documents.show(unsaved.document, f"{name} {ending}")
            self._editor.history.resetClean()
            self._recovered.add(file)
            self.wait()  # for what the document before had: the next copy must not wait
            kept = self.keep()
            self._writer.submit(lambda: _drop(file, lock) if _safe(kept) else None)
            self.offer()

        self._documents.when_safe(show)

    def _discard(self, file: Path) -> None:
        lock = _lock_of(file)
        if _take(lock):
            _drop(file, lock)
        self.offer()


def _safe(kept: Future[bool] | None) -> bool:
    """Whether a copy that was asked for is written, or called off since its document was saved or given up."""
    return kept is not None and (kept.cancelled() or kept.result())


def _lock_of(file: Path) -> QLockFile:
    """Held while its window lives; one of a process that is no more can be taken."""
    return QLockFile(str(file.with_suffix(".lock")))


def _take(lock: QLockFile) -> bool:
    lock.setStaleLockTime(0)  # of a process that lives none is stale, however old
    return lock.tryLock(0)


def _drop(file: Path, lock: QLockFile) -> None:
    """Removes a file and then its lock."""
    _remove(file)
    lock.unlock()


def _remove(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError:
        log.warning("%s can't be removed", file, exc_info=True)


def _modified(file: Path) -> float:
    """Seconds since 1970; 0 where it has just been removed."""
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0
