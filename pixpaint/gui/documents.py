"""Opening, saving and leaving documents, with the questions that must be asked before work is lost."""

import logging
from collections.abc import Callable
from itertools import chain, count
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QSettings, Qt, Signal
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox, QWidget

from pixpaint.assets import resource
from pixpaint.document import SUFFIXES, Document, open_picture, read_mask
from pixpaint.errors import PixpaintError
from pixpaint.gui.editor import Editor
from pixpaint.gui.filling import Filling
from pixpaint.gui.icons import icon
from pixpaint.gui.save_thread import SaveThread

RECENT_LIMIT = 8
Button = QMessageBox.StandardButton

log = logging.getLogger(__name__)


class Documents(QObject):
    """Which document is open, under which name, and whether it is saved."""

    renamed = Signal()
    said = Signal(str)
    complained = Signal(str)

    def __init__(self, editor: Editor, filling: Filling, settings: QSettings, window: QWidget) -> None:
        super().__init__(window)
        self._editor = editor
        self._filling = filling
        self._settings = settings
        self._window = window
        self._saving: SaveThread | None = None
        self.name = self.tr("Untitled")

    @property
    def modified(self) -> bool:
        return not self._filling.settled or not self._editor.history.isClean()

    def open(self, path: Path) -> None:
        """Opens a picture, or says why it can't and leaves everything as it is."""
        try:
            QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
            document = open_picture(path.absolute())
        except PixpaintError as error:
            log.warning("%s was not opened", path, exc_info=True)
            self.complained.emit(str(error))
            return
        finally:
            QApplication.restoreOverrideCursor()
        self.when_safe(lambda: self.show(document, path.name))

    def show(self, document: Document, name: str) -> None:
        """Makes a document the open one, without asking."""
        self.name = name
        self._editor.open(document)
        if document.path is not None:
            self._remember(document.path)
        self.renamed.emit()

    def open_sample(self) -> None:
        """The bundled picture with its hole masked; it opens as an untitled copy."""
        try:
            document = open_picture(resource("samples", "sketch.png"))
            mask = resource("samples", "sketch-mask.png")
            document.hole = read_mask(mask, document.height, document.width)
        except PixpaintError as error:
            log.warning("the sample was not opened", exc_info=True)
            self.complained.emit(str(error))
            return
        document.path = None
        self.when_safe(lambda: self.show(document, self.tr("Sample")))

    def new(self, height: int, width: int, then: Callable[[], None]) -> None:
        """A sheet of white paper; `then` is called when it is the document."""

        def show() -> None:
            self.show(Document.blank(height, width), self.tr("Untitled"))
            then()

        self.when_safe(show)

    def paste(self) -> None:
        """The clipboard's picture, or the file it names, becomes the document."""
        data = QGuiApplication.clipboard().mimeData()
        if data.hasUrls() and data.urls()[0].isLocalFile():
            self.open(Path(data.urls()[0].toLocalFile()))
        elif data.hasImage():
            document = _from_image(QGuiApplication.clipboard().image())
            self.when_safe(lambda: self.show(document, self.tr("Pasted")))
        else:
            self.complained.emit(self.tr("There is no picture on the clipboard: copy one first."))

    def copy(self) -> None:
        QGuiApplication.clipboard().setImage(_to_image(self._editor.document))
        self.said.emit(self.tr("The picture is on the clipboard."))

    def ask_open(self) -> None:
        patterns = " ".join(f"*{suffix}" for suffix in SUFFIXES)
        filters = self.tr("Pictures ({patterns})").format(patterns=patterns)
        path, _ = QFileDialog.getOpenFileName(self._window, self.tr("Open"), self._folder(), filters)
        if path:
            self.open(Path(path))

    def save(self, then: Callable[[], None] | None = None) -> None:
        """To the document's own PNG; anything else needs a name first, since only PNG keeps the recipe."""
        path = self._editor.document.path
        if path is None or path.suffix.lower() != ".png":
            self.save_as(then)
        else:
            self._write(path, then, becomes_home=True)

    def save_as(self, then: Callable[[], None] | None = None) -> None:
        path = self._ask_target(self.tr("Save As"), self._offered())
        if path is not None:
            self._write(path, then, becomes_home=True)

    def export(self) -> None:
        """A copy elsewhere: the document keeps its name and stays unsaved."""
        path = self._ask_target(self.tr("Export as PNG"), _beside(self._offered()))
        if path is not None:
            self._write(path, None, becomes_home=False)

    def when_safe(self, action: Callable[[], None]) -> None:
        """Calls `action`, which drops the document, once nothing can be lost by it: perhaps later, perhaps never."""
        if not self.modified:
            action()
            return
        answer = self._ask_about_changes()
        if answer == Button.Discard:
            action()
        elif answer == Button.Save:
            self._filling.stop_then(lambda: self.save(action))

    def recent(self) -> list[Path]:
        """Newest first."""
        value = self._settings.value("recent", [])
        names = [value] if isinstance(value, str) else value
        return [Path(name) for name in names] if isinstance(names, list) else []

    def wait(self) -> None:
        """For a file that is being written."""
        if self._saving is not None:
            self._saving.wait()

    def _write(self, path: Path, then: Callable[[], None] | None, becomes_home: bool) -> None:
        self.wait()
        document, step = self._editor.document, self._editor.history.index()
        saving = SaveThread(self._filling.as_shown(), path, self)
        self._saving = saving

        def on_saved() -> None:
            if becomes_home and document is self._editor.document:
                document.path, self.name = path, path.name
                if step == self._editor.history.index() and self._filling.settled:
                    self._editor.history.setClean()
                else:
                    # What was saved is no step, or not the last one any more; the file no longer has what was before.
                    self._editor.history.resetClean()
                self._remember(path)
                self.renamed.emit()
            self.said.emit(self.tr("{name} is saved.").format(name=path.name))
            if then is not None:
                then()

        saving.saved.connect(on_saved)
        saving.failed.connect(self.complained)
        saving.finished.connect(self._on_finished)
        saving.start()

    def _on_finished(self) -> None:
        saving = self.sender()
        if self._saving is saving:
            self._saving = None
        if isinstance(saving, QObject):
            saving.deleteLater()

    def _offered(self) -> Path:
        """The document's own name, as a PNG's."""
        home = self._editor.document.path
        return home.with_suffix(".png") if home else Path(self._folder(), f"{self.name.lower()}.png")

    def _ask_target(self, title: str, offered: Path) -> Path | None:
        """A PNG's path; the dialog asks before an existing file is replaced."""
        dialog = QFileDialog(self._window, title, self._folder(), self.tr("PNG pictures (*.png)"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("png")
        dialog.selectFile(offered.name)
        return Path(dialog.selectedFiles()[0]) if dialog.exec() else None

    def _ask_about_changes(self) -> QMessageBox.StandardButton:
        box = QMessageBox(self._window)
        box.setIconPixmap(icon("warning", box.palette()).pixmap(32, 32))
        box.setWindowTitle(self.tr("Unsaved Changes"))
        box.setText(self.tr("Save the changes to {name}?").format(name=self.name))
        if self._filling.busy:
            box.setInformativeText(
                self.tr("A fill is running. Save and Discard stop it, Cancel lets it go on.")
            )
        elif self._filling.choosing:
            box.setInformativeText(
                self.tr(
                    "Answers wait for your choice. Save keeps the one shown, Discard none, Cancel lets you choose."
                )
            )
        else:
            box.setInformativeText(self.tr("They are lost if you don't save them."))
        box.setStandardButtons(Button.Save | Button.Discard | Button.Cancel)
        box.setDefaultButton(Button.Save)
        return Button(box.exec())

    def _folder(self) -> str:
        home = self._editor.document.path
        return str(home.parent) if home else str(self._settings.value("folder", str(Path.home())))

    def _remember(self, path: Path) -> None:
        names = [str(path), *(str(other) for other in self.recent() if other != path)]
        self._settings.setValue("recent", names[:RECENT_LIMIT])
        self._settings.setValue("folder", str(path.parent))


def _beside(path: Path) -> Path:
    """`path`, or the first of NAME-2.png, NAME-3.png and so on that does not lie there yet."""
    numbered = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in count(2))
    return next(free for free in chain([path], numbered) if not free.exists())


def _from_image(image: QImage) -> Document:
    """A clipboard's picture; its alpha is kept if it has any."""
    rgba = image.convertToFormat(QImage.Format.Format_RGBA8888)
    values = np.frombuffer(rgba.constBits(), dtype=np.uint8).reshape(rgba.height(), rgba.width(), 4)
    alpha = np.ascontiguousarray(values[..., 3]) if image.hasAlphaChannel() else None
    return Document(pixels=np.ascontiguousarray(values[..., :3]), alpha=alpha)


def _to_image(document: Document) -> QImage:
    height, width = document.height, document.width
    if document.alpha is None:
        return QImage(document.pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
    blended = np.dstack([document.pixels, document.alpha])
    return QImage(blended.data, width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()
