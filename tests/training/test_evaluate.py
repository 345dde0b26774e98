"""The figures: hidden pixels alone count, the blanked map changes what is known and not what is scored."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pixpaint.errors import BadRequest
from pixpaint.layers.pixels import bytes_to_units
from pixpaint.models.encoder import Context
from pixpaint.models.pixel_cnn_pp import PixelCNNPP
from pixpaint.orientation import ORIENTATIONS, orient
from pixpaint.scaling import doubled, halved
from pixpaint.training.evaluate import evaluate
from tests.registry import MODELS, SMALL_ENCODER, model_of
from tests.training.examples import FourPictures

PICTURES, _ = FourPictures().held_out(8)
ONE_BIT = replace(MODELS["pixel_cnn_pp one bit, classes only"], encoder=SMALL_ENCODER)


def constant(logit: float) -> PixelCNNPP:
    """A one-bit model that gives every pixel this logit, whatever it is told."""
    model = model_of(ONE_BIT)
    for parameter in model.head.parameters():
        parameter.zero_()
    model.head.bias.fill_(logit)
    return model


@pytest.mark.parametrize(
    ("hole", "pixels"), [("all", 64), ("bottom", 32), ("top", 32), ("right", 32), ("centre", 16)]
)
@pytest.mark.parametrize("blank_map", [False, True])
def test_a_model_that_knows_nothing_needs_one_bit_a_hidden_pixel(
    hole: str, pixels: int, blank_map: bool
) -> None:
    score = evaluate(constant(0.0), PICTURES, hole=hole, blank_map=blank_map, batch=3)
    assert score.bits_per_dim == pytest.approx(1.0)
    assert score.nats_per_image == pytest.approx(np.log(2) * pixels)
    assert score.standard_error == pytest.approx(0.0, abs=1e-9)
    assert score.images == 4


@pytest.mark.parametrize("blank_map", [False, True])
def test_the_pixels_scored_are_those_the_hole_hides(blank_map: bool) -> None:
    """Against a sum made by hand over the lower halves; unequal ones, so that no other pixels give the same."""
    ink = PICTURES[:, 4:, :, 0] >= 128
    nats = np.where(ink, np.log1p(np.exp(-1.5)), np.log1p(np.exp(1.5))).sum((1, 2))
    score = evaluate(constant(1.5), PICTURES, hole="bottom", blank_map=blank_map, batch=3)
    assert score.nats_per_image == pytest.approx(nats.mean())
    bits = nats / np.log(2) / 32
    assert score.bits_per_dim == pytest.approx(bits.mean())
    assert score.standard_error == pytest.approx(bits.std(ddof=1) / 2)


@pytest.mark.parametrize("name", ["pixel_cnn_pp RGB", "pixel_cnn_pp grey"])
def test_the_blanked_map_hides_what_is_known_around_the_hole(name: str) -> None:
    model = model_of(MODELS[name])
    pictures = np.repeat(PICTURES, model.config.channels, axis=3)
    seeing, blanked = (evaluate(model, pictures, hole="bottom", blank_map=b) for b in (False, True))
    assert abs(seeing.nats_per_image - blanked.nats_per_image) > 1e-3
    # Where everything is hidden there is nothing to blank.
    seeing, blanked = (evaluate(model, pictures, hole="all", blank_map=b) for b in (False, True))
    assert seeing == blanked


def test_what_the_hole_hides_is_told_to_no_encoder() -> None:
    """The first pixel of the hole's first row is scored the same whatever the hole holds."""
    model = model_of(MODELS["pixel_cnn_pp grey"])
    seen = []
    model.encoder.register_forward_hook(lambda _, inputs, out: seen.append(inputs[0]))
    changed = PICTURES.copy()
    changed[:, 4:] = 255 - changed[:, 4:]
    for pictures in (PICTURES, changed):
        evaluate(model, pictures, hole="bottom")
    assert len(seen) == 2
    assert all(torch.equal(a, b) for a, b in zip(*seen, strict=True))


def test_labels_matter_and_unknown_ones_count_as_none() -> None:
    model = model_of(MODELS["pixel_cnn_pp one bit, classes only"])
    classes = model.config.classes

    def nats(labels: np.ndarray | None) -> float:
        return evaluate(model, PICTURES, labels, batch=3).nats_per_image

    each = [nats(np.full(4, label)) for label in range(classes)]
    none = nats(None)
    assert len({*each, none}) == classes + 1
    assert nats(np.full(4, -1)) == nats(np.full(4, classes)) == none
    # Every picture has its own label, over several batches.
    alone = [evaluate(model, PICTURES[i : i + 1], np.array([label])) for i, label in enumerate([0, 1, 2, -1])]
    assert nats(np.array([0, 1, 2, -1])) == pytest.approx(np.mean([score.nats_per_image for score in alone]))


def test_an_ensemble_averages_the_probabilities_of_all_orientations() -> None:
    """Against whole pictures turned by hand, each scored alone."""
    model = model_of(MODELS["pixel_cnn_pp RGB"])
    pictures = np.random.default_rng(0).integers(0, 256, (2, 8, 12, 3), dtype=np.uint8)
    nats = []
    for orientation in range(ORIENTATIONS):
        turned = torch.from_numpy(np.stack([orient(picture, orientation) for picture in pictures]))
        x = bytes_to_units(turned.movedim(-1, 1), torch.float64)
        hole = torch.from_numpy(orient(np.arange(8)[:, None].repeat(12, 1) >= 4, orientation).copy())
        holes = hole.double().expand(2, 1, *hole.shape)
        none, turns = torch.full((2,), model.config.classes), torch.full((2,), orientation)
        with torch.inference_mode():
            params = model(x, Context.of(x, holes), none, turns).params
            nats.append(-(model.output.log_prob(params, x) * holes[:, 0]).sum((1, 2)).numpy())
    wanted = -np.log(np.exp(-(np.array(nats) - np.min(nats, 0))).mean(0)) + np.min(nats, 0)
    score = evaluate(model, pictures, hole="bottom", ensemble=True)
    assert score.nats_per_image == pytest.approx(wanted.mean(), rel=1e-6)
    assert score.nats_error == pytest.approx(wanted.std(ddof=1) / 2**0.5, rel=1e-3)


def test_a_model_of_one_orientation_has_no_ensemble() -> None:
    model = model_of(MODELS["gated_pixel_cnn one bit, alone"])
    with pytest.raises(BadRequest, match="one orientation"):
        evaluate(model, PICTURES, ensemble=True)


@pytest.mark.parametrize("name", ["pixel_cnn_pp grey", "diagonal_bilstm grey, hinted"])
def test_a_model_that_is_told_the_picture_at_half_size_is_scored_with_that(name: str) -> None:
    """Against the nats of a model that is given the same hints by hand, for pictures of an odd size."""
    model, pictures = model_of(MODELS[name]), FourPictures().held_out(7)[0]
    hints = torch.from_numpy(np.stack([doubled(halved(picture))[:7, :7] for picture in pictures]))
    x, hint = (bytes_to_units(a.movedim(-1, 1), torch.float64) for a in (torch.from_numpy(pictures), hints))
    everywhere, zero = torch.ones_like(x[:, :1]), torch.zeros(4, dtype=torch.int64)
    with torch.inference_mode():
        params = model(x, Context.of(x, everywhere, hint, everywhere), zero, zero).params
        nats = -model.output.log_prob(params.float(), x.float()).sum((1, 2)).double()
    score = evaluate(model, pictures, hole="all", hints=True)
    assert score.nats_per_image == pytest.approx(float(nats.mean()))
    assert score.nats_per_image != evaluate(model, pictures, hole="all").nats_per_image
    with pytest.raises(BadRequest, match="without hints"):
        evaluate(model_of(MODELS["diagonal_bilstm grey"]), pictures, hints=True)
