"""The status bar: what is going on, how far it is, and with what it is done."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QLabel, QProgressBar, QStatusBar, QWidget

from pixpaint.gui.fill_state import Progress

MINUTE, HOUR = 60, 3600


class Status(QStatusBar):
    """On the left what happens, on the right where the pointer is, the picture's size, the zoom, the device."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.text = QLabel()
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedSize(QSize(160, 8))
        self.progress.hide()
        self.pointer, self.size_text, self.zoom, self.means = QLabel(), QLabel(), QLabel(), QLabel()
        self.compiling = QLabel(self.tr("Compiling the fast engine, once…"))
        self.compiling.setToolTip(
            self.tr("Until it is ready, which takes less than a minute, fills run on a slower one.")
        )
        self.training = QLabel()
        self.addWidget(self.progress)
        self.addWidget(self.text, 1)
        for label in (self.pointer, self.size_text, self.zoom, self.training, self.compiling, self.means):
            label.setContentsMargins(8, 0, 8, 0)
            self.addPermanentWidget(label)
        self.compiling.hide()
        self.training.hide()
        self.setContentsMargins(10, 3, 6, 3)

    def show_compiling(self, running: bool) -> None:
        self.compiling.setVisible(running)

    def show_training(self, text: str) -> None:
        self.training.setText(text)
        self.training.setVisible(bool(text))

    def say(self, text: str) -> None:
        self.progress.hide()
        self.text.setText(text)

    def outdate(self) -> None:
        """Drops what was said of the picture as it was; what is under way stays."""
        if self.progress.isHidden():
            self.text.setText("")

    def show_wait(self, text: str) -> None:
        """Something has started that does not tell how far it is."""
        self.progress.setRange(0, 0)
        self.progress.show()
        self.text.setText(text)

    def show_progress(self, progress: Progress) -> None:
        self.progress.setRange(0, progress.total)
        self.progress.setValue(progress.done)
        self.progress.show()
        place = self.tr("Row {row} of {count}").format(row=progress.row, count=progress.row_count)
        if progress.several_levels:
            place = self.tr("{percent} % painted").format(percent=progress.percent)
        if progress.seconds_left is None or progress.done == progress.total:
            self.text.setText(place)
        else:
            left = self.tr("{time} left").format(time=self.duration(progress.seconds_left))
            self.text.setText(f"{place}, {left}")

    def duration(self, seconds: float) -> str:
        """As exactly as one wants to know it."""
        if seconds < 1:
            return self.tr("less than a second")
        if seconds < MINUTE:
            return self.tr("about {seconds} s").format(seconds=round(seconds))
        if seconds < 2 * HOUR:
            return self.tr("about {minutes} min").format(minutes=round(seconds / MINUTE))
        return self.tr("about {hours} hours").format(hours=round(seconds / HOUR))

    def point_to(self, row: int, column: int) -> None:
        self.pointer.setText(f"{column}, {row}" if row >= 0 else "")
