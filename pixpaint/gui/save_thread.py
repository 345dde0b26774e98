"""Saving beside the GUI: encoding a large PNG takes a second, in which the window must stay alive."""

import logging
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, QThread, Signal

from pixpaint.document import Document
from pixpaint.errors import PixpaintError
from pixpaint.png import save_png

log = logging.getLogger(__name__)


class SaveThread(QThread):
    """Writes its own copy of a document once."""

    saved = Signal()
    failed = Signal(str)
    """a sentence for the person"""

    def __init__(self, document: Document, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document.copy()
        self.path = path

    def run(self) -> None:
        try:
            save_png(self._document, self.path)
        except Exception as error:  # whatever it is, the person must learn that nothing was saved
            log.warning("%s was not saved", self.path, exc_info=True)
            unexpected = QCoreApplication.translate(
                "SaveThread", "The picture could not be saved; the log has the details."
            )
            self.failed.emit(str(error) if isinstance(error, PixpaintError) else unexpected)
        else:
            self.saved.emit()
