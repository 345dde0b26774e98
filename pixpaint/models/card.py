"""Model cards: the JSON beside a model's weights. Reading one needs no torch."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from pixpaint.assets import model_folders
from pixpaint.errors import BadModel, BadRequest
from pixpaint.files import replace_file

NAME_LIMIT = 100  # bytes
MODEL_SUFFIXES = (".safetensors", ".json")
PICKLES = (".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".bin")


SKETCH, PHOTO = "sketch", "photo"


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """What is known of a model.

    `bits_per_dim` maps each kind of hole measured to bits per dimension on held-out pictures, "<hole> standard error"
    to that figure's, "<hole> blanked" to what it is when the encoder is shown nothing, "all hinted" to what it is when
    the model is told the picture at half size, "all from coarse" to what that and the half-size picture by the model
    `coarse` cost together, "all nats per image" to nats and "all nats standard error" to their error. `training` says
    how the model was made (steps, batch, seconds, device), its "history" how the figures fell, its "evaluated on" which
    pictures they are from. `sampling` holds what it paints best with: the temperatures
    "choice" and "scale", "top_p" (1 where none is given), "calm", "join" and "hold" (0). `coarse` names the model whose
    pictures it has learnt to go on from, if there is one: the other half of a multi-scale pair. `drawn_in` is how many
    seconds `fused` took on one thread for a picture drawn from nothing, 0 where that was not measured. `sha256` is that
    of the weights file. `name` is that of the file it was read from.
    """

    name: str
    config: Mapping[str, Any]
    classes: tuple[str, ...] = ()
    data: str = ""
    licence: str = ""
    sha256: str = ""
    parameters: int = 0
    bits_per_dim: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    sampling: Mapping[str, float] = field(default_factory=dict)
    coarse: str = ""
    drawn_in: float = 0.0
    notes: str = ""
    path: Path | None = None

    @property
    def channels(self) -> int:
        """1 for grey, 3 for RGB."""
        return int(self.config["channels"])

    @property
    def levels(self) -> int:
        """How many values a pixel has in each channel."""
        return int(self.config.get("levels", 256))

    @property
    def size(self) -> int:
        """Side in pixels of the pictures it was trained on."""
        return int(self.config["crop"])

    @property
    def has_encoder(self) -> bool:
        """Whether it sees the known pixels all around a hole, or only those above and to the left."""
        return bool(self.config.get("encoder"))

    @property
    def oriented(self) -> bool:
        """Whether a fill may turn and mirror the picture for it."""
        return self.config.get("oriented") is True

    def write(self, path: Path) -> None:
        """Writes the JSON, all but `path`, which is where the card was read from. Raises CannotWrite."""
        data = {**asdict(self), "classes": list(self.classes)}
        del data["path"]
        replace_file(path, (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode())


def check_name(name: str) -> None:
    """Raises BadRequest for what can't be the name of a model, and so of its files."""
    if not name or len(name.encode()) > NAME_LIMIT or name.startswith(".") or not name.isprintable():
        raise BadRequest(f"A model can't be called {name!r}: use a short name that doesn't begin with a dot.")
    if any(letter in name for letter in "/\\:") or name.endswith(".safetensors"):
        raise BadRequest(f"A model can't be called {name!r}: use a name without slashes, colons and endings.")


def both_files(path: Path) -> Path:
    """The .safetensors file of a model from elsewhere, of whose two files `path` is one. Raises BadModel where one is
    missing, or where it is no such file."""
    if path.suffix.lower() in PICKLES:
        raise BadModel(
            f"{path.name} is a pickle, which can run any program that is hidden in it as soon as it is read: "
            "pixpaint takes only .safetensors files with their .json."
        )
    if path.suffix.lower() not in MODEL_SUFFIXES:
        raise BadModel(f"{path.name} is no model: pixpaint takes .safetensors files with their .json.")
    weights = path.with_suffix(".safetensors")
    if not weights.is_file():
        raise BadModel(f"There is no model file {weights}: check its name.")
    if not weights.with_suffix(".json").is_file():
        raise BadModel(
            f"The description {weights.stem}.json is missing beside {weights.name}: a model of pixpaint has two "
            "files, and both are needed."
        )
    return weights


def is_taken(name: str) -> bool:
    """Whether a model folder has files of this name, whether they can be read or not."""
    files = [f"{name}.safetensors", f"{name}.json"]
    return any((folder / file).exists() for folder in model_folders() for file in files)


def weights_path(name_or_path: str) -> Path:
    """Where a model's weights lie: a path to a .safetensors file as it is, a name in the first model folder that
    has it.

    Raises BadModel where there is none.
    """
    if name_or_path.endswith(".safetensors"):
        path = Path(name_or_path)
        if path.is_file():
            return path
        raise BadModel(f"There is no model file {name_or_path}.")
    for folder in model_folders():
        path = folder / f"{name_or_path}.safetensors"
        if path.is_file():
            return path
    names = ", ".join(card.name for card in list_models()) or "none"
    raise BadModel(f"There is no model named {name_or_path}; there are: {names}.")


def read_card(name_or_path: str) -> ModelCard:
    """The card of a model by name or path. Raises BadModel where it is missing or can't be read."""
    return _read(weights_path(name_or_path).with_suffix(".json"))


def list_models() -> list[ModelCard]:
    """The cards of all models in the model folders, the first folder's first, those with an encoder before all others;
    unreadable ones are passed over."""
    cards: dict[str, ModelCard] = {}
    for folder in model_folders():
        for path in sorted(folder.glob("*.safetensors"), key=lambda path: path.stem):
            try:
                cards.setdefault(path.stem, _read(path.with_suffix(".json")))
            except BadModel:
                continue
    return sorted(cards.values(), key=lambda card: not card.has_encoder)


def suited_model(drawing: bool) -> str:
    """The bundled model for a picture: `sketch` for a drawing, else `photo`, if it is there."""
    there = any((folder / f"{PHOTO}.safetensors").is_file() for folder in model_folders())
    return SKETCH if drawing or not there else PHOTO


def _read(path: Path) -> ModelCard:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        known = {f.name for f in fields(ModelCard)} - {"name", "path"}
        values = {name: value for name, value in data.items() if name in known}
        values["classes"] = tuple(values.get("classes", ()))
        card = ModelCard(**values, name=path.stem, path=path.with_suffix(".safetensors"))
        _ = card.channels, card.size
        if not all(type(value) in (int, float) for value in card.sampling.values()):
            raise ValueError("its sampling is no table of numbers")
        if not all(isinstance(table, Mapping) for table in (card.bits_per_dim, card.training)):
            raise ValueError("its figures are no table")
        if not all(isinstance(text, str) for text in (card.data, card.licence, card.notes, card.coarse)):
            raise ValueError("it tells of its data in no words")
        if type(card.parameters) is not int or type(card.drawn_in) not in (int, float):
            raise ValueError("its parameters, or its seconds, are no number")
    except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise BadModel(f"The model's description {path} can't be read ({error}).") from error
    return card
