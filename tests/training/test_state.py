"""The state of a run: its Polyak average, what is saved and resumed, and from what it is not resumed."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from pixpaint.errors import BadModel
from pixpaint.training import weight_norm
from pixpaint.training.batches import make_batch
from pixpaint.training.state import TrainingState
from tests.training.examples import MODEL, RECIPE, FourPictures, loop_of, losses_of, take


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (0, 0.1 * 1 + 0.9 * 3),  # keeps 1 part in 10 at first, 2 in 11 next ...
        (1, 2 / 11 * 1 + 9 / 11 * 3),
        (1000, 0.9 * 1 + 0.1 * 3),  # ... and the recipe's share in the end
    ],
)
def test_one_step_of_the_average(step: int, expected: float) -> None:
    state = TrainingState(RECIPE, torch.device("cpu"))
    with torch.no_grad():
        for parameter in state.model.parameters():
            parameter.fill_(3.0)
    for tensor in state.average.values():
        tensor.fill_(1.0)
    state.step = step
    state.update_average()
    for tensor in state.average.values():
        torch.testing.assert_close(tensor, torch.full_like(tensor, expected))


def test_the_model_handed_out_has_the_averaged_weights_and_keeps_them() -> None:
    state = TrainingState(RECIPE, torch.device("cpu"))
    for tensor in state.average.values():
        tensor.add_(0.5)
    handed = state.averaged_model()
    assert torch.equal(handed.head.bias, state.model.head.bias + 0.5)
    folded = weight_norm.fold(state.average)
    before = {name: tensor.clone() for name, tensor in handed.state_dict().items()}
    for name, tensor in before.items():
        assert torch.equal(tensor, folded[name])
    state.update_average()
    for tensor in state.average.values():
        tensor.add_(1.0)
    for name, tensor in handed.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_a_resumed_run_has_the_same_averages(tmp_path) -> None:
    loop = loop_of(RECIPE, tmp_path)
    take(loop, 3)
    again = loop_of(RECIPE, tmp_path, resume=True)
    assert any(
        not torch.equal(average, parameter)
        for average, parameter in zip(loop.state.average.values(), loop.state.model.parameters(), strict=True)
    )
    for _ in range(2):
        for name, average in loop.state.average.items():
            assert torch.equal(again.state.average[name], average)
        take(loop, 1)
        take(again, 1)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_a_resumed_run_takes_the_same_steps(tmp_path, dropout: float) -> None:
    recipe = replace(RECIPE, model=replace(MODEL, dropout=dropout))
    whole = losses_of(recipe, tmp_path / "whole", 6)
    first = losses_of(recipe, tmp_path / "parts", 3)
    rest = losses_of(recipe, tmp_path / "parts", 3, resume=True)
    assert first + rest == whole


def test_another_model_s_checkpoint_is_not_resumed_from(tmp_path) -> None:
    losses_of(RECIPE, tmp_path, 1)
    with pytest.raises(BadModel, match="another model"):
        losses_of(replace(RECIPE, model=replace(MODEL, features=4)), tmp_path, 1, resume=True)


@pytest.mark.parametrize(("field", "value"), [("seed", 1), ("batch", 2), ("data", "digits")])
def test_a_run_over_other_examples_is_not_resumed_from(tmp_path, field: str, value: Any) -> None:
    losses_of(RECIPE, tmp_path, 1)
    with pytest.raises(BadModel, match=f"with {field}"):
        losses_of(replace(RECIPE, **{field: value}), tmp_path, 1, resume=True)


def test_steps_and_rates_may_change_when_a_run_is_resumed(tmp_path) -> None:
    losses_of(RECIPE, tmp_path, 1)
    losses_of(replace(RECIPE, steps=20, learning_rate=1e-3, cooldown=0.1), tmp_path, 1, resume=True)


def test_a_damaged_checkpoint_is_not_resumed_from(tmp_path) -> None:
    losses_of(RECIPE, tmp_path, 1)
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(BadModel, match="resumed"):
        losses_of(RECIPE, tmp_path, 1, resume=True)


def test_folded_weights_compute_what_normalised_ones_do() -> None:
    state = TrainingState(RECIPE, torch.device("cpu"))
    batch = make_batch(FourPictures(), RECIPE, range(2))
    arguments = (batch.x, batch.context, batch.labels, batch.orientations)
    with torch.no_grad():
        for name, parameter in state.model.named_parameters():
            if name.endswith("original0"):
                parameter.mul_(1.5)
    state.restart_average()
    normalised = state.model.eval()(*arguments).params
    torch.testing.assert_close(state.averaged_model()(*arguments).params, normalised, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("make", [nn.Conv2d, nn.ConvTranspose2d])
@pytest.mark.parametrize("inputs", [1, 3])
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("kernel", [(1, 1), (2, 3)])
def test_each_output_channel_has_its_own_length(make, inputs: int, outputs: int, kernel) -> None:
    torch.manual_seed(0)
    layer = nn.utils.parametrizations.weight_norm(
        make(inputs, outputs, kernel), dim=0 if make is nn.Conv2d else 1
    )
    with torch.no_grad():
        layer.parametrizations.weight.original0.mul_(2.5)
    named = {f"layer.{name}": parameter for name, parameter in layer.named_parameters()}
    torch.testing.assert_close(weight_norm.fold(named)["layer.weight"], layer.weight)


@pytest.mark.parametrize(
    "notes", ['{"step": 3}', "[]", '{"step": 1, "seconds": 1, "history": [], "recipe": {}}']
)
def test_a_checkpoint_whose_notes_lack_something_is_not_resumed_from(tmp_path, notes: str) -> None:
    from safetensors.torch import save_file

    path = tmp_path / "checkpoint.safetensors"
    save_file({"a": torch.zeros(1)}, path, {"pixpaint": notes})
    with pytest.raises(BadModel, match="can't be resumed from"):
        losses_of(RECIPE, tmp_path, 1, resume=True)
