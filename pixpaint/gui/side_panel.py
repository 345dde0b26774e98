"""The panel beside the canvas: which model paints what, from which seed, how boldly; and the button that fills."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from pixpaint.gui.icons import ICON_NAME
from pixpaint.gui.model_facts import ModelFacts
from pixpaint.gui.wheel import ScrollsFirst
from pixpaint.models.card import PHOTO, SKETCH, suited_model
from pixpaint.recipe import FillSettings
from pixpaint.sampling.pair import can_pair

if TYPE_CHECKING:
    from pixpaint.models.card import ModelCard

WIDTH = 256
SEED_MAX = 2**31 - 1
ROLLED_BELOW = 10**6
ANSWERS_MAX = 8
HUNDREDTHS = 100
TEMPERATURE_MAX = 2.0


class SidePanel(QFrame):
    """`settings()` is what a fill started now would use."""

    fill_wanted = Signal()
    stop_wanted = Signal()
    model_chosen = Signal()

    def __init__(self, cards: "Sequence[ModelCard]", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("side")
        self.setFixedWidth(WIDTH)
        self._cards = {card.name: card for card in cards}
        self._make_widgets()
        self._lay_out()
        self.model.currentIndexChanged.connect(self._take_model)
        self.coarse.currentIndexChanged.connect(self.model_chosen)
        self._take_model()

    def settings(self) -> FillSettings:
        self._settle_label()
        return replace(
            self.subject(),
            seed=self.seed.value(),
            temperature=self.temperature.value(),
            candidates=self.answers.value(),
        )

    def subject(self) -> FillSettings:
        """Its models and class alone, whatever is being typed."""
        place = self.label.currentIndex()
        label = self.label.itemText(place) if place > 0 else None
        coarse = self.coarse.currentText() if self.coarse.currentIndex() > 0 else None
        return FillSettings(model=self.model.currentText(), coarse=coarse, label=label)

    @property
    def card(self) -> "ModelCard | None":
        """That of the chosen model, if there is any."""
        return self._cards.get(self.model.currentText())

    def store(self, settings: QSettings) -> None:
        """Keeps models, class, number of answers and temperature for the next start."""
        settings.setValue("model", self.model.currentText())
        settings.setValue("coarse", self.coarse.currentText())
        settings.setValue("class", self.label.currentText())
        settings.setValue("temperature", self.temperature.value())
        settings.setValue("answers", self.answers.value())

    def show_models(self, cards: "Sequence[ModelCard]", chosen: str = "") -> None:
        """Another list of models; the one in use stays chosen, unless another is named."""
        before = self.model.currentText()
        self._cards = {card.name: card for card in cards}
        with QSignalBlocker(self.model):
            self._list_models()
            self.model.setCurrentIndex(max(self.model.findText(chosen or before), 0))
        self._list_coarse(self.coarse.currentText())
        if self.model.currentText() != before:
            self._take_model()

    def restore(self, settings: QSettings) -> None:
        """The inverse of `store`; a model or class that is gone is passed over."""
        model = str(settings.value("model", FillSettings().model))
        self.model.setCurrentIndex(max(self.model.findText(model), 0))
        self.coarse.setCurrentIndex(max(self.coarse.findText(str(settings.value("coarse", ""))), 0))
        self.label.setCurrentIndex(max(self.label.findText(str(settings.value("class", ""))), 0))
        temperature = settings.value("temperature", 1.0, float)
        self.temperature.setValue(temperature if isinstance(temperature, float) else 1.0)
        answers = settings.value("answers", 1, int)
        self.answers.setValue(answers if isinstance(answers, int) else 1)

    def suit(self, drawing: bool) -> None:
        """Chooses the bundled model for a drawing or for any other picture, unless the chosen one is another."""
        bundled = {SKETCH, PHOTO}
        if self.model.currentText() in bundled:
            place = self.model.findText(suited_model(drawing))
            self.model.setCurrentIndex(place if place >= 0 else self.model.currentIndex())

    def roll(self) -> None:
        """Another seed, short enough to be read and noted."""
        self.seed.setValue(random.randrange(ROLLED_BELOW))

    @property
    def has_model(self) -> bool:
        return bool(self._cards)

    def show_filling(self, filling: bool, instead: str = "") -> None:
        """The button stops the fill while one runs, or does something `instead` of filling; what is set for a fill
        can't be changed then."""
        self._filling = filling
        text = self.tr("Stop  (Esc)") if filling else instead or self.tr("Fill  (Ctrl+Enter)")
        self.button.setText(text)
        self._changeable = not filling and not instead
        temperature = (self.temperature, self._slider)
        for widget in (self.model, self.coarse, self.seed, self.dice, self.answers, *temperature):
            widget.setEnabled(self._changeable)
        self._enable_label()

    def show_note(self, text: str) -> None:
        """What a fill would do now, or why there can be none."""
        self._note.setText(text)

    def _make_widgets(self) -> None:
        self.model = QComboBox()
        self._list_models()
        self._model_note = _note()
        self.coarse = QComboBox()
        self.coarse.setToolTip(
            self.tr("Which model paints the coarsest level of a hole that is painted coarse to fine")
        )
        self.label = QComboBox()
        line = QLineEdit()
        line.editingFinished.connect(self._settle_label)
        self.label.setLineEdit(line)
        self.label.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.label.setMaxVisibleItems(16)
        completer = QCompleter(self.label.model(), self.label)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.label.setCompleter(completer)
        self.seed = QSpinBox()
        self.seed.setRange(0, SEED_MAX)
        self.dice = QToolButton()
        self.dice.setProperty(ICON_NAME, "dice")
        self.dice.setIconSize(QSize(18, 18))
        self.dice.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.dice.setToolTip(self.tr("Another seed, at random"))
        self.dice.setAccessibleName(self.tr("Roll the dice"))
        self.dice.clicked.connect(self.roll)
        self.answers = QSpinBox()
        self.answers.setRange(1, ANSWERS_MAX)
        # Each answer has the next seed, which a person may want to type here.
        self.answers.valueChanged.connect(lambda count: self.seed.setMaximum(SEED_MAX - (count - 1)))
        self.temperature = QDoubleSpinBox()
        self.temperature.setRange(0, TEMPERATURE_MAX)
        self.temperature.setSingleStep(0.05)
        self.temperature.setValue(1)
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, int(TEMPERATURE_MAX * HUNDREDTHS))
        self._slider.setValue(HUNDREDTHS)
        self._slider.setPageStep(10)
        self._slider.setAccessibleName(self.tr("Temperature"))
        self._slider.valueChanged.connect(lambda value: self.temperature.setValue(value / HUNDREDTHS))
        self.temperature.valueChanged.connect(self._move_slider)
        self._note = _note()
        self.button = QPushButton()
        self.button.setObjectName("fill")
        self.button.clicked.connect(self._press)
        self.show_filling(False)

    def _lay_out(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(16, 16, 16, 0)
        column.setSpacing(6)
        self._add(column, self.tr("Mo&del"), self.model)
        column.addWidget(self._model_note)
        self._coarse_heading = self._add(column, self.tr("C&oarsest level"), self.coarse)
        # Its own, since it goes where there is nothing to choose.
        self._coarse_heading.setContentsMargins(0, 12, 0, 0)
        column.addSpacing(12)
        self._add(column, self.tr("C&lass"), self.label)
        column.addSpacing(12)
        self._add(column, self.tr("&Seed"), self.seed, self.dice)
        same = _note()
        same.setText(self.tr("The same seed paints the same picture."))
        column.addWidget(same)
        column.addSpacing(12)
        self._add(column, self.tr("&Answers"), self.answers)
        several = _note()
        several.setText(self.tr("Several are painted at once, to choose from."))
        column.addWidget(several)
        column.addSpacing(12)
        self._add(column, self.tr("&Temperature"), self.temperature, self._slider)
        hint = _note()
        hint.setText(self.tr("Lower is calmer, higher is wilder; 1 is as learned."))
        column.addWidget(hint)
        column.addStretch(1)
        # In a low window this much can be scrolled; what the fill would do, and its button, stay in sight.
        ScrollsFirst(inside)
        scroll = QScrollArea()
        scroll.setWidget(inside)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        below = QVBoxLayout()
        below.setContentsMargins(16, 6, 16, 16)
        below.setSpacing(6)
        below.addWidget(self._note)
        below.addSpacing(4)
        below.addWidget(self.button)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(scroll, 1)
        whole.addLayout(below)

    def _add(self, column: QVBoxLayout, title: str, first: QWidget, second: QWidget | None = None) -> QLabel:
        heading = QLabel(title)
        heading.setObjectName("heading")
        heading.setBuddy(first)
        column.addWidget(heading)
        if second is None:
            column.addWidget(first)
            return heading
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(first, 0 if isinstance(second, QSlider) else 1)
        row.addWidget(second, 1 if isinstance(second, QSlider) else 0)
        column.addLayout(row)
        return heading

    def _take_model(self) -> None:
        card = self.card
        chosen = self.label.currentText()
        self.label.clear()
        self.label.addItem(self.tr("Any"))
        if card is None:
            self._model_note.setText(self.tr("No model is installed: pixpaint train makes one."))
        else:
            self.label.addItems(sorted(card.classes))
            self.label.setCurrentIndex(max(self.label.findText(chosen), 0))
            facts = ModelFacts(card)
            self._model_note.setText(f"{facts.in_short()}\n{facts.outlook()}".strip())
        self._enable_label()
        self._list_coarse("" if card is None else card.coarse)
        self.model_chosen.emit()

    def _list_models(self) -> None:
        """Those that see the known pixels on all sides of a hole apart from the others."""
        self.model.clear()
        self.model.addItems(list(self._cards))
        seeing = sum(card.has_encoder for card in self._cards.values())
        if 0 < seeing < len(self._cards):
            self.model.insertSeparator(seeing)

    def _list_coarse(self, chosen: str) -> None:
        """The models that could paint the coarsest level for the one in use, if there are such; `chosen` does if it is
        one of them."""
        card = self.card
        others = (
            [] if card is None else [other.name for other in self._cards.values() if can_pair(card, other)]
        )
        with QSignalBlocker(self.coarse):
            self.coarse.clear()
            self.coarse.addItem(self.tr("By the same model"))
            self.coarse.addItems(others)
            self.coarse.setCurrentIndex(max(self.coarse.findText(chosen), 0))
        for widget in (self._coarse_heading, self.coarse):
            widget.setVisible(bool(others))

    def _enable_label(self) -> None:
        """A class can be chosen where the model has any."""
        self.label.setEnabled(self._changeable and self.card is not None and bool(self.card.classes))

    def _settle_label(self) -> None:
        """What was typed becomes a class that the model has, or none."""
        place = self.label.findText(self.label.currentText(), Qt.MatchFlag.MatchFixedString)
        self.label.setCurrentIndex(max(place, 0))
        self.label.setEditText(self.label.itemText(max(place, 0)))

    def _move_slider(self, temperature: float) -> None:
        with QSignalBlocker(self._slider):
            self._slider.setValue(round(temperature * HUNDREDTHS))

    def _press(self) -> None:
        (self.stop_wanted if self._filling else self.fill_wanted).emit()


def _note() -> QLabel:
    label = QLabel()
    label.setObjectName("note")
    label.setWordWrap(True)
    return label
