"""The shape of a model, as it is stored in the JSON beside the weights."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from pixpaint.errors import BadModel

DEEPEST = 100  # blocks or scales: a file from elsewhere must not keep the program busy making millions


@dataclass(frozen=True, kw_only=True)
class EncoderConfig:
    """The encoder: features at scales 1, 1/2, 1/4, ... (at least three), residual blocks a scale on each side."""

    widths: tuple[int, ...] = (32, 48, 64, 64, 64)
    blocks: int = 1

    def __post_init__(self) -> None:
        valid = (
            isinstance(self.widths, tuple)
            and len(self.widths) >= 3
            and _all_ints(self.blocks, *self.widths)
            and min(self.blocks, *self.widths) >= 1
            and max(self.blocks, len(self.widths)) <= DEEPEST
        )
        if not valid:
            raise BadModel(
                "An encoder needs three or more widths and one block or more; "
                f"got {self.widths} and {self.blocks} blocks."
            )


@dataclass(frozen=True, kw_only=True)
class PixelCNNPPConfig:
    """PixelCNN++: F `features`, q `blocks` a stage, K `components`; 3 channels or 1, 256 levels or 2 (Bernoulli).

    `classes` counts the class names (0: none). `crop` is the side in pixels it was trained at. `oriented` models
    are told in which of the 8 orientations they paint. `context` is the width of the conditioning where there is
    no encoder.
    """

    channels: int = 3
    levels: int = 256
    features: int = 160
    blocks: int = 5
    components: int = 10
    dropout: float = 0.5
    classes: int = 0
    oriented: bool = False
    context: int = 32
    encoder: EncoderConfig | None = None
    crop: int = 32

    def __post_init__(self) -> None:
        sizes = (self.features, self.blocks, self.components, self.context, self.crop)
        valid = (
            _all_ints(self.channels, self.levels, self.classes, *sizes)
            and type(self.dropout) in (int, float)
            and isinstance(self.oriented, bool)
            and (self.encoder is None or isinstance(self.encoder, EncoderConfig))
            and self.channels in (1, 3)
            and (self.levels == 256 or (self.levels == 2 and self.channels == 1))
            and min(sizes) >= 1
            and self.blocks <= DEEPEST
            and 0 <= self.dropout < 1
            and self.classes >= 0
        )
        if not valid:
            raise BadModel(f"This is no valid PixelCNN++ configuration: {self}.")

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which `from_json` makes an equal config."""
        plain: dict[str, Any] = json.loads(
            json.dumps(asdict(self))
        )  # tuples become lists, as they will in the file
        return {"kind": "pixel_cnn_pp", **plain}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "PixelCNNPPConfig":
        """Raises BadModel where the object has another kind, or fields this version does not know."""
        if not isinstance(data, Mapping):
            raise BadModel(f"A model's configuration is a JSON object, not {data!r}.")
        known = {f.name for f in fields(cls)}
        values = {name: value for name, value in data.items() if name != "kind"}
        if data.get("kind") != "pixel_cnn_pp" or not set(values) <= known:
            raise BadModel(
                f"The model's configuration is not one this version of pixpaint knows: {dict(data)}."
            )
        encoder = values.get("encoder")
        try:
            if encoder is not None:
                values["encoder"] = EncoderConfig(**{**encoder, "widths": tuple(encoder["widths"])})
            return cls(**values)
        except (TypeError, KeyError) as error:
            raise BadModel(f"The model's configuration can't be read ({error}).") from error


def _all_ints(*values: object) -> bool:
    """JSON's true and 1.0 are no sizes."""
    return all(type(value) is int for value in values)
