"""Between a person and several answers: the keys and buttons that switch, compare, keep and discard them."""

import time

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QWidget

from pixpaint.gui.actions import Actions
from pixpaint.gui.answer_strip import AnswerStrip
from pixpaint.gui.answers import Answers
from pixpaint.gui.canvas import Canvas
from pixpaint.gui.filling import Filling
from pixpaint.gui.message_bar import MessageBar
from pixpaint.gui.status import Status

GRACE = 1.0
"""seconds in which Esc discards nothing: until just now it was the key that stops"""


class AnswerDesk(QObject):
    """Connects the actions for answers, and shows the strip while there are any. Keys held are seen by `window`."""

    def __init__(
        self,
        filling: Filling,
        canvas: Canvas,
        actions: Actions,
        strip: AnswerStrip,
        bar: MessageBar,
        status: Status,
        window: QWidget,
    ) -> None:
        super().__init__(strip)
        self._filling = filling
        self._canvas = canvas
        self._actions = actions
        self._strip = strip
        self._bar = bar
        self._status = status
        self._answers: Answers | None = None
        self._held: int | None = None
        self._offer = ""
        self._choosing_since: float | None = None
        actions.next_answer.triggered.connect(lambda: self._step(1))
        actions.previous_answer.triggered.connect(lambda: self._step(-1))
        actions.keep.triggered.connect(self.keep)
        actions.discard.triggered.connect(self._discard)
        actions.copy_seed.triggered.connect(lambda: self._copy_seed())
        strip.chosen.connect(self._choose)
        strip.copy_wanted.connect(self._copy_seed)
        strip.original.pressed.connect(lambda: self._peek(True))
        strip.original.released.connect(lambda: self._peek(False))
        filling.state_changed.connect(self.update)
        filling.comparing.progressed.connect(lambda: strip.note.setText(self._note()))
        filling.comparing.failed.connect(self._admit)
        filling.discarded.connect(self._offer_back)
        window.installEventFilter(self)
        self.update()

    def keep(self) -> None:
        answers = self._answers
        finished = self._filling.complete
        self._filling.keep()
        if answers is not None and finished:
            text = self.tr("Answer {number} with the seed {seed} is kept.")
            self._status.say(text.format(number=answers.current + 1, seed=answers.seeds[answers.current]))

    def update(self) -> None:
        """The strip and what can be done now, after anything has changed."""
        filling, actions = self._filling, self._actions
        if filling.answers is not self._answers:
            self._peek(False)
            self._answers = filling.answers
            self._strip.take(self._answers)
            if self._answers is not None:
                self._answers.compared.connect(self._show_ranking)
        for action in (actions.next_answer, actions.previous_answer, actions.copy_seed):
            action.setEnabled(self._answers is not None)
        for action in (actions.keep, actions.discard):
            action.setEnabled(filling.choosing)
        if not filling.choosing:
            self._choosing_since = None
        elif self._choosing_since is None:
            self._choosing_since = time.monotonic()
        if self._offer and not filling.can_bring_back:
            if self._bar.text == self._offer:
                self._bar.dismiss()
            self._offer = ""
        self._strip.note.setText(self._note())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """The original is shown while its key is held, whichever of the keys that layout has it on."""
        kind = event.type()
        if kind == QEvent.Type.WindowDeactivate:
            self._peek(False)
        elif isinstance(event, QKeyEvent) and not event.isAutoRepeat():
            if kind == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Backslash:
                self._held = event.nativeScanCode()
                self._peek(True)
                return self._answers is not None
            let_go = event.key() == Qt.Key.Key_Backslash or event.nativeScanCode() == self._held
            if kind == QEvent.Type.KeyRelease and self._held is not None and let_go:
                self._peek(False)
        return super().eventFilter(watched, event)

    def _discard(self) -> None:
        if self._choosing_since is not None and time.monotonic() - self._choosing_since >= GRACE:
            self._filling.discard()

    def _step(self, by: int) -> None:
        if self._answers is not None:
            self._answers.step(by)

    def _choose(self, place: int) -> None:
        if self._answers is not None:
            self._answers.choose(place)

    def _peek(self, shown: bool) -> None:
        if not shown:
            self._held = None
        if shown and self._answers is not None:
            self._canvas.peek(self._answers.before, self._answers.box[:2])
        else:
            self._canvas.peek(None)

    def _copy_seed(self, place: int | None = None) -> None:
        """Of an answer, or of the current one."""
        if self._answers is not None:
            seed = self._answers.seeds[self._answers.current if place is None else place]
            QGuiApplication.clipboard().setText(str(seed))
            self._status.say(self.tr("The seed {seed} is on the clipboard.").format(seed=seed))

    def _show_ranking(self) -> None:
        below = None if self._answers is None else self._answers.below_best
        if below is not None:
            text = self.tr(
                "Answer {number} fits the known pixels best. Enter keeps the one shown, Esc discards all."
            )
            self._status.say(text.format(number=int(below.argmin()) + 1))
        self.update()

    def _admit(self) -> None:
        self._status.say("")
        self._bar.complain(
            self.tr("The answers could not be compared; the log has the details. Choose by eye.")
        )
        self.update()

    def _offer_back(self, count: int) -> None:
        self._offer = self.tr("{count} answers were discarded.").format(count=count)
        self._bar.say(self._offer, [(self.tr("&Bring Back"), self._filling.bring_back)])

    def _note(self) -> str:
        if self._answers is None:
            return ""
        if self._filling.busy:
            return self.tr("{count} answers at once. The keys “,” and “.” switch.").format(
                count=len(self._answers)
            )
        if not self._filling.complete:
            return self.tr("Stopped. Go on with all, or keep one as far as it has come.")
        if self._filling.comparing.running:
            text = self.tr("Comparing how well they fit, {done} of {count} done. You may choose already.")
            return text.format(done=self._filling.comparing.done, count=len(self._answers))
        if self._answers.fits is None:
            return self.tr("Choose one. The keys “,” and “.” switch.")
        return self.tr("Nats: how much less likely the picture is than with the best fit.")
