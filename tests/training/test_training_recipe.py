"""Training recipes: the learning rate, JSON there and back, and a sentence for each impossible value."""

import json
from dataclasses import replace
from typing import Any

import pytest

from pixpaint.errors import BadModel, BadRequest
from pixpaint.training.recipe import Recipe, read_recipe
from tests.training.examples import RECIPE


def test_the_learning_rate_climbs_holds_and_falls_to_nothing() -> None:
    recipe = replace(RECIPE, steps=100, warmup=10, cooldown=0.2, decay=1.0)
    rates = [recipe.learning_rate_at(step) / recipe.learning_rate for step in (0, 9, 50, 80, 90, 100)]
    assert rates == pytest.approx([0.1, 1, 1, 1, 0.5, 0])


def test_in_a_run_limited_by_time_the_rate_falls_with_the_time_or_with_the_steps() -> None:
    recipe = replace(RECIPE, steps=100, minutes=10.0, warmup=0, cooldown=0.5, decay=1.0)
    at = [(10, 120.0), (10, 300.0), (10, 450.0), (75, 300.0), (10, 600.0), (100, 60.0)]
    rates = [recipe.learning_rate_at(step, seconds) / recipe.learning_rate for step, seconds in at]
    assert rates == pytest.approx([1, 1, 0.5, 0.5, 0, 0])
    assert [recipe.share_done(step, seconds) for step, seconds in at] == [0.2, 0.5, 0.75, 0.75, 1, 1]


@pytest.mark.parametrize(
    "name",
    [
        "sketch",
        "digits",
        "photo",
        "folder",
        "digits-pixelcnn",
        "digits-gated",
        "digits-row-lstm",
        "digits-diagonal-bilstm",
        "colour-pixelcnn",
        "colour-gated",
        "colour-row-lstm",
        "colour-diagonal-bilstm",
        "colour-pixelcnnpp",
        "colour-half-pixelcnn",
        "colour-multiscale",
    ],
)
def test_bundled_recipes_are_read_and_come_back_from_json(name: str) -> None:
    recipe = read_recipe(name)
    assert Recipe.from_json(recipe.to_json()) == recipe


def test_an_unknown_or_broken_recipe_is_refused(tmp_path) -> None:
    with pytest.raises(BadRequest, match="sketch"):
        read_recipe("nothing")
    (tmp_path / "r.json").write_text("{")
    with pytest.raises(BadRequest, match="can't be read"):
        read_recipe(str(tmp_path / "r.json"))
    with pytest.raises(BadRequest, match="unknown or missing"):
        Recipe.from_json({**RECIPE.to_json(), "lerning_rate": 1})
    with pytest.raises(BadRequest):
        replace(RECIPE, no_class=2.0)


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""}, {"name": "a/b"}, {"name": 3}, {"data": ""}, {"data": None}, {"licence": 1},
        {"batch": 0}, {"batch": 2.0}, {"batch": True}, {"batch": "4"}, {"steps": 0}, {"steps": 1e3},
        {"warmup": -1}, {"seed": -1}, {"seed": 2**63}, {"seed": "0"},
        {"learning_rate": 0}, {"learning_rate": float("inf")}, {"learning_rate": float("nan")},
        {"learning_rate": "fast"}, {"decay": 0}, {"decay": 1.1}, {"preview_weight": -0.1},
        {"ema": 1}, {"ema": -0.1}, {"ema": None}, {"cooldown": 1.1}, {"whole": -0.1}, {"turned": "no"},
        {"no_class": float("nan")}, {"half_size_hints": 0.6, "stroke_hints": 0.6},
        {"minutes": 0}, {"minutes": -1.0}, {"minutes": "10"}, {"minutes": float("inf")}, {"start_from": None},
        {"half_size_hints": 1.5, "stroke_hints": -0.5}, {"bf16": 1},
        {"halved": -1}, {"halved": True}, {"halved": 6}, {"halved": "1"},
    ],
    ids=str,
)  # fmt: skip
def test_an_impossible_value_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadRequest, match=r"recipe.*\.$"):
        Recipe.from_json({**RECIPE.to_json(), **change})


@pytest.mark.parametrize("change", [{"seed": 2**63 - 1}, {"ema": 0}, {"warmup": 0}, {"preview_weight": 0}])
def test_the_outermost_possible_values_are_taken(change: dict[str, Any]) -> None:
    assert Recipe.from_json(json.loads(json.dumps({**RECIPE.to_json(), **change}))) == replace(
        RECIPE, **change
    )


@pytest.mark.parametrize("data", [None, 3, "text", [], [["name"], ["model"]], {}, {"name": "x"}])
def test_what_is_no_recipe_is_refused(data: Any) -> None:
    with pytest.raises(BadRequest):
        Recipe.from_json(data)


@pytest.mark.parametrize("model", [None, 3, [], "text", {}, {"kind": "pixel_cnn_pp", "encoder": 3}])
def test_what_is_no_model_is_refused(model: Any) -> None:
    with pytest.raises(BadModel):
        Recipe.from_json({**RECIPE.to_json(), "model": model})
