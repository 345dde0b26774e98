"""Between a person and what the model looks at: while it is switched on, the canvas shows it for the pixel under the
pointer. It is found beside the GUI, and shown only as long as picture, model and pointer are what they were."""

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QLabel, QWidget

from pixpaint.document import Document
from pixpaint.gui.actions import Actions
from pixpaint.gui.canvas import Canvas
from pixpaint.gui.editor import Editor
from pixpaint.gui.field_worker import FieldWorker, LookJob
from pixpaint.gui.side_panel import SidePanel
from pixpaint.models.field import DECODER_COLOUR, ENCODER_COLOUR, Colour, overlay

if TYPE_CHECKING:
    from pixpaint.sampling.look import Look

PAUSE = 80
"""Milliseconds that the pointer and the picture must rest before the model is asked."""
REACH = 2
"""So many of the model's crops around the pixel hold every window that it could be painted in."""


class FieldLegend(QLabel):
    """What the colours mean, at the foot of the canvas; the pointer goes through it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("legend")
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setWordWrap(True)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()


class FieldDesk(QObject):
    """Connects the action that switches it on and off."""

    def __init__(
        self,
        editor: Editor,
        canvas: Canvas,
        panel: SidePanel,
        actions: Actions,
        worker: FieldWorker,
        legend: FieldLegend,
    ) -> None:
        super().__init__(canvas)
        self._editor, self._canvas, self._panel = editor, canvas, panel
        self._worker, self._legend = worker, legend
        self._on = False
        self._at: tuple[int, int] | None = None
        self._corner = (0, 0)
        self._number = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE)
        self._timer.timeout.connect(self._ask)
        actions.field_shown.toggled.connect(self._switch)
        canvas.pointed.connect(self._point)
        editor.replaced.connect(lambda: self._point(-1, -1))
        editor.changed.connect(self._renew)
        panel.model_chosen.connect(self._renew)
        panel.label.currentIndexChanged.connect(self._renew)
        worker.looked.connect(self._show)
        worker.failed.connect(self._complain)

    def _switch(self, on: bool) -> None:
        self._on = on
        self._legend.setVisible(on)
        self._renew()

    def _point(self, row: int, column: int) -> None:
        at = (row, column) if row >= 0 else None
        if at != self._at:
            self._at = at
            self._renew()

    def _renew(self) -> None:
        """What is shown, or being found, is out of date."""
        self._number += 1
        self._canvas.show_field(None)
        self._timer.stop()
        if not self._on:
            return
        card = self._panel.card
        if card is None:
            self._legend.setText(self.tr("There is no model whose view could be shown."))
        elif self._at is None:
            text = self.tr("Point at a pixel to see what {model} would look at to paint it.")
            self._legend.setText(text.format(model=card.name))
        else:
            self._legend.setText(self.tr("Finding out what {model} looks at…").format(model=card.name))
            self._timer.start()

    def _ask(self) -> None:
        card, document = self._panel.card, self._editor.document
        if card is None or self._at is None:
            return
        reach, (row, column) = REACH * card.size, self._at
        top, left = max(row - reach, 0), max(column - reach, 0)
        part = np.s_[top : row + reach + 1, left : column + reach + 1]
        alpha = None if document.alpha is None else document.alpha[part]
        near = Document(pixels=document.pixels[part], alpha=alpha, hole=document.hole[part])
        self._corner = top, left
        job = LookJob(
            id=self._number,
            settings=self._panel.subject(),
            image=near.on_white(near.hole),
            hole=near.hole.copy(),
            at=(row - top, column - left),
        )
        self._worker.ask(job)

    def _show(self, number: int, look: "Look") -> None:
        if number != self._number or not self._on or self._at is None:
            return
        field, (top, left) = look.field, self._corner
        self._canvas.show_field(overlay(field), (top + look.box[0], left + look.box[1]), self._at)
        count = int(np.count_nonzero(field.seen))
        parts = [
            _swatch(DECODER_COLOUR)
            + self.tr("{count} earlier pixels, by the decoder").format(count=f"{count:,}")
        ]
        if field.encoder is not None:
            count = int(np.count_nonzero(field.encoder))
            text = self.tr("{count} known pixels on any side, by the encoder").format(count=f"{count:,}")
            parts.append(_swatch(ENCODER_COLOUR) + text)
        parts.append(self.tr("the stronger the colour, the more they matter"))
        if look.orientation:
            parts.append(self.tr("the picture is turned or mirrored to paint this"))
        if look.coarse_to_fine:
            parts.append(self.tr("a hole this large is painted coarse to fine, which is left out here"))
        self._legend.setText("&nbsp;&nbsp; ".join(parts))

    def _complain(self, job: object, sentence: str) -> None:
        if isinstance(job, LookJob) and job.id == self._number and self._on:
            self._legend.setText(sentence)


def _swatch(colour: Colour) -> str:
    return f'<span style="color: rgb{colour}">■</span> '
