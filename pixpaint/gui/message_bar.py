"""A line above the canvas: what went wrong, or what can be done now; it waits and interrupts nobody."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt, SignalInstance
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from pixpaint.gui.icons import ICON_NAME, icon

Choice = tuple[str, Callable[[], object]]


class MessageBar(QFrame):
    """Shows one message at a time, with its choices as buttons; hidden when there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("message")
        self._picture = QLabel()
        self._picture.setFixedSize(20, 20)
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(8)
        close = QToolButton()
        close.setProperty(ICON_NAME, "close")
        close.setIcon(icon("close", self.palette()))
        close.setAutoRaise(True)
        close.setToolTip(self.tr("Dismiss"))
        close.setAccessibleName(self.tr("Dismiss"))
        close.clicked.connect(self.dismiss)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 7, 8, 7)
        row.setSpacing(10)
        row.addWidget(self._picture)
        row.addWidget(self._text, 1)
        row.addLayout(self._buttons)
        row.addWidget(close)
        self._icon_name = "info"
        self._until: Sequence[SignalInstance] = ()
        self.choices: list[QPushButton] = []
        self.hide()

    @property
    def text(self) -> str:
        """What is being said; empty while hidden."""
        return "" if self.isHidden() else self._text.text()

    def say(self, text: str, choices: Sequence[Choice] = (), *, until: Sequence[SignalInstance] = ()) -> None:
        """Any of the signals in `until` takes it away: what it says is over then."""
        self._show(text, choices, "note", "info", until)

    def complain(
        self, text: str, choices: Sequence[Choice] = (), *, until: Sequence[SignalInstance] = ()
    ) -> None:
        """As `say`, of what went wrong."""
        self._show(text, choices, "error", "warning", until)

    def dismiss(self) -> None:
        self._wait_for(())
        self.hide()

    def tint(self) -> None:
        """To be called when the window's colours have changed."""
        self._picture.setPixmap(icon(self._icon_name, self.palette()).pixmap(QSize(20, 20)))

    def _wait_for(self, until: Sequence[SignalInstance]) -> None:
        for signal in self._until:
            signal.disconnect(self.dismiss)
        for signal in until:
            signal.connect(self.dismiss)
        self._until = until

    def _show(
        self,
        text: str,
        choices: Sequence[Choice],
        kind: str,
        icon_name: str,
        until: Sequence[SignalInstance],
    ) -> None:
        self._wait_for(until)
        for button in self.choices:
            self._buttons.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.choices = []
        for label, action in choices:
            button = QPushButton(label)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys with the canvas
            button.clicked.connect(self.dismiss)
            button.clicked.connect(action)
            self._buttons.addWidget(button)
            self.choices.append(button)
        self._text.setText(text)
        self._icon_name = icon_name
        self.tint()
        if self.property("kind") != kind:
            self.setProperty("kind", kind)
            self.style().unpolish(self)
            self.style().polish(self)
        self.show()
