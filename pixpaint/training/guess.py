"""The encoder's part of a model alone, which learns before the decoder does."""

import torch
from torch import Tensor

from pixpaint.errors import BadRequest
from pixpaint.models.base import Model
from pixpaint.models.encoder import Context
from pixpaint.models.pixel_cnn_pp import PixelCNNPP


class Guess(torch.nn.Module):
    """The part of a model that guesses a picture from its context alone, as a module of its own to be shared between
    processes."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        if not isinstance(model, PixelCNNPP) or model.encoder is None or model.preview is None:
            raise BadRequest("A recipe with encoder_steps needs a model with an encoder.")
        # Of a class and an orientation only what is added to the finest map has a part in the guess.
        finest = [*model.labels[:1], *model.orientations[:1]]
        self.parts = torch.nn.ModuleList([model.encoder, model.preview, *finest])
        self._model = (model,)  # in a tuple, so that the decoder is no part of this module

    def forward(self, context: Context, labels: Tensor, orientations: Tensor) -> Tensor:
        """Output parameters (N, P, H, W) for pictures whose sides are multiples of the coarsest scale."""
        (model,) = self._model
        context, base = model.told(context)
        guess = model.guess(model.maps(context, labels, orientations), base)
        assert guess is not None
        return guess
