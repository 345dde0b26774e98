"""The window: puts canvas, tools, panel and bars together, and says what each action does."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QSettings, QSize, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QMessageBox, QVBoxLayout, QWidget

from pixpaint import __version__
from pixpaint.gui import theme
from pixpaint.gui.actions import Actions
from pixpaint.gui.again import Again
from pixpaint.gui.answer_desk import AnswerDesk
from pixpaint.gui.answer_strip import AnswerStrip
from pixpaint.gui.canvas import Canvas
from pixpaint.gui.documents import Documents
from pixpaint.gui.editor import Editor
from pixpaint.gui.field_desk import FieldDesk, FieldLegend
from pixpaint.gui.field_worker import FieldWorker, PaintsAndLooks
from pixpaint.gui.fill_desk import FillDesk
from pixpaint.gui.fill_state import State
from pixpaint.gui.fill_worker import FillWorker
from pixpaint.gui.filling import Filling
from pixpaint.gui.icons import program_icon, tint
from pixpaint.gui.message_bar import MessageBar
from pixpaint.gui.model_desk import ModelDesk
from pixpaint.gui.new_sketch import NewSketchDialog
from pixpaint.gui.options_bar import OptionsBar
from pixpaint.gui.shortcuts import ShortcutsDialog
from pixpaint.gui.side_panel import SidePanel
from pixpaint.gui.status import Status
from pixpaint.gui.tool_bars import add_tool_bars
from pixpaint.gui.tools import MASKING, PENCIL, ToolBox

if TYPE_CHECKING:
    from pixpaint.models.card import ModelCard

FIRST_SIZE = QSize(1180, 780)
FIRST_WAIT = 100
LAST_WAIT = 1500
"""milliseconds from the window to the model, and how long closing waits for the fill's thread"""


class MainWindow(QMainWindow):
    """One document at a time. `make_painter` is called in the fill's thread, once, and in the one that looks
    at fields, if it is wanted; it may import torch."""

    def __init__(
        self, make_painter: Callable[[], PaintsAndLooks], cards: "Sequence[ModelCard]", settings: QSettings
    ) -> None:
        super().__init__()
        self._settings = settings
        self._may_close = False
        self.idle_at_close = True
        self.does = Actions(self)
        self.editor = Editor(self)
        self.tools = ToolBox(self.editor, self)
        self.canvas = Canvas(self.editor, self.tools)
        self.panel = SidePanel(cards)
        self.bar = MessageBar()
        self.status = Status()
        self.worker = FillWorker(make_painter, self)
        self.filling = Filling(self.editor, self.worker, self)
        self.documents = Documents(self.editor, self.filling, settings, self)
        self.desk = FillDesk(
            self.editor, self.filling, self.worker, self.does, self.panel, self.bar, self.status
        )
        self.again = Again(self.editor, self.filling, self.does, self.bar)
        self.field_worker = FieldWorker(make_painter, self)
        self.models = ModelDesk(self, self.does, self.panel, self.bar, self.status, self.field_worker)
        self.legend = FieldLegend()
        self.field_desk = FieldDesk(
            self.editor, self.canvas, self.panel, self.does, self.field_worker, self.legend
        )
        self.strip = AnswerStrip(self.does)
        self.answer_desk = AnswerDesk(
            self.filling, self.canvas, self.does, self.strip, self.bar, self.status, self
        )
        self.setWindowIcon(program_icon())
        self.setAcceptDrops(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self._lay_out()
        self._connect_files()
        self._connect_editing()
        self._connect_view()
        self._restore()
        tint(self)
        self._take_document()
        self.canvas.setFocus()

    def _lay_out(self) -> None:
        add_tool_bars(self, self.does, OptionsBar(self.tools, self.does.swap))
        # The message lies over the canvas: the picture must not jump when one comes or goes.
        over = QVBoxLayout(self.canvas)
        over.setContentsMargins(14, 12, 14, 12)
        over.addWidget(self.bar)
        over.addStretch(1)
        over.addWidget(self.legend)
        whole = QWidget()
        row = QHBoxLayout(whole)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        picture = QVBoxLayout()
        picture.setSpacing(0)
        picture.addWidget(self.canvas, 1)
        picture.addWidget(self.strip)
        row.addLayout(picture, 1)
        row.addWidget(self.panel)
        self.setCentralWidget(whole)
        self.setStatusBar(self.status)

    def _connect_files(self) -> None:
        does, documents = self.does, self.documents
        does.new.triggered.connect(self._ask_new)
        does.open.triggered.connect(documents.ask_open)
        does.sample.triggered.connect(documents.open_sample)
        does.recent.aboutToShow.connect(self._list_recent)
        does.save.triggered.connect(lambda: documents.save())
        does.save_as.triggered.connect(lambda: documents.save_as())
        does.export.triggered.connect(documents.export)
        does.quit.triggered.connect(self.close)
        does.copy.triggered.connect(documents.copy)
        does.paste.triggered.connect(documents.paste)
        documents.complained.connect(
            lambda sentence: self.bar.complain(sentence, until=(self.editor.replaced,))
        )
        documents.said.connect(self.status.say)
        documents.renamed.connect(self._update)

    def _connect_editing(self) -> None:
        does, editor, tools = self.does, self.editor, self.tools
        does.mask_all.triggered.connect(editor.mask_all)
        does.mask_clear.triggered.connect(editor.clear_mask)
        does.mask_invert.triggered.connect(editor.invert_mask)
        does.mask_transparent.triggered.connect(editor.mask_transparent)
        does.mask_paper.triggered.connect(editor.mask_paper)
        does.mask_recall.triggered.connect(editor.recall_mask)
        for name, action in does.tools.items():
            action.triggered.connect(lambda _=False, name=name: tools.choose(name))
        does.smaller.triggered.connect(lambda: tools.step_size(-1))
        does.larger.triggered.connect(lambda: tools.step_size(1))
        does.swap.triggered.connect(lambda: tools.set_colours(tools.paper, tools.ink))
        does.pressure.toggled.connect(tools.feel_pressure)
        tools.changed.connect(self._show_tool)
        editor.replaced.connect(self._take_document)
        editor.committed.connect(self._update)
        editor.committed.connect(self.status.outdate)
        editor.interrupted.connect(tools.cancel)
        editor.history.cleanChanged.connect(self._update)
        self.filling.starting.connect(self.tools.cancel)
        self.filling.state_changed.connect(self._update)
        self.filling.state_changed.connect(self._watch)

    def _connect_view(self) -> None:
        does, canvas = self.does, self.canvas
        does.mask_shown.toggled.connect(canvas.show_mask)
        does.zoom_in.triggered.connect(lambda: canvas.step_zoom(1))
        does.zoom_out.triggered.connect(lambda: canvas.step_zoom(-1))
        does.fit.triggered.connect(canvas.fit)
        does.actual_size.triggered.connect(canvas.show_actual_size)
        does.panel_shown.toggled.connect(self.panel.setVisible)
        does.full_screen.toggled.connect(lambda on: self.showFullScreen() if on else self.showNormal())
        does.shortcuts.triggered.connect(lambda: ShortcutsDialog(does.with_shortcuts(), self).exec())
        does.about.triggered.connect(self._tell_about)
        for scheme, action in does.schemes.items():
            action.triggered.connect(lambda _=False, scheme=scheme: self._dress(scheme))
        canvas.view_changed.connect(lambda: self.status.zoom.setText(f"{canvas.view.zoom:.0%}"))
        canvas.pointed.connect(self.status.point_to)

    def _take_document(self) -> None:
        document = self.editor.document
        self.tools.suit(document.height, document.width)
        self.panel.suit(document.is_drawing)
        self.status.size_text.setText(f"{document.width} × {document.height}")
        self.status.say("")
        self._update()

    def _update(self) -> None:
        """Title, and what can be done now."""
        does, busy, choosing = self.does, not self.filling.settled, self.filling.choosing
        self.setWindowTitle(f"{self.documents.name}[*] — pixpaint")
        self.setWindowModified(self.documents.modified)
        history = self.editor.history
        last = self.tr("Fill") if choosing else history.undoText()
        does.undo.setText(self.tr("&Undo {step}").format(step=last).rstrip())
        does.redo.setText(self.tr("&Redo {step}").format(step=history.redoText()).rstrip())
        does.undo.setEnabled(choosing or (history.can_step_back() and not busy))
        does.redo.setEnabled(history.canRedo() and not busy)
        masks = (does.mask_all, does.mask_clear, does.mask_invert, does.mask_transparent, does.mask_paper)
        for action in masks:
            action.setEnabled(not busy)
        does.mask_recall.setEnabled(self.editor.last_hole is not None and not busy)
        self.canvas.allow_drawing(not busy)
        self.desk.update()
        self.again.update()
        self.answer_desk.update()

    def _watch(self) -> None:
        """While a fill runs or answers wait the canvas has the keys: Space pans there, but would press a button beside
        it."""
        among_answers = self.strip.isAncestorOf(self.focusWidget() or self.canvas)
        if self.filling.state in (State.FILLING, State.CHOOSING) and not among_answers:
            self.canvas.setFocus()

    def _show_tool(self) -> None:
        self.does.tools[self.tools.tool].setChecked(True)
        if self.tools.tool in MASKING:
            self.does.mask_shown.setChecked(True)

    def _ask_new(self) -> None:
        dialog = NewSketchDialog(self)
        if dialog.exec():
            height, width = dialog.sheet()
            self.documents.new(height, width, then=lambda: self.tools.choose(PENCIL))

    def _list_recent(self) -> None:
        menu = self.does.recent
        menu.clear()
        for path in self.documents.recent():
            action = menu.addAction(path.name)
            action.setToolTip(str(path))
            action.triggered.connect(lambda _=False, path=path: self.documents.open(path))
        if menu.isEmpty():
            menu.addAction(self.tr("None yet")).setEnabled(False)

    def _tell_about(self) -> None:
        text = self.tr("pixpaint {version}\n\nPaints what is missing in a picture, row by row.\nMIT licence.")
        QMessageBox.about(self, self.tr("About pixpaint"), text.format(version=__version__))

    def _dress(self, scheme: theme.Scheme) -> None:
        self._settings.setValue("scheme", scheme.value)
        theme.apply(scheme)

    def _restore(self) -> None:
        """What the person left behind last time."""
        self.resize(FIRST_SIZE)
        geometry = self._settings.value("geometry")
        if isinstance(geometry, QByteArray):
            self.restoreGeometry(geometry)
        self.does.panel_shown.setChecked(self._settings.value("panel", True, bool) is True)
        self.does.pressure.setChecked(self._settings.value("pressure", False, bool) is True)
        self.does.schemes[theme.chosen(self._settings)].setChecked(True)
        self.panel.restore(self._settings)
        self.filling.pace.restore(self._settings)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """The model is loaded once the window has had time to be drawn: an import holds Python's lock for long."""
        super().showEvent(event)
        if not self.worker.isRunning() and not self._may_close:
            self.worker.start()
            QTimer.singleShot(FIRST_WAIT, self.desk.prepare)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        if not self._may_close and self.models.may_close():
            self.documents.when_safe(self._close_now)
        if not self._may_close:
            event.ignore()
            return
        self._settings.setValue("geometry", self.saveGeometry())
        self._settings.setValue("panel", self.panel.isVisibleTo(self))
        self._settings.setValue("pressure", self.does.pressure.isChecked())
        self.panel.store(self._settings)
        self.filling.pace.store(self._settings)
        self._settings.sync()
        self.hide()
        self.filling.abandon()
        self.documents.wait()
        self.models.shut_down()
        self.field_worker.shut_down(0)  # told before the other is waited for, so that both end meanwhile
        self.idle_at_close = self.worker.shut_down(LAST_WAIT) and self.field_worker.wait(LAST_WAIT)
        event.accept()

    def _close_now(self) -> None:
        self._may_close = True
        self.close()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        if event.type() == QEvent.Type.PaletteChange:
            tint(self)
            self.bar.tint()
        super().changeEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Esc comes here when there is nothing to stop, discard or drop."""
        if event.key() == Qt.Key.Key_Escape and not event.isAutoRepeat() and self.bar.text:
            self.bar.dismiss()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        if _first_file(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        path = _first_file(event)
        if path is not None:
            event.acceptProposedAction()
            (self.models.add if self.models.is_model(path) else self.documents.open)(path)


def _first_file(event: QDropEvent) -> Path | None:
    files = (url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile())
    return next((Path(file) for file in files), None)
