"""The models that are measured: PixelCNN++ in three sizes with random weights, rounded as a model file holds them."""

from copy import deepcopy
from dataclasses import dataclass
from math import sqrt

import torch
from torch import nn

from pixpaint.models.config import EncoderConfig, PixelCNNPPConfig
from pixpaint.models.pixel_cnn_pp import PixelCNNPP


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A model to measure, by the name it has in tables."""

    name: str
    config: PixelCNNPPConfig


SMALL = Subject(
    name="F=32 q=2, encoder",
    config=PixelCNNPPConfig(features=32, blocks=2, oriented=True, encoder=EncoderConfig()),
)
MEDIUM = Subject(
    name="F=64 q=3, encoder",
    config=PixelCNNPPConfig(features=64, blocks=3, oriented=True, encoder=EncoderConfig()),
)
PAPER = Subject(name="F=160 q=5", config=PixelCNNPPConfig(features=160, blocks=5))
"""The paper's network."""

SUBJECTS = (SMALL, MEDIUM, PAPER)


def random_model(config: PixelCNNPPConfig, seed: int = 0) -> PixelCNNPP:
    """A model in evaluation mode with random weights.

    The kernels are normal, of half the deviation that would keep an input's, so that the features neither die away nor
    grow; those that training starts at zero are drawn too. All are rounded to float16, as in a model's file: an engine
    may then store them so.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = PixelCNNPP(config)
        for weight in model.parameters():
            if weight.ndim == 4:
                nn.init.normal_(weight, std=0.5 / sqrt(weight[0].numel()))
            weight.data = weight.data.half().float()
    return model.eval().requires_grad_(False)


def on_device(model: PixelCNNPP, device: str) -> PixelCNNPP:
    """The model itself if it is there, else a copy."""
    return model if model.head.weight.device.type == device else deepcopy(model).to(device)
