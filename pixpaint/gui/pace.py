"""How fast fills went here, to tell beforehand how long the next one takes."""

import json
import math

from PySide6.QtCore import QSettings

from pixpaint.gui.fill_worker import Means
from pixpaint.recipe import FillSettings

TELLING = 500
"""pixels; of a smaller fill most of the time goes into other things"""


class Pace:
    """Pixels a second, of all answers together, of the last fill by the same models on the same engine and device;
    before there was one, what the engine was measured to take for a model of the size."""

    def __init__(self) -> None:
        self._rates: dict[str, float] = {}

    def learn(self, settings: FillSettings, means: Means, pixels: int, seconds: float) -> None:
        """From a fill that went to its end, of so many pixels an answer."""
        if pixels >= TELLING:
            self._rates[_name(settings, means)] = pixels * settings.candidates / max(seconds, 1e-3)

    def seconds(self, settings: FillSettings, means: Means, pixels: int) -> float | None:
        """What a fill of so many pixels an answer would take; None where nothing is known of its like."""
        rate = self._rates.get(_name(settings, means))
        if rate is not None:
            return pixels * settings.candidates / rate
        if not means.measured:
            return None
        answers = min(means.measured, key=lambda count: abs(math.log(count / settings.candidates)))
        return pixels * means.measured[answers] * settings.candidates / answers

    def store(self, settings: QSettings) -> None:
        settings.setValue("pace", json.dumps(self._rates))

    def restore(self, settings: QSettings) -> None:
        """The inverse of `store`; what can't be read is passed over."""
        try:
            rates = json.loads(str(settings.value("pace", "{}")))
        except ValueError:
            return
        if isinstance(rates, dict):
            self._rates = {name: rate for name, rate in rates.items() if _is_rate(rate)}


def _name(settings: FillSettings, means: Means) -> str:
    return " ".join((settings.model, settings.coarse or "-", means.engine, means.device))


def _is_rate(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value) and value > 0
