"""A training recipe: everything that decides what a training run makes, as JSON."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any

from pixpaint.errors import BadRequest
from pixpaint.models.config import ModelConfig, read_config

MOST_HALVED = 5


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """`data` is "sketch", "photo", "tiny", "digits" or "folder". Chances are per picture. A run ends after `steps`, or
    after `minutes` of training if there are any, whichever comes first. With `patience` it also ends when held-out
    pictures that are hidden whole have not become cheaper at so many pauses in turn, and the weights that are kept are
    those of the best pause, not of the last (early stopping). `start_from` names the model whose weights it starts
    with, by name or .safetensors file; without one it starts from nothing.

    The learning rate climbs linearly for `warmup` steps, decays by `decay` a step as in PixelCNN++, and falls
    linearly to zero over the last `cooldown` share of the run. Hidden pixels cost 1, the encoder's preview of
    them `preview_weight`. In the first `encoder_steps` the encoder learns alone, from its preview: such a step costs a
    fraction of a whole one, and what the maps can tell the decoder is slow to learn. A gradient longer than `clip` (0:
    none is too long) is shortened to it: colour's sharp mixtures now and then give one that throws a run off.

    With `balance` 0 every hidden pixel counts the same, with 1 every picture does: small holes, of which the known
    pixels tell most, count more. In `drift` of the pictures what the model reads of the hole is off, as it is in
    sampling, where errors add up; it learns to come back to what the known pixels tell, see `drift.py`.

    Pictures are `halved` so many times before they are used: so learns a model that paints the coarsest level for
    another one. That other one is given `half_size_hints`, and `coarse` names the one, for its card.
    """

    name: str
    model: ModelConfig
    data: str
    halved: int = 0
    coarse: str = ""
    licence: str = ""
    batch: int = 64
    steps: int = 100_000
    minutes: float | None = None
    patience: int = 0
    start_from: str = ""
    learning_rate: float = 1e-3
    clip: float = 0.0
    warmup: int = 200
    decay: float = 0.999995
    cooldown: float = 0.3
    ema: float = 0.9995
    preview_weight: float = 0.1
    encoder_steps: int = 0
    whole: float = 0.0
    half_size_hints: float = 0.0
    stroke_hints: float = 0.0
    no_class: float = 0.15
    turned: float = 0.4
    likeness: float = 0.0
    balance: float = 0.0
    drift: float = 0.0
    bf16: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        text = isinstance(self.name, str) and isinstance(self.data, str) and isinstance(self.licence, str)
        if not text or not self.name or not self.data or "/" in self.name or "\\" in self.name:
            raise BadRequest(
                "A recipe needs a name without slashes, a kind of data and, if any, a licence in words; "
                f"got {self.name!r}, {self.data!r} and {self.licence!r}."
            )
        if not isinstance(self.coarse, str):
            raise BadRequest(f"The recipe {self.name} has coarse {self.coarse!r}: use the name of a model.")
        if not isinstance(self.model, ModelConfig) or not isinstance(self.bf16, bool):
            raise BadRequest(
                f"The recipe {self.name} needs a model's configuration, and true or false for bf16."
            )
        for field in ("batch", "steps", "patience", "warmup", "encoder_steps", "seed"):
            value, lowest = getattr(self, field), 1 if field in ("batch", "steps") else 0
            if type(value) is not int or not lowest <= value < 2**63:
                raise BadRequest(
                    f"The recipe {self.name} has {field} {value!r}: use a whole number from {lowest}, below 2^63."
                )
        if type(self.halved) is not int or not 0 <= self.halved <= MOST_HALVED:
            raise BadRequest(
                f"The recipe {self.name} has halved {self.halved!r}: use a whole number from 0 to {MOST_HALVED}."
            )
        if not isinstance(self.start_from, str):
            raise BadRequest(
                f"The recipe {self.name} has start_from {self.start_from!r}: use the name of a model."
            )
        if self.minutes is not None and not (_is_number(self.minutes) and 0 < self.minutes < math.inf):
            raise BadRequest(f"The recipe {self.name} has minutes {self.minutes!r}: use a number above 0.")
        if not _is_number(self.learning_rate) or not 0 < self.learning_rate < math.inf:
            raise BadRequest(
                f"The recipe {self.name} has learning_rate {self.learning_rate!r}: use a number above 0."
            )
        for field in ("preview_weight", "clip"):
            value = getattr(self, field)
            if not _is_number(value) or not 0 <= value < math.inf:
                raise BadRequest(f"The recipe {self.name} has {field} {value!r}: use a number from 0.")
        if not _is_number(self.decay) or not 0 < self.decay <= 1:
            raise BadRequest(
                f"The recipe {self.name} has decay {self.decay!r}: use a number above 0, up to 1."
            )
        for field in (
            "cooldown",
            "whole",
            "half_size_hints",
            "stroke_hints",
            "no_class",
            "turned",
            "likeness",
            "balance",
            "drift",
            "ema",
        ):
            value = getattr(self, field)
            if not _is_number(value) or not 0 <= value <= 1 or (field == "ema" and value == 1):
                raise BadRequest(f"The recipe {self.name} has {field} {value!r}: use a number from 0 to 1.")
        if self.half_size_hints + self.stroke_hints > 1:
            raise BadRequest(f"The chances of hints in the recipe {self.name} add up to more than 1.")
        if self.drift and self.model.levels < 256:
            raise BadRequest(f"The recipe {self.name} lets pictures of few levels drift: set drift to 0.")
        if self.likeness and not self.model.likeness:
            raise BadRequest(f"The recipe {self.name} shows pictures to a model without likeness.")

    def share_done(self, step: int, seconds: float) -> float:
        """How much of the run lies behind it after so many steps and seconds: 1 or more when it is over."""
        by_time = seconds / (60 * self.minutes) if self.minutes is not None else 0.0
        return max(step / self.steps, by_time)

    def learning_rate_at(self, step: int, seconds: float = 0.0) -> float:
        """The learning rate of a step, counted from 0, that is taken after so many seconds of training."""
        warm = min(1.0, (step + 1) / max(1, self.warmup))
        left = max(0.0, 1 - self.share_done(step, seconds))
        cool = min(1.0, left / max(self.cooldown, 1 / self.steps))
        return self.learning_rate * warm * self.decay**step * cool

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which `from_json` makes an equal recipe."""
        return {**asdict(self), "model": self.model.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Recipe":
        """Raises BadRequest for unknown or missing fields, BadModel for an impossible model."""
        if not isinstance(data, Mapping):
            raise BadRequest(f"A recipe is a JSON object, not {data!r}.")
        unknown = set(data) - {f.name for f in fields(cls)}
        if unknown or not {"name", "model", "data"} <= set(data):
            raise BadRequest(
                f"The recipe has unknown or missing fields: {', '.join(sorted(unknown)) or 'name, model, data'}."
            )
        return cls(**{**data, "model": read_config(data["model"])})


def _is_number(value: object) -> bool:
    return type(value) in (int, float)


def read_recipe(name_or_path: str) -> Recipe:
    """A bundled recipe by name, or any by the path of its JSON file. Raises BadRequest, BadModel."""
    path = Path(name_or_path)
    folder = resources.files("pixpaint.training") / "recipes"
    source = path if path.suffix == ".json" else folder / f"{name_or_path}.json"
    try:
        data = json.loads(source.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        names = ", ".join(sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".json")))
        raise BadRequest(
            f"There is no recipe {name_or_path}; give a .json file or one of: {names}."
        ) from error
    except (OSError, ValueError) as error:
        raise BadRequest(f"The recipe {name_or_path} can't be read ({error}).") from error
    return Recipe.from_json(data)
