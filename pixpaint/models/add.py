"""Takes a model file from elsewhere among a person's own models, once it is sure to be one."""

from dataclasses import replace
from pathlib import Path

import torch

from pixpaint.assets import user_models_folder
from pixpaint.errors import BadModel, BadRequest, CannotWrite
from pixpaint.files import replace_file
from pixpaint.models.card import ModelCard, both_files, check_name, is_taken, read_card
from pixpaint.models.checkpoint import check_weights, read_weights


def add_model(path: Path, name: str | None = None) -> ModelCard:
    """Copies a .safetensors file and the .json beside it, one of which is `path`, and gives the copy's card.

    It goes by its file's name, or by `name`. Raises BadModel where it is damaged, of another program, or could run
    code when it is read; BadRequest where the name is taken; CannotWrite.
    """
    weights = both_files(path)
    card = read_card(str(weights))
    name = card.name if name is None else name
    check_name(name)
    if is_taken(name):
        raise BadRequest(f"pixpaint has a model called {name} already: give this one another --name.")
    data = read_weights(card)
    model = check_weights(card, data)
    if len(card.classes) != model.config.classes or not all(isinstance(word, str) for word in card.classes):
        raise BadModel(f"The description of {weights.name} names other classes than its model has.")
    if not all(torch.isfinite(tensor).all() for tensor in model.state_dict().values()):
        raise BadModel(f"The model file {weights} is damaged: not all of its weights are numbers.")
    folder = user_models_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"The folder {folder} can't be made: {error.strerror or error}.") from error
    copy = replace(card, name=name, path=folder / f"{name}.safetensors")
    assert copy.path is not None
    # The card last: until it is there, the weights are no model to anyone.
    replace_file(copy.path, data)
    try:
        copy.write(copy.path.with_suffix(".json"))
    except CannotWrite:
        copy.path.unlink(missing_ok=True)
        raise
    return copy
