"""The first page of the training dialog: which pictures, under which name, from which model, for how long."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from pixpaint.errors import BadRequest
from pixpaint.gui.training import Wish
from pixpaint.models.card import check_name, is_taken
from pixpaint.training.runs import Run

if TYPE_CHECKING:
    from pixpaint.models.card import ModelCard

MINUTES = 30
LONGEST = 7 * 24 * 60
FAVOURITE = "photo"  # what most people's pictures are most like, if it is there
OFFERED = 3  # unfinished runs


class TrainForm(QWidget):
    """`start_wanted` is told a Wish that is complete; `resume_wanted` the name of an unfinished run."""

    start_wanted = Signal(object)
    resume_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._named_by_hand = False
        self.unfinished = QVBoxLayout()
        self.unfinished.setSpacing(8)
        self.folder = QLineEdit()
        self.folder.setMinimumWidth(300)
        self.folder.setPlaceholderText(self.tr("A folder or a zip"))
        self.browse = QPushButton(self.tr("&Browse…"))
        self.browse.setAutoDefault(False)
        self.name = QLineEdit()
        self.source = QComboBox()
        self.minutes = QSpinBox()
        self.minutes.setRange(1, LONGEST)
        self.minutes.setValue(MINUTES)
        self.minutes.setSuffix(self.tr(" min"))
        self.complaint = QLabel()
        self.complaint.setObjectName("complaint")
        self.complaint.setWordWrap(True)
        self.complaint.hide()
        self._lay_out()
        self.browse.clicked.connect(self._browse)
        self.name.textEdited.connect(self._take_name)
        self.folder.textChanged.connect(self._suggest_name)

    def show_models(self, cards: "Sequence[ModelCard]") -> None:
        """Those that can be started from."""
        chosen = self.source.currentData()
        self.source.clear()
        for card in cards:
            colour = self.tr("grey") if card.channels == 1 else self.tr("colour")
            self.source.addItem(f"{card.name} ({colour})", card.name)
        self.source.addItem(self.tr("Nothing: learn from scratch"), "")
        place = self.source.findData(chosen if chosen is not None else FAVOURITE)
        self.source.setCurrentIndex(max(place, 0))

    def show_unfinished(self, runs: Sequence[Run]) -> None:
        """Offers to go on with the latest of these."""
        while (item := self.unfinished.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        for run in runs[:OFFERED]:
            self.unfinished.addWidget(self._offer(run))

    def complain(self, sentence: str) -> None:
        """Shows why it can't be started; an empty sentence takes the last one away."""
        self.complaint.setText(sentence)
        self.complaint.setVisible(bool(sentence))

    def start(self) -> None:
        """Asks for the run, if all that it needs is there."""
        sentence = self._objection()
        self.complain(sentence)
        if not sentence:
            self.start_wanted.emit(
                Wish(
                    data=Path(self.folder.text()).expanduser().absolute(),
                    name=self.name.text().strip(),
                    source=str(self.source.currentData() or ""),
                    minutes=self.minutes.value(),
                )
            )

    def _objection(self) -> str:
        folder, name = Path(self.folder.text()).expanduser(), self.name.text().strip()
        if not self.folder.text():
            return self.tr("Choose the folder with your pictures.")
        if not folder.exists():
            return self.tr("There is no folder {path}.").format(path=folder)
        try:
            check_name(name)
        except BadRequest as error:
            return str(error)
        if is_taken(name):
            return self.tr("There is a model called {name} already: choose another name.").format(name=name)
        return ""

    def _lay_out(self) -> None:
        pictures = QHBoxLayout()
        pictures.setSpacing(8)
        pictures.addWidget(self.folder, 1)
        pictures.addWidget(self.browse)
        advice = _note(
            self.tr(
                "At least 20 pictures of one kind (jpg, png, webp, bmp); some hundreds are better. They stay on "
                "this computer."
            )
        )
        form = QFormLayout()
        form.setLabelAlignment(Qt.AlignmentFlag.AlignVCenter)
        form.setVerticalSpacing(10)
        label = QLabel(self.tr("&Pictures"))
        label.setBuddy(self.folder)
        form.addRow(label, pictures)
        form.addRow("", advice)
        form.addRow(self.tr("&Name of the model"), self.name)
        form.addRow(self.tr("Start &from"), self.source)
        form.addRow(
            "", _note(self.tr("The new model keeps the size, colours and classes of the one it starts from."))
        )
        form.addRow(self.tr("&Time"), self.minutes)
        form.addRow("", _note(self.tr("You can pause at any time, and go on after a restart.")))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(14)
        column.addLayout(self.unfinished)
        column.addLayout(form)
        column.addWidget(self.complaint)
        column.addStretch(1)

    def _offer(self, run: Run) -> QWidget:
        offer = QWidget()
        row = QHBoxLayout(offer)
        row.setContentsMargins(0, 0, 0, 0)
        text = self.tr("{name} is unfinished: {share} of its training is done.")
        row.addWidget(QLabel(text.format(name=run.recipe.name, share=f"{run.share_done:.0%}")), 1)
        button = QPushButton(self.tr("&Continue {name}").format(name=run.recipe.name))
        button.setAutoDefault(False)
        button.clicked.connect(lambda: self.resume_wanted.emit(run.recipe.name))
        row.addWidget(button)
        return offer

    def _browse(self) -> None:
        before = self.folder.text() or str(Path.home())
        folder = QFileDialog.getExistingDirectory(self, self.tr("Your Pictures"), before)
        if folder:
            self.folder.setText(folder)

    def _take_name(self) -> None:
        self._named_by_hand = bool(self.name.text())

    def _suggest_name(self) -> None:
        """After the folder, until a name is typed."""
        self.complain("")
        if not self._named_by_hand:
            self.name.setText(Path(self.folder.text()).stem[:40])


def _note(text: str) -> QLabel:
    label = QLabel(text)
    label.setObjectName("note")
    label.setWordWrap(True)
    return label
