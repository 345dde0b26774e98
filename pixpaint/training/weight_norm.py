"""Weight norm with a data-dependent start (arXiv 1602.07868), as PixelCNN++ is trained with.

Only training knows of it: `fold` turns the weights into plain ones, which is what is evaluated, saved and sampled from.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import weight_norm

from pixpaint.layers.blocks import GatedBlock
from pixpaint.models.pixel_cnn_pp import PixelCNNPP

Conv = nn.Conv2d | nn.ConvTranspose2d


def normalised_layers(model: PixelCNNPP) -> Iterator[tuple[Conv, float]]:
    """The convolutions of both stacks and the head, with the scale their outputs start at: 0.1 where a gate follows, so
    that each block begins close to the identity (as in the authors' code), else 1."""
    gated = {block.conv_out.conv for block in model.gated_blocks()}
    plain = {block.project for block in model.gated_blocks()}
    parts = (model.first_vertical, model.first_above, model.first_left, model.vertical, model.horizontal, model.head)
    for part in parts:
        for layer in part.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and layer not in plain:
                yield layer, 0.1 if layer in gated else 1.0


def add(model: PixelCNNPP) -> None:
    """Gives each normalised layer a length g and a direction v, one of each an output channel."""
    for layer, _ in normalised_layers(model):
        weight_norm(layer, dim=_out_dim(layer))


def fold(model: PixelCNNPP) -> None:
    """Replaces lengths and directions by the plain weights they stand for."""
    for layer, _ in normalised_layers(model):
        if parametrize.is_parametrized(layer):
            parametrize.remove_parametrizations(layer, "weight")


@torch.no_grad()
def start_from_data(model: PixelCNNPP, run: Callable[[], object]) -> None:
    """Sets length and bias of each layer, in the order in which `run` reaches them, so that over the batch that `run` puts
    through the model each output channel starts with mean 0 and the wanted standard deviation."""

    def hook_with(target: float) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], Tensor]:
        def hook(layer: nn.Module, inputs: tuple[Tensor, ...], out: Tensor) -> Tensor:  # noqa: ARG001
            dims = (0, 2, 3)
            bias: Tensor = layer.bias  # type: ignore[assignment]
            mean, deviation = out.mean(dims), out.std(dims)
            # A channel that is constant over the batch (a layer that only sees padding) can't be scaled: it is left alone.
            scale = torch.where(deviation > 1e-6, target / deviation.clamp(min=1e-6), 1.0)
            length = layer.parametrizations.weight.original0  # type: ignore[union-attr]
            shape = [1] * length.ndim
            shape[_out_dim(layer)] = -1
            length.mul_(scale.view(shape))
            bias.copy_((bias - mean) * scale)
            return (out - mean[:, None, None]) * scale[:, None, None]

        return hook

    handles = [
        layer.register_forward_hook(hook_with(target))  # type: ignore[arg-type]
        for layer, target in normalised_layers(model)
    ]
    try:
        run()
    finally:
        for handle in handles:
            handle.remove()


def _out_dim(layer: nn.Module) -> int:
    return 1 if isinstance(layer, nn.ConvTranspose2d) else 0
