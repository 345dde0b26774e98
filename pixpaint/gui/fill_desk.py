"""Between a person and the fill: what panel, message bar and status bar say and offer in each of its states."""

import dataclasses

import numpy as np
from PySide6.QtCore import QObject

from pixpaint.gui.actions import Actions
from pixpaint.gui.editor import Editor
from pixpaint.gui.fill_state import State
from pixpaint.gui.fill_worker import FillWorker, Means
from pixpaint.gui.filling import Filling
from pixpaint.gui.message_bar import Choice, MessageBar
from pixpaint.gui.side_panel import SidePanel
from pixpaint.gui.status import Status

ENGINE_NAMES = {"cpu": "CPU", "cuda": "GPU"}


class FillDesk(QObject):
    """Connects the actions of the Fill menu, and keeps the fill's news in sight."""

    def __init__(
        self,
        editor: Editor,
        filling: Filling,
        worker: FillWorker,
        actions: Actions,
        panel: SidePanel,
        bar: MessageBar,
        status: Status,
    ) -> None:
        super().__init__(panel)
        self._editor = editor
        self._filling = filling
        self._worker = worker
        self._actions = actions
        self._panel = panel
        self._bar = bar
        self._status = status
        self._means: Means | None = None
        actions.fill.triggered.connect(self.fill)
        actions.fill_anew.triggered.connect(self.fill_anew)
        actions.stop.triggered.connect(filling.stop)
        actions.roll.triggered.connect(panel.roll)
        actions.undo.triggered.connect(self.undo)
        actions.redo.triggered.connect(self.redo)
        panel.fill_wanted.connect(self.fill)
        panel.stop_wanted.connect(filling.stop)
        panel.model_chosen.connect(self.prepare)
        panel.answers.valueChanged.connect(self.update)
        worker.prepared.connect(self._show_means)
        filling.state_changed.connect(self._show_state)
        filling.progressed.connect(status.show_progress)
        filling.finished.connect(self._say_finished)
        filling.failed.connect(self._complain)
        filling.unready.connect(self._complain_of_model)
        filling.gpu_full.connect(self._offer_cpu)

    def prepare(self) -> None:
        """Loads the chosen model ahead of the first fill."""
        self._means = None
        self.update()
        if self._panel.has_model:
            self._status.means.setText(self.tr("Loading the model…"))
            self._worker.prepare(self._panel.settings())

    def fill(self) -> None:
        """Starts, or goes on with a stopped fill if nothing was set anew since."""
        if not self._panel.has_model:
            self._bar.complain(self.tr("There is no model to paint with: pixpaint train makes one."))
        elif self._filling.can_resume(self._panel.settings()):
            self._filling.resume()
        elif self._filling.choosing:
            self._actions.keep.trigger()
        elif not self._editor.document.hole.any():
            all_of_it = (self.tr("Mask All (Ctrl+A)"), self._actions.mask_all.trigger)
            if self._is_sketch():
                all_of_it = (self.tr("Mask Blank Paper"), self._actions.mask_paper.trigger)
            self._bar.say(
                self.tr("Nothing is masked: paint over what is to be filled with the mask brush."),
                [
                    (self.tr("Mask Brush (B)"), self._actions.tools["brush"].trigger),
                    all_of_it,
                ],
                until=(self._editor.changed, self._editor.replaced),
            )
        else:
            self._bar.dismiss()
            self._filling.start(self._panel.settings())

    def fill_anew(self) -> None:
        """Takes the last fill back and paints another in its place; a hole that waits is filled as it is."""
        if self._filling.choosing or self._filling.just_filled:
            self.undo()
        self._panel.roll()
        self.fill()

    def undo(self) -> None:
        """Several answers that wait for a choice are the last thing done, although no step yet."""
        if self._filling.choosing:
            self._filling.discard()
        else:
            step = self._editor.history.undoText()
            self._editor.history.undo()
            self._status.say(self.tr("Undone: {step}.").format(step=step))

    def redo(self) -> None:
        step = self._editor.history.redoText()
        self._editor.history.redo()
        self._status.say(self.tr("Done again: {step}.").format(step=step))

    def update(self) -> None:
        """The panel's note and what can be done now, after anything has changed."""
        busy = self._filling.busy
        actions = self._actions
        choosing, settled = self._filling.choosing, self._filling.settled
        actions.fill.setEnabled(settled or self._filling.can_go_on)
        actions.roll.setEnabled(settled)
        actions.stop.setEnabled(busy)
        hole = self._editor.document.hole
        pixels = int(np.count_nonzero(hole))
        actions.fill_anew.setEnabled(not busy and (pixels > 0 or choosing or self._filling.just_filled))
        if busy:
            self._panel.show_note(self.tr("Painting; Esc stops and keeps what is painted."))
        elif choosing:
            self._panel.show_note(self.tr("The answers below wait for your choice."))
        elif not pixels:
            self._panel.show_note(self.tr("Mask what is to be painted."))
        else:
            text = self.tr("{pixels} in {rows} are masked")
            if pixels == 1:
                text = self.tr("{pixels} in {rows} is masked")
            text = text.format(pixels=self._pixels(pixels), rows=self._rows(int(hole.any(axis=1).sum())))
            seconds = self._expected_seconds(pixels)
            if seconds is not None:
                text += f", {self._status.duration(seconds)}"
            self._panel.show_note(f"{text}.")

    def _is_sketch(self) -> bool:
        """It is no file yet, and has more paper than anything else."""
        document = self._editor.document
        return document.path is None and float(self._editor.blank_paper().mean()) > 0.5

    def _expected_seconds(self, pixels: int) -> float | None:
        """For a fill by what is chosen now; None before anything is known of its like."""
        if self._means is None or not self._panel.has_model:
            return None
        settings = dataclasses.replace(self._panel.subject(), candidates=self._panel.answers.value())
        return self._filling.pace.seconds(settings, self._means, pixels)

    def _show_state(self) -> None:
        state = self._filling.state
        instead = ""
        if self._filling.choosing:
            whole = self._filling.complete
            instead = self.tr("Keep  (Enter)") if whole else self.tr("Continue  (Ctrl+Enter)")
        self._panel.show_filling(self._filling.busy, instead)
        if state is State.FILLING:
            self._bar.dismiss()
            self._status.show_wait(self.tr("Reading what surrounds the mask…"))
        elif self._filling.can_go_on:
            text = self._stopped_text()
            self._status.say(text)
            self._bar.say(text, self._choices())
        elif state in (State.IDLE, State.CHOOSING):
            self._bar.dismiss()
            self._status.say("")

    def _stopped_text(self) -> str:
        place = self._filling.stopped_at
        if place is None:
            return self.tr("Stopped.")
        if place.several_levels:
            return self.tr("Stopped at {percent} %.").format(percent=place.percent)
        return self.tr("Stopped at row {row} of {count}.").format(row=place.row, count=place.row_count)

    def _choices(self) -> list[Choice]:
        if self._filling.choosing:
            return [
                (self.tr("&Continue All"), self._filling.resume),
                (self.tr("Continue Only &This One"), self._go_on_with_one),
                (self.tr("Discar&d"), self._filling.discard),
            ]
        return [
            (self.tr("&Continue"), self._filling.resume),
            (self.tr("&Repaint from Here"), self._repaint),
            (self.tr("&Undo"), self.undo),
        ]

    def _go_on_with_one(self) -> None:
        """With the answer that is shown; the others are given up."""
        self._filling.keep()
        self._filling.resume()

    def _repaint(self) -> None:
        """The rest of the hole from another seed; what is painted counts as known."""
        self._panel.roll()
        self._filling.start(self._panel.settings())

    def _complain(self, sentence: str) -> None:
        self._status.say("")
        choices = self._choices() if self._filling.can_go_on else []
        self._bar.complain(sentence, choices, until=self._editor.next_step)

    def _complain_of_model(self, sentence: str) -> None:
        self._status.say("")
        self._status.means.setText("")
        self._bar.complain(sentence, until=(self._worker.prepared,))

    def _offer_cpu(self) -> None:
        self._status.say("")
        self._bar.complain(
            self.tr("The GPU has not enough memory for this fill. Go on with the CPU?"),
            [
                (self.tr("&Go On with the CPU"), self._go_on_with_cpu),
                (self.tr("&Stop Here"), self._show_state),
            ],
            until=self._editor.next_step,
        )

    def _go_on_with_cpu(self) -> None:
        """From the last painted row on; where there is none, what is masked now is filled."""
        if self._filling.can_go_on:
            self._filling.resume_on_cpu()
        elif self._editor.document.hole.any():
            self._filling.start(dataclasses.replace(self._panel.settings(), device="cpu"))

    def _say_finished(self, pixels: int, seconds: float) -> None:
        text = self.tr("{pixels} painted in {seconds} s. Ctrl+Shift+Enter paints another answer.")
        answers = self._filling.answers
        if answers is not None:
            text = self.tr("{count} answers of {pixels} painted in {seconds} s. Comparing them…")
        text = text.format(
            count=0 if answers is None else len(answers),
            pixels=self._pixels(pixels),
            seconds=f"{seconds:.{1 if seconds >= 1 else 2}f}",
        )
        if answers is None:
            self._status.say(text)
        else:
            self._status.show_wait(text)

    def _pixels(self, count: int) -> str:
        text = self.tr("{count} pixel") if count == 1 else self.tr("{count} pixels")
        return text.format(count=f"{count:,}")

    def _rows(self, count: int) -> str:
        text = self.tr("{count} row") if count == 1 else self.tr("{count} rows")
        return text.format(count=f"{count:,}")

    def _show_means(self, means: Means) -> None:
        self._means = means
        self.update()
        device = ENGINE_NAMES.get(means.device, means.device)
        self._status.means.setText(self.tr("{engine} on {device}").format(engine=means.engine, device=device))
