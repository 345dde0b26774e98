"""The models pixpaint has, each by its config's kind."""

from collections.abc import Callable
from typing import Any

from pixpaint.models.base import Model
from pixpaint.models.config import ModelConfig
from pixpaint.models.diagonal_bilstm import DiagonalBiLSTMModel
from pixpaint.models.gated_pixel_cnn import GatedPixelCNN
from pixpaint.models.pixel_cnn import PixelCNN
from pixpaint.models.pixel_cnn_pp import PixelCNNPP
from pixpaint.models.row_lstm import RowLSTMModel

FAMILY: dict[str, Callable[[Any], Model]] = {
    "pixel_cnn_pp": PixelCNNPP,
    "pixel_cnn": PixelCNN,
    "row_lstm": RowLSTMModel,
    "diagonal_bilstm": DiagonalBiLSTMModel,
    "gated_pixel_cnn": GatedPixelCNN,
}


def new_model(config: ModelConfig) -> Model:
    """A model with the weights that training starts from."""
    return FAMILY[config.kind](config)
