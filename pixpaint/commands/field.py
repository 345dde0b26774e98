"""`pixpaint models field`: draws what a pixel sees, by a model at hand or by one of each kind with random weights."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from pixpaint.commands.outputs import check_png
from pixpaint.document import Document
from pixpaint.errors import BadRequest
from pixpaint.models.card import read_card
from pixpaint.models.checkpoint import load_model
from pixpaint.models.config import (
    DiagonalBiLSTMConfig,
    GatedPixelCNNConfig,
    ModelConfig,
    PixelCNNConfig,
    PixelCNNPPConfig,
    RowLSTMConfig,
)
from pixpaint.models.family import new_model
from pixpaint.models.field import (
    DECODER_COLOUR,
    ENCODER_COLOUR,
    LATER,
    PAPER,
    THE_PIXEL,
    UNSEEN,
    Bytes,
    Colour,
    Field,
    decoder_diagram,
    encoder_diagram,
)
from pixpaint.models.receptive_field import typical_field
from pixpaint.png import save_png

SIDE = 33
CELL, FAMILY_CELL = 8, 10
"""pixels a side, of a cell of the drawing"""
ACROSS = 3
GAP, TITLE, LINE, TEXT = 18, 26, 24, 15
"""pixels: between two drawings, the height of a title and of a line of the legend, that of letters"""

FAMILY_SIZE, FAMILY_AT = (17, 25), (12, 12)
FAMILY_PICTURES = 8
FAMILY: tuple[ModelConfig, ...] = (
    PixelCNNConfig(channels=1, levels=2, features=8, blocks=12, head=16),
    GatedPixelCNNConfig(channels=1, levels=2, features=8, layers=8, head=16),
    RowLSTMConfig(channels=1, levels=2, features=8, layers=2, head=16),
    DiagonalBiLSTMConfig(channels=1, levels=2, features=8, layers=2, head=16),
    PixelCNNPPConfig(channels=1, levels=2, features=8, blocks=3, dropout=0.0),
)
"""Small ones, each deep enough to reach the drawing's edges: what is then not seen is never seen."""

Panel = tuple[str, Bytes]
Legend = Sequence[tuple[Colour, str]]

OF_DECODER: Legend = (
    (THE_PIXEL, "the pixel"),
    (DECODER_COLOUR, "seen, the darker the more"),
    (UNSEEN, "not seen"),
    (LATER, "later"),
)
OF_BOTH: Legend = (*OF_DECODER, (ENCODER_COLOUR, "seen by the encoder, around a hole"))


def draw_field(model: str | None, output: Path, at: str | None) -> int:
    """Draws the field of a model by name or file at `at`, "ROW,COLUMN", or those of the family; returns the exit code.
    Raises PixpaintError."""
    check_png([output])
    if model is None:
        if at is not None:
            raise BadRequest(
                "--at is for the field of one model: name it, pixpaint models field MODEL --at ..."
            )
        save_png(Document(pixels=sheet(family(), OF_DECODER)), output)
        print(f"{output}: what a pixel sees, by {len(FAMILY)} kinds of model with random weights")
        return 0
    place = (SIDE // 2, SIDE // 2) if at is None else pixel(at)
    field = typical_field(load_model(model), (SIDE, SIDE), place)
    save_png(Document(pixels=of_model(read_card(model).name, field)), output)
    count = int(field.seen.sum())
    print(f"{output}: the pixel {place[0]},{place[1]} sees {count} earlier ones, by {model}")
    return 0


def pixel(at: str) -> tuple[int, int]:
    """The row and column that "ROW,COLUMN" means. Raises BadRequest."""
    try:
        row, column = (int(part) for part in at.split(","))
    except ValueError:
        row = column = -1
    if not (0 <= row < SIDE and 0 <= column < SIDE):
        raise BadRequest(f"--at is {at}: give a row and a column from 0 to {SIDE - 1}, such as 16,16.")
    return row, column


def of_model(name: str, field: Field) -> Bytes:
    """The drawing of one model's field, uint8 (rows, columns, 3)."""
    panels, legend = [(f"{name}: the decoder", decoder_diagram(field, CELL))], OF_DECODER
    if field.encoder is not None:
        panels.append((f"{name}: the encoder", encoder_diagram(field, CELL)))
        legend = OF_BOTH
    return sheet(panels, legend)


def family() -> list[Panel]:
    """A panel for each kind, by its title."""
    panels = []
    for config in FAMILY:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = new_model(config).double().eval().requires_grad_(False)
        field = typical_field(model, FAMILY_SIZE, FAMILY_AT, pictures=FAMILY_PICTURES)
        panels.append((config.title, decoder_diagram(field, FAMILY_CELL)))
    return panels


def sheet(panels: Sequence[Panel], legend: Legend) -> Bytes:
    """Panels of one size with their titles, and the legend after the last one, on paper: uint8 (rows, columns, 3)."""
    height, width = panels[0][1].shape[:2]
    across = min(ACROSS, len(panels) + 1)
    down = -(-(len(panels) + 1) // across)
    size = (across * (width + GAP) + GAP, down * (height + TITLE + GAP))
    image, font = Image.new("RGB", size, PAPER), ImageFont.load_default(TEXT)
    places = [
        (GAP + k % across * (width + GAP), k // across * (height + TITLE + GAP)) for k in range(across * down)
    ]
    for (left, top), (title, panel) in zip(places, panels, strict=False):
        line = Image.new(
            "RGB", (width, TITLE), PAPER
        )  # by itself, so that a long name ends at the panel's edge
        ImageDraw.Draw(line).text((0, TITLE / 2 + 2), title, fill=THE_PIXEL, anchor="lm", font=font)
        image.paste(line, (left, top))
        image.paste(Image.fromarray(panel), (left, top + TITLE))
    draw = ImageDraw.Draw(image)
    left, top = places[len(panels)]
    for k, (colour, words) in enumerate(legend):
        middle = top + TITLE + LINE * k + LINE // 2
        draw.rectangle((left, middle - 6, left + 12, middle + 6), fill=colour)
        draw.text((left + 22, middle), words, fill=THE_PIXEL, anchor="lm", font=font)
    return np.asarray(image)
