"""The second page of the training dialog: how far it is, what it has brought, and samples of what the model paints."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QGridLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from pixpaint.gui.training import Phase, Training

ENLARGED = 2
PER_MILLE = 1000
SHEET_ROWS = 4


class TrainView(QWidget):
    """Shows a Training as it stands."""

    def __init__(
        self, training: Training, in_words: Callable[[float], str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._training = training
        self._in_words = in_words
        self._shown: tuple[str, int] | None = None
        self.title, self.state, self.pictures, self.bits = QLabel(), QLabel(), QLabel(), QLabel()
        self.title.setObjectName("heading")
        for label in (self.state, self.pictures, self.bits):
            label.setWordWrap(True)
        self.pictures.setObjectName("note")
        self.complaint = QLabel()
        self.complaint.setObjectName("complaint")
        self.complaint.setWordWrap(True)
        self.complaint.hide()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(10)
        self.samples = QLabel()
        self._captions = [
            QLabel(text)
            for text in (self.tr("hidden"), self.tr("painted"), self.tr("original"), self.tr("from nothing"))
        ]
        self._lay_out()

    def update_view(self) -> None:
        """After phase or standing have changed."""
        training, standing = self._training, self._training.standing
        self.title.setText(self.tr("Training {name}").format(name=training.name))
        progress, score = standing.progress, standing.score
        waits = training.phase is Phase.RUNNING and "seconds_left" not in progress
        self.bar.setRange(0, 0 if waits else PER_MILLE)
        if training.phase is Phase.DONE:
            self.bar.setValue(PER_MILLE)
        elif not waits:
            self.bar.setValue(round(PER_MILLE * float(progress.get("share_done", 0.0))))
        self.state.setText(self._state())
        self.pictures.setText(self._about_pictures())
        if score:
            text = self.tr("Bits/dim on the held-out pictures, lower is better: {before} before, {now} now.")
            if not score["step"]:
                text = self.tr(
                    "Bits/dim on the held-out pictures, lower is better: {before} before training."
                )
            self.bits.setText(text.format(before=f"{score['before']:.3f}", now=f"{score['now']:.3f}"))
            self._show_samples(str(score["samples"]), int(score["step"]))
        else:
            self.bits.setText("")
            self._show_samples("", -1)

    def complain(self, sentence: str) -> None:
        self.complaint.setText(sentence)
        self.complaint.setVisible(bool(sentence))

    def _state(self) -> str:
        training, progress = self._training, self._training.standing.progress
        match training.phase:
            case Phase.PAUSING | Phase.KEEPING:
                return self.tr("Saving what has been learned…")
            case Phase.DISCARDING:
                return self.tr("Discarding…")
            case Phase.PAUSED:
                return self.tr("Paused; all is saved.")
            case Phase.DONE:
                return self.tr("{name} is trained and among your models.").format(name=training.name)
        if "seconds_left" not in progress:
            return self.tr("Looking at the pictures…")
        return self.tr("Step {step}, {left} left").format(
            step=progress["step"], left=self._in_words(float(progress["seconds_left"]))
        )

    def _about_pictures(self) -> str:
        pictures = self._training.standing.pictures
        if not pictures:
            return ""
        parts = [
            self.tr("{count} pictures to learn from").format(count=pictures["training"]),
            self.tr("{count} held out to measure with").format(count=pictures.get("held_out", 0)),
        ]
        if pictures.get("unreadable"):
            parts.append(self.tr("{count} that can't be read").format(count=pictures["unreadable"]))
        if pictures.get("too_small"):
            parts.append(self.tr("{count} too small").format(count=pictures["too_small"]))
        if pictures.get("folders_without_class"):
            names = ", ".join(pictures["folders_without_class"])
            parts.append(self.tr("no class for {names}").format(names=names))
        return ", ".join(parts) + "."

    def _show_samples(self, path: str, step: int) -> None:
        """The strip is rewritten in place at every score."""
        if self._shown == (path, step):
            return
        self._shown = (path, step)
        image = QImage(path) if path and Path(path).exists() else QImage()
        for caption in self._captions:
            caption.setVisible(not image.isNull())
        self.samples.setVisible(not image.isNull())
        if not image.isNull():
            size = image.size() * ENLARGED
            self.samples.setPixmap(QPixmap.fromImage(image.scaled(size)))

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(0)
        for row, caption in enumerate(self._captions):
            caption.setObjectName("note")
            grid.addWidget(caption, row, 0, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.setRowStretch(row, 1)
        grid.addWidget(self.samples, 0, 1, SHEET_ROWS, 1)
        grid.setColumnStretch(2, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        for widget in (self.title, self.bar, self.state, self.pictures, self.bits, self.complaint):
            column.addWidget(widget)
        column.addLayout(grid)
        column.addStretch(1)
