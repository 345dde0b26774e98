"""The state of a training run: weights, their Polyak average, Adam's moments, how far it got. Saved as one
safetensors file.

A run that is resumed takes the same steps as one that was never stopped: batches and dropout are keyed by the step.
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as save_tensors
from torch import Tensor

from pixpaint.errors import BadModel
from pixpaint.files import replace_file
from pixpaint.models.base import Model
from pixpaint.models.checkpoint import build_model
from pixpaint.models.config import read_config
from pixpaint.models.family import new_model
from pixpaint.training import weight_norm
from pixpaint.training.recipe import Recipe
from pixpaint.training.runs import read_notes

BETAS = (0.95, 0.9995)


class TrainingState:
    """A model under training with weight norm, on `device`. `step` steps and `seconds` of training lie behind it.

    It starts with random weights, or with those of `source`, which is the recipe's model but for the dropout.
    """

    def __init__(self, recipe: Recipe, device: torch.device, source: Model | None = None) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.model = new_model(recipe.model)
        if source is not None:
            self.model.load_state_dict(source.state_dict())
        weight_norm.add(self.model)
        self.model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimiser = torch.optim.Adam(self.model.parameters(), lr=recipe.learning_rate, betas=BETAS)
        self.average = self._parameters()
        self.step = 0
        self.seconds = 0.0
        self.history: list[dict[str, Any]] = []

    def _parameters(self) -> dict[str, Tensor]:
        return {name: p.detach().clone() for name, p in self.model.named_parameters()}

    def restart_average(self) -> None:
        """The average starts from the present weights."""
        self.average = self._parameters()

    @torch.no_grad()
    def update_average(self) -> None:
        """One step of the Polyak average, quicker in the first steps, so that it forgets where it started."""
        keep = min(self.recipe.ema, (1 + self.step) / (10 + self.step))
        names = list(self.average)
        parameters = dict(self.model.named_parameters())
        torch._foreach_lerp_([self.average[n] for n in names], [parameters[n] for n in names], 1 - keep)

    def averaged_model(self) -> Model:
        """A copy with averaged, plain weights, in evaluation mode: what is evaluated and shipped."""
        # Copied, as `fold` and `build_model` pass on what they need not change, and training goes on changing it.
        plain = {name: tensor.clone() for name, tensor in weight_norm.fold(self.average).items()}
        return build_model(self.recipe.model, plain)

    def save(self, path: Path, data: str = "") -> None:
        """Writes the whole state, and where its pictures lie. Raises CannotWrite."""
        tensors = {f"model.{name}": p.detach() for name, p in self.model.named_parameters()}
        tensors |= {f"average.{name}": t for name, t in self.average.items()}
        for name, p in self.model.named_parameters():
            moments = self.optimiser.state.get(p, {})
            tensors |= {f"adam.{key}.{name}": value for key, value in moments.items()}
        notes = {
            "step": self.step,
            "seconds": self.seconds,
            "recipe": self.recipe.to_json(),
            "history": self.history,
            "data": data,
        }
        tensors = {name: t.contiguous().cpu() for name, t in tensors.items()}
        replace_file(path, save_tensors(tensors, {"pixpaint": json.dumps(notes)}))

    def load(self, path: Path) -> None:
        """Continues from a saved state. Steps and rates of the recipe may have changed since.

        Raises BadModel where it is damaged, of another model, or of other examples: another seed, batch or data.
        """
        notes = read_notes(path)
        tensors = read_tensors(path)
        if read_config(notes["recipe"]["model"]) != self.recipe.model:
            raise BadModel(
                f"{path} holds a run of another model than the recipe {self.recipe.name} describes."
            )
        for field in ("seed", "batch", "data"):
            saved, wanted = notes["recipe"].get(field), getattr(self.recipe, field)
            if saved != wanted:
                raise BadModel(
                    f"{path} holds a run with {field} {saved}, not {wanted}: go on with the same, or start anew."
                )
        parameters = dict(self.model.named_parameters())
        moments: dict[Tensor, dict[str, Tensor]] = {p: {} for p in parameters.values()}
        with torch.no_grad():
            for key, tensor in tensors.items():
                part, _, name = key.partition(".")
                if part == "model":
                    parameters[name].copy_(tensor)
                elif part == "average":
                    self.average[name].copy_(tensor)
                else:
                    moment, _, name = name.partition(".")
                    p = parameters[name]
                    moments[p][moment] = tensor if moment == "step" else torch.empty_like(p).copy_(tensor)
        self.optimiser.state.update({p: dict(values) for p, values in moments.items() if values})
        self.step, self.seconds, self.history = notes["step"], notes["seconds"], notes["history"]


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a saved state. Raises BadModel."""
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise BadModel(f"{path} can't be resumed from: it is missing or damaged ({error}).") from error
