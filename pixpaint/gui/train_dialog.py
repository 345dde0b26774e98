"""The dialog that trains a model on a person's own pictures. It may be closed while the training goes on."""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QMessageBox,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from pixpaint.gui.icons import icon
from pixpaint.gui.train_form import TrainForm
from pixpaint.gui.train_view import TrainView
from pixpaint.gui.training import Phase, Training
from pixpaint.models.card import list_models
from pixpaint.training.runs import unfinished_runs

Role = QMessageBox.ButtonRole


class TrainDialog(QDialog):
    """The form while there is no run, else the view of it."""

    use_wanted = Signal(str)
    """the name of the model that has been trained"""

    def __init__(
        self, training: Training, in_words: Callable[[float], str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Train on My Pictures"))
        self._training = training
        self.form = TrainForm()
        self.view = TrainView(training, in_words)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.form)
        self._pages.addWidget(self.view)
        self.start = self._button(self.tr("&Start"), self.form.start)
        self.start.setDefault(True)
        self.pause = self._button(self.tr("&Pause"), training.pause)
        self.resume = self._button(self.tr("C&ontinue"), self._resume)
        self.cancel = self._button(self.tr("Ca&ncel Training…"), self._ask_cancel)
        self.use = self._button(self.tr("&Use It"), self._use)
        self.another = self._button(self.tr("Train &Another…"), training.forget)
        self.close_button = self._button(self.tr("C&lose"), self.close)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.another)
        buttons.addStretch(1)
        for button in (self.start, self.pause, self.resume, self.use, self.close_button):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(16)
        column.addWidget(self._pages, 1)
        column.addLayout(buttons)
        self.form.start_wanted.connect(self._start)
        self.form.resume_wanted.connect(self._resume)
        training.changed.connect(self._update)
        training.failed.connect(self._complain)
        self._page: QWidget | None = None
        self._update()

    def _button(self, text: str, action: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: action())
        return button

    def refresh(self) -> None:
        """The form's lists, when it is shown or the models have changed."""
        self.form.show_models(list_models())
        self.form.show_unfinished(unfinished_runs())

    def _update(self) -> None:
        phase = self._training.phase
        page = self.form if phase is Phase.IDLE else self.view
        if page is not self._page:
            self._page = page
            self._pages.setCurrentWidget(page)
            if page is self.form:
                self.refresh()
        if page is self.view:
            self.view.update_view()
        for button, phases in (
            (self.start, {Phase.IDLE}),
            (self.pause, {Phase.RUNNING, Phase.PAUSING}),
            (self.resume, {Phase.PAUSED}),
            (self.cancel, {Phase.RUNNING, Phase.PAUSING, Phase.PAUSED}),
            (self.use, {Phase.DONE}),
            (self.another, {Phase.DONE, Phase.PAUSED}),
        ):
            button.setVisible(phase in phases)
        self.pause.setEnabled(phase is Phase.RUNNING)

    def _start(self, wish: object) -> None:
        self.view.complain("")
        self._training.start(wish)  # type: ignore[arg-type]

    def _resume(self, name: str = "") -> None:
        self.view.complain("")
        self._training.resume(name or self._training.name)

    def _complain(self, sentence: str) -> None:
        page = self.form if self._training.phase is Phase.IDLE else self.view
        page.complain(sentence)

    def _use(self) -> None:
        self.use_wanted.emit(self._training.name)
        self._training.forget()
        self.close()

    def _ask_cancel(self) -> None:
        """The training goes on while the question is open."""
        box = QMessageBox(self)
        box.setIconPixmap(icon("warning", box.palette()).pixmap(32, 32))
        box.setWindowTitle(self.tr("Cancel Training"))
        name = self._training.name
        box.setText(self.tr("Keep what {name} has learned so far?").format(name=name))
        box.setInformativeText(
            self.tr(
                "Kept, it is among your models, and its training can be gone on with. Discarded, it is gone."
            )
        )
        keep = box.addButton(self.tr("&Keep"), Role.AcceptRole)
        discard = box.addButton(self.tr("&Discard"), Role.DestructiveRole)
        back = box.addButton(self.tr("&Go On Training"), Role.RejectRole)
        box.setDefaultButton(keep)
        box.setEscapeButton(back)
        box.exec()
        if box.clickedButton() in (keep, discard):
            self._training.cancel(keep=box.clickedButton() is keep)
