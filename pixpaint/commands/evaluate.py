"""`pixpaint eval`: how well a model predicts the hidden part of pictures."""

import json

from pixpaint.commands.progress import Progress
from pixpaint.models.card import read_card
from pixpaint.models.checkpoint import load_model
from pixpaint.training.data import open_pictures
from pixpaint.training.evaluate import evaluate


def evaluate_model(model: str, data: str, *, hole: str, blank_map: bool, as_json: bool) -> int:
    """Prints bits/dim, nats a picture and the number of pictures; returns the exit code. Raises PixpaintError."""
    card = read_card(model)
    images, labels = open_pictures(data, channels=card.channels, classes=card.classes, size=card.size)
    with Progress("evaluating") as progress:
        progress.say(f"loading {model} ...")
        network = load_model(model)
        progress.say(f"evaluating {len(images)} pictures ...")
        score = evaluate(network, images, labels, hole=hole, blank_map=blank_map)
    if as_json:
        result = {
            "model": model,
            "data": data,
            "hole": hole,
            "blank_map": blank_map,
            "bits_per_dim": score.bits_per_dim,
            "standard_error": score.standard_error,
            "nats_per_image": score.nats_per_image,
            "images": score.images,
        }
        print(json.dumps(result))
    else:
        print(
            f"{card.name} on {data}, hole {hole}{', map blanked' if blank_map else ''}: "
            f"{score.bits_per_dim:.4f} ± {score.standard_error:.4f} bits/dim, "
            f"{score.nats_per_image:.2f} nats a picture, {score.images} pictures"
        )
    return 0
