"""The shapes of models, as they are stored in the JSON beside the weights."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Self

from pixpaint.errors import BadModel

DEEPEST = 100  # blocks or scales: a file from elsewhere must not keep the program busy making millions


@dataclass(frozen=True, kw_only=True)
class EncoderConfig:
    """The encoder: features at scales 1, 1/2, 1/4, ... (at least three), residual blocks a scale on each side; with
    `painted` it is told where the decoder reads what was painted, see `encoder.Context`."""

    widths: tuple[int, ...] = (32, 48, 64, 64, 64)
    blocks: int = 1
    painted: bool = False

    def __post_init__(self) -> None:
        valid = (
            isinstance(self.widths, tuple)
            and len(self.widths) >= 3
            and all_ints(self.blocks, *self.widths)
            and min(self.blocks, *self.widths) >= 1
            and max(self.blocks, len(self.widths)) <= DEEPEST
            and isinstance(self.painted, bool)
        )
        if not valid:
            raise BadModel(
                "An encoder needs three or more widths, one block or more, and true or false for painted; "
                f"got {self.widths}, {self.blocks} blocks and {self.painted!r}."
            )


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """What every model of the family has: 3 `channels` or 1, so many `levels`, F `features`.

    Levels are how many bytes, evenly spaced from 0 to 255, a model knows: 256, or 2 (Bernoulli); in a mixture of
    logistics also some numbers between.

    `classes` counts the class names (0: none). `crop` is the side in pixels it was trained at. `oriented` models
    are told in which of the 8 orientations they paint; `hinted` ones, if they are given a hint everywhere, what the
    same picture is at half size, so that they can fill coarse to fine. `smoothed` ones, which have an encoder, are also
    told how the known pixels go on smoothly into the hole, and may count from that.
    Raises BadModel for what can't be.
    """

    kind: ClassVar[str]
    """The name of the model in JSON."""
    title: ClassVar[str]
    """Its name to a person."""
    possible_levels: ClassVar[tuple[int, ...]] = (2, 256)

    channels: int = 3
    levels: int = 256
    features: int = 128
    dropout: float = 0.0
    classes: int = 0
    oriented: bool = False
    hinted: bool = False
    smoothed: bool = False
    crop: int = 32

    @property
    def encoder(self) -> "EncoderConfig | None":
        """The encoder that sees the whole surroundings of the hole, if the model has one."""
        return None

    @property
    def counted(self) -> bool:
        """Whether pixels are counted from a hint and a smooth continuation: the model reads and paints what the picture
        differs from them by, see `encoder.Base`. Only means can be counted, and only of bytes that are near to them:
        models of values, bits or few levels, and those without an encoder, are told of a hint by their maps alone."""
        return self.encoder is not None and self.levels == 256 and (self.hinted or self.smoothed)

    @property
    def likeness(self) -> bool:
        """Whether the model can be shown a picture, to draw others like it."""
        return False

    def __post_init__(self) -> None:
        sizes = (self.features, self.crop, *self.sizes())
        valid = (
            all_ints(self.channels, self.levels, self.classes, *sizes)
            and type(self.dropout) in (int, float)
            and isinstance(self.oriented, bool)
            and isinstance(self.hinted, bool)
            and isinstance(self.smoothed, bool)
            and (self.encoder is None or isinstance(self.encoder, EncoderConfig))
            and not (self.smoothed and (self.encoder is None or self.levels < 256))
            and self.channels in (1, 3)
            and self.levels in self.possible_levels
            and (self.levels > 2 or self.channels == 1)
            and min(sizes) >= 1
            and 0 <= self.dropout < 1
            and self.classes >= 0
            and self.is_valid()
        )
        if not valid:
            raise BadModel(f"This is no valid {self.title} configuration: {self}.")

    def sizes(self) -> tuple[int, ...]:
        """Those of its own fields that are whole numbers from 1."""
        return ()

    def is_valid(self) -> bool:
        """Whether what else it has of its own fits together, sizes being right."""
        return True

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which `from_json` makes an equal config."""
        plain: dict[str, Any] = json.loads(
            json.dumps(asdict(self))
        )  # tuples become lists, as they will in the file
        return {"kind": self.kind, **plain}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Raises BadModel where the object has another kind, or fields this version does not know."""
        if not isinstance(data, Mapping):
            raise BadModel(f"A model's configuration is a JSON object, not {data!r}.")
        known = {f.name for f in fields(cls)}
        values = {name: value for name, value in data.items() if name != "kind"}
        if data.get("kind") != cls.kind or not set(values) <= known:
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


@dataclass(frozen=True, kw_only=True)
class PixelCNNPPConfig(ModelConfig):
    """PixelCNN++: q `blocks` a stage, K `components`. `context` is the width of the conditioning where there is
    no encoder."""

    kind = "pixel_cnn_pp"
    title = "PixelCNN++"
    possible_levels = (2, 4, 6, 16, 18, 52, 86, 256)

    features: int = 160
    dropout: float = 0.5
    blocks: int = 5
    components: int = 10
    context: int = 32
    encoder: EncoderConfig | None = None

    def sizes(self) -> tuple[int, ...]:
        return self.blocks, self.components, self.context

    def is_valid(self) -> bool:
        return self.blocks <= DEEPEST


@dataclass(frozen=True, kw_only=True)
class PixelCNNConfig(ModelConfig):
    """PixelCNN: h `features` within its `blocks` residual blocks and 2h between them, `head` features before the
    logits. It is told of hints, by a map of `context` channels, and of orientations, by a vector of as many numbers;
    of classes it isn't."""

    kind = "pixel_cnn"
    title = "PixelCNN"

    blocks: int = 15
    head: int = 1024
    context: int = 32

    def sizes(self) -> tuple[int, ...]:
        return self.blocks, self.head, self.context

    def is_valid(self) -> bool:
        return self.classes == 0 and self.blocks <= DEEPEST


@dataclass(frozen=True, kw_only=True)
class GatedPixelCNNConfig(ModelConfig):
    """Gated PixelCNN: p `features` in each stack; so many `layers`, after the first with kernels of side `kernel`;
    `head` features before the logits. Classes, orientations and, with `likeness`, pictures that are to be like are told
    to it as a vector of `context` numbers, hints as a map of as many channels."""

    kind = "gated_pixel_cnn"
    title = "Gated PixelCNN"

    layers: int = 15
    kernel: int = 5
    head: int = 1024
    context: int = 64
    likeness: bool = False

    def sizes(self) -> tuple[int, ...]:
        return self.layers, self.kernel, self.head, self.context

    def is_valid(self) -> bool:
        return self.kernel in (3, 5, 7) and isinstance(self.likeness, bool) and self.layers <= DEEPEST


@dataclass(frozen=True, kw_only=True)
class PixelRNNConfig(ModelConfig):
    """A PixelRNN: h `features` within its LSTM `layers` and 2h between them, `head` features before the logits. It is
    told of hints, by a map of `context` channels, and of orientations, by a vector of as many numbers; of classes it
    isn't."""

    layers: int = 12
    head: int = 1024
    context: int = 32

    def sizes(self) -> tuple[int, ...]:
        return self.layers, self.head, self.context

    def is_valid(self) -> bool:
        return self.classes == 0


@dataclass(frozen=True, kw_only=True)
class RowLSTMConfig(PixelRNNConfig):
    """Row LSTM: of the row above each layer reads `kernel` states, an odd number."""

    kind = "row_lstm"
    title = "Row LSTM"

    kernel: int = 3

    def is_valid(self) -> bool:
        return super().is_valid() and type(self.kernel) is int and self.kernel in (3, 5, 7)


class DiagonalBiLSTMConfig(PixelRNNConfig):
    """Diagonal BiLSTM."""

    kind = "diagonal_bilstm"
    title = "Diagonal BiLSTM"


CONFIGS: dict[str, type[ModelConfig]] = {
    config.kind: config
    for config in (
        PixelCNNPPConfig,
        PixelCNNConfig,
        GatedPixelCNNConfig,
        RowLSTMConfig,
        DiagonalBiLSTMConfig,
    )
}
"""Every model's config by the kind that its JSON names."""


def read_config(data: Mapping[str, Any]) -> ModelConfig:
    """The config of whichever model a JSON object describes. Raises BadModel."""
    kind = data.get("kind") if isinstance(data, Mapping) else None
    config = CONFIGS.get(kind, ModelConfig) if isinstance(kind, str) else ModelConfig
    if config is ModelConfig:
        raise BadModel(
            f"The model's configuration is not one this version of pixpaint knows, of kind {kind!r}: "
            f"it knows {', '.join(CONFIGS)}."
        )
    return config.from_json(data)


def all_ints(*values: object) -> bool:
    """JSON's true and 1.0 are no sizes."""
    return all(type(value) is int for value in values)
