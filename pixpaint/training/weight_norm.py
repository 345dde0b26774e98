"""Weight norm with a data-dependent start (arXiv 1602.07868), as PixelCNN++ is trained with.

Only training knows of it: `fold` turns the weights into plain ones, which is what is evaluated, saved and sampled from.
"""

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from pixpaint.models.base import Model
from pixpaint.models.pixel_cnn_pp import PixelCNNPP

Conv = nn.Conv2d | nn.ConvTranspose2d


def normalised_layers(model: Model) -> Iterator[tuple[Conv, float]]:
    """The convolutions of both stacks and the head, with the scale their outputs start at: 0.1 where a gate follows, so
    that each block begins close to the identity (as in the authors' code), else 1. Of PixelCNN++: the papers of the
    other models know no weight norm."""
    if not isinstance(model, PixelCNNPP):
        return
    gated = {block.conv_out.conv for block in model.gated_blocks}
    plain = {block.project for block in model.gated_blocks}
    parts = (
        model.first_vertical,
        model.first_above,
        model.first_left,
        model.vertical,
        model.horizontal,
        model.head,
    )
    for part in parts:
        for layer in part.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and layer not in plain:
                yield layer, 0.1 if layer in gated else 1.0


@torch.no_grad()
def add(model: Model) -> None:
    """Gives each normalised layer a length g and a direction v, one of each an output channel: the weight's own norm
    and the weight itself, so that the layer computes what it did before."""
    for layer, _ in normalised_layers(model):
        weight_norm(layer, dim=_out_dim(layer))
        length = layer.get_parameter("parametrizations.weight.original0")
        direction = layer.get_parameter("parametrizations.weight.original1")
        # Weights of nothing but zeros point nowhere: any direction of length zero is the same, and can be learnt from.
        direction.copy_(torch.where(length == 0, 1.0, direction))


def fold(parameters: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The plain weights that named parameters, those of a model given to `add` or their average, stand for."""
    plain = {}
    for name, value in parameters.items():
        layer, dot, part = name.partition(".parametrizations.weight.")
        if not dot:
            plain[name] = value
        elif part == "original0":  # the length; original1 is the direction
            direction = parameters[f"{layer}.parametrizations.weight.original1"]
            # All but the outputs' dimension; where there is one output, that one too makes no difference.
            dims = [dim for dim in range(value.ndim) if value.shape[dim] == 1]
            plain[f"{layer}.weight"] = direction * (
                value / torch.linalg.vector_norm(direction, dim=dims, keepdim=True)
            )
    return plain


@torch.no_grad()
def start_from_data(model: Model, run: Callable[[], object]) -> None:
    """Sets length and bias of each layer, in the order in which `run` reaches them, so that over the batch that
    `run` puts through the model each output channel starts with mean 0 and the wanted standard deviation."""

    def hook_with(layer: Conv, target: float) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], Tensor]:
        length, bias = layer.get_parameter("parametrizations.weight.original0"), layer.get_parameter("bias")

        def hook(_: nn.Module, inputs: tuple[Tensor, ...], out: Tensor) -> Tensor:
            dims = (0, 2, 3)
            mean, deviation = out.mean(dims), out.std(dims)
            # A channel that is constant over the batch can't be scaled: it is left alone.
            scale = torch.where(deviation > 1e-6, target / deviation.clamp(min=1e-6), 1.0)
            length.mul_(scale.view(length.shape))
            bias.copy_((bias - mean) * scale)
            return (out - mean[:, None, None]) * scale[:, None, None]

        return hook

    handles = [
        layer.register_forward_hook(hook_with(layer, target)) for layer, target in normalised_layers(model)
    ]
    try:
        run()
    finally:
        for handle in handles:
            handle.remove()


def _out_dim(layer: nn.Module) -> int:
    return 1 if isinstance(layer, nn.ConvTranspose2d) else 0
