"""Between a person and the models: training one, adding one from elsewhere, and the list of them."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QInputDialog, QLineEdit, QMessageBox, QWidget

from pixpaint.errors import PixpaintError
from pixpaint.gui.actions import Actions
from pixpaint.gui.child import Child, pixpaint_command
from pixpaint.gui.field_worker import FieldWorker
from pixpaint.gui.icons import icon
from pixpaint.gui.message_bar import MessageBar
from pixpaint.gui.models_dialog import ModelsDialog
from pixpaint.gui.side_panel import SidePanel
from pixpaint.gui.status import Status
from pixpaint.gui.train_dialog import TrainDialog
from pixpaint.gui.training import Phase, Training
from pixpaint.models.card import MODEL_SUFFIXES, PICKLES, both_files, check_name, is_taken, list_models

Role = QMessageBox.ButtonRole


class ModelDesk(QObject):
    """Connects the actions of the Models menu."""

    def __init__(
        self,
        window: QWidget,
        actions: Actions,
        panel: SidePanel,
        bar: MessageBar,
        status: Status,
        worker: FieldWorker,
    ) -> None:
        super().__init__(window)
        self._window, self._panel, self._bar, self._status = window, panel, bar, status
        self.training = Training(pixpaint_command(nicely=True), self)
        self.dialog = TrainDialog(self.training, status.duration, window)
        self.browser = ModelsDialog(worker, window)
        self._adding = Child(pixpaint_command(), self)
        self._adding.told.connect(self._added)
        self._adding.ended.connect(self._after_adding)
        actions.browse.triggered.connect(self.show_models)
        self.browser.use_wanted.connect(self.use)
        actions.train.triggered.connect(self.show_training)
        actions.add_model.triggered.connect(self.ask_add)
        self.dialog.use_wanted.connect(self.use)
        self.training.changed.connect(self._show_standing)
        self.training.made.connect(self._list_made)
        self.training.failed.connect(self._complain)

    def show_models(self) -> None:
        """The list with all that is known of each; what is already open comes to the front."""
        if not self.browser.isVisible():
            self._list_in_browser()
        self.browser.show()
        self.browser.raise_()
        self.browser.activateWindow()

    def show_training(self) -> None:
        if not self.dialog.isVisible():
            self.dialog.refresh()
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    @staticmethod
    def is_model(path: Path) -> bool:
        """Whether a dropped file is meant as a model, be it a good one or not."""
        return path.suffix.lower() in (*MODEL_SUFFIXES, *PICKLES)

    def ask_add(self) -> None:
        filters = self.tr("Models (*.safetensors)")
        path, _ = QFileDialog.getOpenFileName(self._window, self.tr("Add a Model"), str(Path.home()), filters)
        if path:
            self.add(Path(path))

    def add(self, path: Path, name: str = "") -> None:
        """Checks a model file in a process of its own, and copies it among the person's models."""
        try:
            weights = both_files(path)
            name = name or weights.stem
            check_name(name)
        except PixpaintError as error:
            self._bar.complain(str(error))
            return
        if self._adding.running:
            self._bar.complain(self.tr("Another model is being checked: try again when it is done."))
        elif is_taken(name):
            text = self.tr("There is a model called {name} already.").format(name=name)
            again = self.tr("Add It under &Another Name…")
            self._bar.complain(text, [(again, lambda: self._ask_name(weights, name))])
        else:
            self._bar.dismiss()
            self._status.show_wait(self.tr("Checking {name}…").format(name=weights.name))
            self._adding.start("models", "add", str(weights), "--name", name, "--json")

    def use(self, name: str) -> None:
        """Makes a model the one that paints next."""
        self._panel.show_models(list_models(), chosen=name)

    def may_close(self) -> bool:
        """Asks before the training is stopped by closing the window."""
        if not self.training.working:
            return True
        box = QMessageBox(self._window)
        box.setIconPixmap(icon("warning", box.palette()).pixmap(32, 32))
        box.setWindowTitle(self.tr("Training Runs"))
        box.setText(self.tr("{name} is being trained. Stop and close?").format(name=self.training.name))
        box.setInformativeText(self.tr("What it has learned is saved; you can continue at the next start."))
        stop = box.addButton(self.tr("&Stop and Close"), Role.AcceptRole)
        box.setEscapeButton(box.addButton(self.tr("&Go On Training"), Role.RejectRole))
        box.setDefaultButton(stop)
        box.exec()
        return box.clickedButton() is stop

    def shut_down(self) -> None:
        """Ends both processes; a training is saved first."""
        self.dialog.hide()
        self.browser.hide()
        self._adding.blockSignals(True)
        self._adding.kill()
        self.training.shut_down()

    def _ask_name(self, weights: Path, name: str) -> None:
        title, text = self.tr("Add a Model"), self.tr("Its name among your models:")
        normal = QLineEdit.EchoMode.Normal
        chosen, wanted = QInputDialog.getText(self._window, title, text, normal, f"{name}-2")
        if wanted:
            self.add(weights, chosen.strip())

    def _added(self, card: dict[str, object]) -> None:
        name = str(card.get("name"))
        self._list_anew()
        self._bar.say(self.tr("{name} is added.").format(name=name), [self._offer(name)])

    def _after_adding(self, code: int, sentence: str) -> None:
        self._status.say("")
        if code:
            self._bar.complain(sentence)

    def _list_anew(self) -> None:
        """After a model has come."""
        self._panel.show_models(list_models())
        if self.browser.isVisible():
            self._list_in_browser()

    def _list_in_browser(self) -> None:
        self.browser.show_models(list_models(), self._panel.model.currentText())

    def _list_made(self, name: str) -> None:
        self._list_anew()
        self.dialog.refresh()
        if not self.dialog.isVisible():
            self._bar.say(self.tr("{name} is among your models now.").format(name=name), [self._offer(name)])

    def _offer(self, name: str) -> tuple[str, Callable[[], object]]:
        return self.tr("&Use {name}").format(name=name), lambda: self.use(name)

    def _complain(self, sentence: str) -> None:
        if not self.dialog.isVisible():
            self._bar.complain(sentence, [(self.tr("&Show the Training"), self.show_training)])

    def _show_standing(self) -> None:
        """In the status bar, where it is seen while the dialog is closed."""
        training = self.training
        share = float(training.standing.progress.get("share_done", 0.0))
        words = {
            Phase.RUNNING: self.tr("Training {name}: {share}"),
            Phase.PAUSING: self.tr("Saving {name}…"),
            Phase.KEEPING: self.tr("Saving {name}…"),
            Phase.PAUSED: self.tr("{name} is paused"),
        }.get(training.phase, "")
        self._status.show_training(words.format(name=training.name, share=f"{share:.0%}"))
