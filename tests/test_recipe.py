"""A recipe survives the way to text and back, and a stranger's text does no harm."""

import base64
import hashlib
import json
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pixpaint.errors import BadMask, BadRequest
from pixpaint.recipe import (
    FillSettings,
    Recipe,
    bounding_box,
    painted_sha256,
    recipes_from_text,
    recipes_to_text,
)


def make_recipe(seed: int = 7, hole: np.ndarray | None = None) -> Recipe:
    if hole is None:
        hole = np.zeros((5, 6), dtype=np.bool_)
        hole[1:3, 2:5] = True
    pixels = np.arange(hole.size * 3, dtype=np.uint8).reshape(*hole.shape, 3)
    settings = FillSettings(seed=seed, label="кот", temperature=0.9)
    return Recipe.of_fill(settings, "ab" * 32, pixels, hole)


@given(arrays(np.bool_, st.tuples(st.integers(1, 20), st.integers(1, 20))))
def test_any_hole_comes_back_from_json(hole: np.ndarray) -> None:
    hole[0, 0] = True
    recipe = make_recipe(hole=hole)
    again = Recipe.from_json(recipe.to_json())
    assert again == recipe
    np.testing.assert_array_equal(again.hole_mask(*hole.shape), hole)


def test_the_text_has_the_newest_fill_on_top_and_keeps_the_older_ones() -> None:
    recipes = (make_recipe(1), make_recipe(2), make_recipe(3))
    text = recipes_to_text(recipes)
    assert json.loads(text)["seed"] == 3
    assert recipes_from_text(text) == recipes


def test_the_hash_is_of_the_holes_bytes_in_raster_order() -> None:
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    hole = np.array([[False, True, False], [True, False, False]])
    assert painted_sha256(pixels, hole) == hashlib.sha256(bytes([3, 4, 5, 9, 10, 11])).hexdigest()


def test_the_bounding_box_is_exclusive_below_and_right() -> None:
    hole = np.zeros((9, 9), dtype=np.bool_)
    hole[2, 3] = hole[6, 1] = True
    assert bounding_box(hole) == (2, 1, 7, 4)
    with pytest.raises(BadMask, match="empty"):
        bounding_box(np.zeros((3, 3), dtype=np.bool_))


@pytest.mark.parametrize(
    "options",
    [
        {"model": ""},
        {"seed": -1},
        {"seed": 2**63},
        {"temperature": -0.1},
        {"temperature": float("nan")},
        {"temperature": 11.0},
        {"engine": "steam"},
        {"device": "abacus"},
        {"candidates": 0},
        {"calm": 1.1},
        {"join": -1.0},
        {"hold": 1.1},
    ],
)
def test_an_impossible_setting_is_refused_in_one_sentence(options: dict[str, object]) -> None:
    with pytest.raises(BadRequest) as refusal:
        FillSettings(**options)  # type: ignore[arg-type]
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize("text", ["", "[1, 2]", "null", "{}", '{"seed": 1}', "[" * 50_000, '{"earlier": 3}'])
def test_a_text_that_is_no_recipe_is_passed_over(text: str) -> None:
    assert recipes_from_text(text) == ()
    with pytest.raises(BadRequest):
        Recipe.from_json(text)


def test_a_hole_outside_the_picture_is_refused() -> None:
    with pytest.raises(BadMask, match="4 × 5"):
        make_recipe().hole_mask(5, 4)


def test_a_hole_that_unpacks_to_more_than_its_box_is_refused() -> None:
    fields = make_recipe().to_dict()
    fields["hole"]["bits"] = base64.b64encode(zlib.compress(bytes(10**6))).decode()
    with pytest.raises(BadMask, match="2 bytes, not 1"):
        Recipe.from_dict(fields).hole_mask(5, 6)


@pytest.mark.parametrize("bits", ["***", "", base64.b64encode(b"not zlib").decode()])
def test_a_damaged_hole_is_refused(bits: str) -> None:
    fields = make_recipe().to_dict()
    fields["hole"]["bits"] = bits
    with pytest.raises(BadMask):
        Recipe.from_dict(fields).hole_mask(5, 6)
