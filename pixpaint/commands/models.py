"""`pixpaint models`: what models there are, bundled and a person's own; `pixpaint models add` takes one more."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pixpaint.assets import user_models_folder
from pixpaint.models.card import ModelCard, list_models

SHOWN = ("all", "bottom")  # holes; --json tells about all that were measured
COLUMNS = ("name", "size", "parameters", "bits/dim", "data")


def show_models(*, as_json: bool) -> int:
    """Prints one line a model; returns the exit code."""
    cards = list_models()
    if as_json:
        print(json.dumps([fields(card) for card in cards], ensure_ascii=False))
    elif cards:
        print(table([COLUMNS, *(cells(card) for card in cards)]))
    else:
        print(f"There are no models; train one, or put its two files into {user_models_folder()}.")
    return 0


def add(file: Path, name: str | None, *, as_json: bool) -> int:
    """Puts a model file from elsewhere among a person's own; returns the exit code. Raises PixpaintError."""
    from pixpaint.models.add import add_model

    card = add_model(file, name)
    print(json.dumps(fields(card), ensure_ascii=False) if as_json else f"{card.name} is added: {card.path}")
    return 0


def cells(card: ModelCard) -> tuple[str, ...]:
    """One line of the table."""
    colours = "RGB" if card.channels == 3 else "one bit" if card.levels == 2 else "grey"
    measured = {hole: card.bits_per_dim[hole] for hole in SHOWN if hole in card.bits_per_dim}
    bits = ", ".join(f"{hole} {value:.3f}" for hole, value in measured.items())
    size = f"{card.size} × {card.size} {colours}"
    return card.name, size, f"{card.parameters / 1e6:.2f} M", bits or "not measured", card.data


def fields(card: ModelCard) -> dict[str, Any]:
    """One model in JSON."""
    return {
        "name": card.name,
        "size": card.size,
        "channels": card.channels,
        "parameters": card.parameters,
        "bits_per_dim": dict(card.bits_per_dim),
        "data": card.data,
        "licence": card.licence,
        "classes": list(card.classes),
        "sha256": card.sha256,
        "path": str(card.path),
    }


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells in columns as wide as their widest cell."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
