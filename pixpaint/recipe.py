"""What a fill was made from: enough to paint the same pixels again, kept as JSON in the saved PNG."""

import base64
import binascii
import hashlib
import json
import logging
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from pixpaint import __version__
from pixpaint.errors import BadMask, BadRequest

ENGINES = ("auto", "reference", "torch", "fused")
DEVICES = ("auto", "cpu", "cuda")
SEED_LIMIT = 2**63
TEMPERATURE_LIMIT = 10.0
JOIN_LIMIT = 100.0

T = TypeVar("T")
Box = tuple[int, int, int, int]
"""top, left, bottom, right in picture pixels, the last two exclusive"""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class FillSettings:
    """What a person asks of a fill; with the picture and the hole it decides the result.

    `label` names a class, None is no class. Candidate k is drawn with `seed` + k. `choice` and `scale` are the
    temperatures of the choice between a pixel's components and of their scales, both multiplied by `temperature`;
    `top_p` is the share of the likeliest components that is drawn from; `calm`, from 0 to 1, how far the fill is made
    as rough as its surroundings, `join`, from 0, how closely it is joined to them, and `hold`, from 0 to 1, how far its
    colours are held to what they lead to expect: see pixpaint/sampling/blending.py. None is what the model's card
    recommends. `coarse` names another model, which paints the coarsest level first: see pixpaint/sampling/pyramid.py.
    Raises BadRequest.
    """

    model: str = "sketch"
    coarse: str | None = None
    label: str | None = None
    seed: int = 0
    temperature: float = 1.0
    choice: float | None = None
    scale: float | None = None
    top_p: float | None = None
    calm: float | None = None
    join: float | None = None
    hold: float | None = None
    engine: str = "auto"
    device: str = "auto"
    candidates: int = 1

    @property
    def models(self) -> str:
        """Which models paint, in words."""
        return self.model if self.coarse is None else f"{self.model} from {self.coarse}"

    def __post_init__(self) -> None:
        if not self.model:
            raise BadRequest("The name of the model is empty: name one, such as sketch.")
        if self.coarse == "":
            raise BadRequest("The name of the coarse model is empty: name one, or leave it out.")
        if not 0 <= self.seed < SEED_LIMIT:
            raise BadRequest(f"The seed is {self.seed}: use a whole number from 0 to {SEED_LIMIT - 1}.")
        temperatures = {"": self.temperature, " of the choice": self.choice, " of the scale": self.scale}
        for of, value in temperatures.items():
            if value is not None and not (math.isfinite(value) and 0 <= value <= TEMPERATURE_LIMIT):
                raise BadRequest(
                    f"The temperature{of} is {value}: use a number from 0 to {TEMPERATURE_LIMIT:g}."
                )
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise BadRequest(f"The top-p is {self.top_p}: use a number above 0, up to 1.")
        if self.calm is not None and not 0 <= self.calm <= 1:
            raise BadRequest(f"The calm is {self.calm}: use a number from 0 to 1.")
        if self.join is not None and not 0 <= self.join <= JOIN_LIMIT:
            raise BadRequest(f"The join is {self.join}: use a number from 0 to {JOIN_LIMIT:g}.")
        if self.hold is not None and not 0 <= self.hold <= 1:
            raise BadRequest(f"The hold is {self.hold}: use a number from 0 to 1.")
        if self.engine not in ENGINES:
            raise BadRequest(f"There is no engine {self.engine!r}: choose one of {', '.join(ENGINES)}.")
        if self.device not in DEVICES:
            raise BadRequest(f"There is no device {self.device!r}: choose one of {', '.join(DEVICES)}.")
        if self.candidates < 1:
            raise BadRequest(f"{self.candidates} candidates were asked for: ask for at least 1.")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One finished fill: its settings, model and hole; `settings.seed` is the kept candidate's own.

    The hole is kept as its bounding box (top, left, bottom, right; the last two exclusive, in pixels) and the
    box's bits in raster order, packed, compressed with zlib, in base64. `coarse_sha256` is of the coarse model's
    weights, if there was one; `version` is that of pixpaint.
    """

    settings: FillSettings
    model_sha256: str
    box: Box
    hole_bits: str
    result_sha256: str
    coarse_sha256: str | None = None
    version: str = __version__

    @classmethod
    def of_fill(
        cls,
        settings: FillSettings,
        model_sha256: str,
        pixels: NDArray[np.uint8],
        hole: NDArray[np.bool_],
        *,
        coarse_sha256: str | None = None,
    ) -> "Recipe":
        """The recipe of the finished picture `pixels` (H, W, 3), whose `hole` (H, W) `settings` painted."""
        box = bounding_box(hole)
        top, left, bottom, right = box
        bits = np.packbits(hole[top:bottom, left:right]).tobytes()
        return cls(
            settings=settings,
            model_sha256=model_sha256,
            box=box,
            hole_bits=base64.b64encode(zlib.compress(bits, 9)).decode("ascii"),
            result_sha256=painted_sha256(pixels, hole),
            coarse_sha256=coarse_sha256,
        )

    def hole_mask(self, height: int, width: int) -> NDArray[np.bool_]:
        """The hole, bool (height, width). Raises BadMask where it reaches outside or is damaged."""
        top, left, bottom, right = self.box
        if not (0 <= top < bottom <= height and 0 <= left < right <= width):
            raise BadMask(
                f"The recipe's hole covers rows {top} to {bottom} and columns {left} to {right}, "
                f"outside this picture of {width} × {height} pixels: use it on the picture it was made for."
            )
        count = (bottom - top) * (right - left)
        expected = (count + 7) // 8
        try:
            # No more than expected is unpacked, whatever a stranger's file holds.
            bits = zlib.decompressobj().decompress(
                base64.b64decode(self.hole_bits, validate=True), expected + 1
            )
        except (binascii.Error, zlib.error) as error:
            raise BadMask(f"The hole in the recipe is damaged ({error}): mask the picture again.") from error
        if len(bits) != expected:
            raise BadMask(
                f"The hole in the recipe has {len(bits)} bytes, not {expected}: mask the picture again."
            )
        hole = np.zeros((height, width), dtype=np.bool_)
        unpacked = np.unpackbits(np.frombuffer(bits, dtype=np.uint8), count=count)
        hole[top:bottom, left:right] = unpacked.reshape(bottom - top, right - left)
        return hole

    def to_dict(self) -> dict[str, Any]:
        """The recipe in JSON's terms, all keys on one level but the hole's."""
        settings = self.settings
        return {
            "version": self.version,
            "model": settings.model,
            "model_sha256": self.model_sha256,
            "coarse": settings.coarse,
            "coarse_sha256": self.coarse_sha256,
            "label": settings.label,
            "seed": settings.seed,
            "temperature": settings.temperature,
            "choice": settings.choice,
            "scale": settings.scale,
            "top_p": settings.top_p,
            "calm": settings.calm,
            "join": settings.join,
            "hold": settings.hold,
            "engine": settings.engine,
            "device": settings.device,
            "hole": {"box": list(self.box), "bits": self.hole_bits},
            "result_sha256": self.result_sha256,
        }

    @classmethod
    def from_dict(cls, fields: Any) -> "Recipe":
        """The inverse of `to_dict`. Raises BadRequest, naming what is missing or wrong."""
        try:
            settings = FillSettings(
                model=_typed(fields["model"], str),
                coarse=_text(fields.get("coarse")),
                label=_text(fields["label"]),
                seed=_typed(fields["seed"], int),
                temperature=float(fields["temperature"]),
                choice=_number(fields.get("choice", 1.0)),
                scale=_number(fields.get("scale", 1.0)),
                top_p=_number(fields.get("top_p", 1.0)),
                calm=_number(fields.get("calm", 0.0)),
                join=_number(fields.get("join", 0.0)),
                hold=_number(fields.get("hold", 0.0)),
                engine=_typed(fields["engine"], str),
                device=_typed(fields["device"], str),
            )
            top, left, bottom, right = (_typed(edge, int) for edge in fields["hole"]["box"])
            return cls(
                settings=settings,
                model_sha256=_typed(fields["model_sha256"], str),
                box=(top, left, bottom, right),
                hole_bits=_typed(fields["hole"]["bits"], str),
                result_sha256=_typed(fields["result_sha256"], str),
                coarse_sha256=_text(fields.get("coarse_sha256")),
                version=_typed(fields["version"], str),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadRequest(
                f"The recipe is not one of pixpaint's ({error}): fill the picture anew."
            ) from error

    def to_json(self) -> str:
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """Raises BadRequest where `text` is no recipe."""
        return cls.from_dict(_parsed(text))


def recipes_to_text(recipes: Sequence[Recipe]) -> str:
    """The text of the PNG's chunk `pixpaint`: the newest recipe's JSON, with the older ones under "earlier".

    So a reader that knows nothing of several fills still finds "seed" and "model" where it expects them.
    """
    *earlier, newest = recipes
    fields = newest.to_dict()
    if earlier:
        fields["earlier"] = [recipe.to_dict() for recipe in earlier]
    return json.dumps(fields)


def recipes_from_text(text: str) -> tuple[Recipe, ...]:
    """The recipes in a PNG's chunk, newest last; none, with a line in the log, where it can't be read."""
    try:
        fields = _parsed(text)
        earlier = fields.get("earlier", []) if isinstance(fields, dict) else []
        if not isinstance(earlier, list):
            raise BadRequest("The recipe's earlier fills are no list: fill the picture anew.")
        return (*(Recipe.from_dict(older) for older in earlier), Recipe.from_dict(fields))
    except BadRequest as error:
        log.warning("%s", error)
        return ()


def painted_sha256(pixels: NDArray[np.uint8], hole: NDArray[np.bool_]) -> str:
    """sha256, in hexadecimal, of the RGB bytes of the hole's pixels in raster order.

    `pixels` is uint8 (H, W, 3), `hole` bool (H, W).
    """
    return hashlib.sha256(pixels[hole].tobytes()).hexdigest()


def bounding_box(hole: NDArray[np.bool_]) -> Box:
    """(top, left, bottom, right) of `hole` (H, W), the last two exclusive. Raises BadMask if it is empty."""
    rows = np.flatnonzero(hole.any(axis=1))
    if rows.size == 0:
        raise BadMask("The mask is empty: mark at least one pixel to paint.")
    columns = np.flatnonzero(hole.any(axis=0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The recipe is no JSON ({error}): fill the picture anew.") from error


def _number(value: object) -> float | None:
    """A number or nothing."""
    return None if value is None else float(value if type(value) is int else _typed(value, float))


def _text(value: object) -> str | None:
    """A text or nothing."""
    return None if value is None else _typed(value, str)


def _typed(value: object, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is not of type {kind.__name__}")
    return value
