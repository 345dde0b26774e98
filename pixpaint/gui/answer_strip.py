"""The strip below the canvas: all answers of a fill side by side while they are painted, compared and chosen from."""

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from pixpaint.gui.actions import Actions
from pixpaint.gui.answers import Answers
from pixpaint.gui.icons import ICON_NAME
from pixpaint.gui.thumbnail import Thumbnail

REFRESH = 80
"""milliseconds between two looks at rows that come in: on a fast machine they come every few"""
SIDE = 216
LEAST_DIFFERENCE = 0.05
"""nats; less is not worth telling"""


class AnswerStrip(QFrame):
    """Shows the Answers it was given; hidden without."""

    chosen = Signal(int)
    copy_wanted = Signal(int)
    """the seed of the answer at this place"""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("answers")
        self._answers: Answers | None = None
        self.thumbnails: list[Thumbnail] = []
        self._group = QButtonGroup(self)
        self._group.idClicked.connect(self.chosen)
        self._refresh = QTimer(self, singleShot=True, interval=REFRESH)
        self._refresh.timeout.connect(self._repaint)
        self.note = QLabel()
        self.note.setObjectName("note")
        self.note.setWordWrap(True)
        self.note.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.keep = _button(actions.keep, self.tr("Keep  (Enter)"))
        self.keep.setObjectName("keep")
        self.keep.setProperty(
            ICON_NAME, None
        )  # its words say it, and an icon is not drawn for that background
        self.discard = _button(actions.discard, self.tr("Discard"))
        self.copy_seed = _button(actions.copy_seed, self.tr("Copy Seed"))
        self.original = _Button(self.tr("Original"))
        self.original.setProperty(ICON_NAME, "original")
        self.original.setToolTip(self.tr("Shows the picture before the fill as long as it is held (\\)"))
        self._row = QHBoxLayout()
        self._row.setSpacing(4)
        self._lay_out()
        self.hide()

    def take(self, answers: Answers | None) -> None:
        """Shows these answers in place of those before."""
        for thumbnail in self.thumbnails:
            self._group.removeButton(thumbnail)
            self._row.removeWidget(thumbnail)
            thumbnail.hide()
            thumbnail.deleteLater()
        self.thumbnails = []
        self._answers = answers
        self.setVisible(answers is not None)
        if answers is None:
            return
        for place, picture in enumerate(answers.pictures):
            thumbnail = Thumbnail(picture)
            copy = QAction(self.tr("Copy Seed"), thumbnail)
            copy.triggered.connect(lambda _=False, place=place: self.copy_wanted.emit(place))
            thumbnail.addAction(copy)
            thumbnail.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
            self._group.addButton(thumbnail, place)
            self._row.insertWidget(place, thumbnail)
            self.thumbnails.append(thumbnail)
        answers.painted.connect(self._wait)
        answers.switched.connect(self._mark)
        answers.compared.connect(self._describe)
        self._mark()
        self._describe()

    def _wait(self) -> None:
        """Rows are looked at together, now and then: painting must not wait for them."""
        if self._answers is self.sender() and not self._refresh.isActive():
            self._refresh.start()

    def _repaint(self) -> None:
        for thumbnail in self.thumbnails:
            thumbnail.refresh()

    def _mark(self) -> None:
        if self._answers is not None:
            self.thumbnails[self._answers.current].setChecked(True)

    def _describe(self) -> None:
        answers = self._answers
        if answers is None:
            return
        below = answers.below_best
        for place, (thumbnail, seed) in enumerate(zip(self.thumbnails, answers.seeds, strict=True)):
            best = below is not None and place == int(below.argmin())
            headlines = (str(place + 1),) if below is None else self._headlines(float(below[place]), best)
            thumbnail.describe(headlines, (self.tr("seed {seed}").format(seed=seed), str(seed)), best)
            tip = self._tip(place, seed, None if below is None else float(below[place]))
            thumbnail.setToolTip(tip)
            thumbnail.setAccessibleName(tip)

    def _headlines(self, below: float, best: bool) -> tuple[str, ...]:
        if best:
            return self.tr("best fit"), self.tr("best")
        if below < LEAST_DIFFERENCE:
            return (self.tr("as good"),)
        nats = f"−{below:,.1f}" if below < 100 else f"−{below:,.0f}"
        return self.tr("{nats} nats").format(nats=nats), nats

    def _tip(self, place: int, seed: int, below: float | None) -> str:
        tip = self.tr("Answer {number}, seed {seed}").format(number=place + 1, seed=seed)
        if below is None:
            return tip
        if below == 0:
            return tip + self.tr(": the known pixels follow from it best.")
        return tip + self.tr(
            ": the known pixels are {nats} nats less likely after it than after the best."
        ).format(nats=f"{below:,.2f}")

    def _lay_out(self) -> None:
        self._row.addStretch(1)
        buttons = QGridLayout()
        buttons.setSpacing(6)
        buttons.addWidget(self.keep, 0, 0)
        buttons.addWidget(self.discard, 0, 1)
        buttons.addWidget(self.original, 1, 0)
        buttons.addWidget(self.copy_seed, 1, 1)
        side = QVBoxLayout()
        side.addWidget(self.note, 1)
        side.addLayout(buttons)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(12, 8, 14, 10)
        whole.setSpacing(12)
        whole.addLayout(self._row, 1)
        whole.addLayout(side)
        self.note.setFixedWidth(SIDE)
        # The window does not grow for it: many answers in a narrow one are shown smaller.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)


class _Button(QPushButton):
    """Enter presses it when it has the focus, although Enter is also the shortcut that keeps an answer."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setIconSize(QSize(16, 16))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and _is_enter(event):
            event.accept()
            return True
        if event.type() == QEvent.Type.KeyPress and _is_enter(event):
            self.click()
            return True
        return super().event(event)


def _is_enter(event: QEvent) -> bool:
    return isinstance(event, QKeyEvent) and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)


def _button(action: QAction, text: str) -> _Button:
    """Triggers an action, and can be pressed when that can."""
    button = _Button(text)
    button.setProperty(ICON_NAME, action.property(ICON_NAME))
    button.setToolTip(action.toolTip())
    button.clicked.connect(action.trigger)
    action.enabledChanged.connect(button.setEnabled)
    button.setEnabled(action.isEnabled())
    return button
