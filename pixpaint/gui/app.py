"""Starts the window: on screen first, then torch and the model, in the fill's own thread."""

import logging
import os
import signal
import sys
from functools import partial
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from pixpaint.assets import data_folder
from pixpaint.document import open_picture
from pixpaint.gui import theme
from pixpaint.gui.compiling import Compiling
from pixpaint.gui.field_worker import PaintsAndLooks
from pixpaint.gui.main_window import MainWindow
from pixpaint.gui.rescue import Rescue
from pixpaint.models.card import list_models
from pixpaint.sampling import compile_cache

log = logging.getLogger(__name__)


def run(picture: Path | None) -> int:
    """Shows the window with `picture`, or with the bundled sample, until it is closed; returns the exit code.

    Raises BadImage before any window is shown. There must be a display to show it on.
    """
    document = None if picture is None else open_picture(picture.absolute())
    app = QApplication(sys.argv[:1])
    app.setApplicationName("pixpaint")
    app.setApplicationDisplayName("")
    app.setDesktopFileName("pixpaint")
    app.setStyle("Fusion")
    settings = QSettings("pixpaint", "pixpaint")
    theme.apply(theme.chosen(settings))
    app.styleHints().colorSchemeChanged.connect(lambda: theme.apply(theme.chosen(settings)))
    window = MainWindow(_painter, list_models(), settings)
    if document is None:
        window.documents.open_sample()
    else:
        window.documents.show(document, document.path.name if document.path else "")
    sys.excepthook = partial(_admit, window)
    # Python's own handler would wait for the next Python instruction, which may never come while Qt waits.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    compiling = Compiling(compile_cache.in_background(), window)
    compiling.running_changed.connect(window.status.show_compiling)
    compiling.compiled.connect(window.desk.prepare)
    window.worker.prepared.connect(compiling.start_if_needed)
    app.aboutToQuit.connect(compiling.stop)
    rescue = Rescue(window.editor, window.filling, window.documents, window.bar, data_folder() / "recovery")
    window.show()
    rescue.offer()
    code = app.exec()
    rescue.close()
    if not window.idle_at_close:
        # The thread is inside an import or a long product that nothing can interrupt; to drop it would abort.
        logging.shutdown()
        sys.stdout.flush()
        os._exit(code)
    return code


def _painter() -> PaintsAndLooks:
    """In the thread that needs it: this is where torch comes in, seconds after the window."""
    from pixpaint.sampling.painting import Painter

    return Painter()


def _admit(
    window: MainWindow, kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """A mistake of the program's in a slot: the window goes on, and the log has what is needed to mend it."""
    log.error("unexpected %s in the window", kind.__name__, exc_info=(kind, error, trace))
    window.bar.complain(window.tr("Something went wrong in pixpaint itself; the log has the details."))
