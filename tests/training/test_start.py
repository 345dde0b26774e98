"""A run that starts from another model begins with what it knows, and one limited by time keeps it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pixpaint.errors import BadRequest
from pixpaint.models.card import ModelCard, read_card
from pixpaint.models.checkpoint import load_model, save_model
from pixpaint.training.evaluate import evaluate
from pixpaint.training.recipe import Recipe
from pixpaint.training.train import Progress, TrainOptions, run
from tests.training.examples import MODEL, RECIPE, Clock, FourPictures, loop_of, losses_of


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A model that has seen the four pictures for some steps; one channel of its head is all zeros."""
    recipe = replace(RECIPE, name="source", steps=30)
    options = TrainOptions(recipe=recipe, folder=tmp_path)
    run(options, FourPictures(), on_progress=lambda _: None, on_pause=lambda *_: None)
    path = tmp_path / "source.safetensors"
    model = load_model(str(path))
    model.head.weight[3] = 0
    save_model(model, read_card(str(path)), tmp_path)
    return path


def from_source(source: Path) -> Recipe:
    return replace(RECIPE, name="mine", start_from=str(source))


def test_a_run_starts_with_what_the_other_model_knows(source: Path, tmp_path: Path) -> None:
    cards: list[ModelCard] = []
    run(
        TrainOptions(recipe=from_source(source), folder=tmp_path / "mine"),
        FourPictures(),
        on_progress=lambda _: None,
        on_pause=lambda _, card, kept: cards.append(card),
    )
    images, labels = FourPictures().held_out(MODEL.crop)
    first, last = cards[0].training["history"][0], cards[-1].training
    assert first["step"] == 0
    for hole in ("all", "bottom"):
        known = evaluate(load_model(str(source)), images, labels, hole=hole).bits_per_dim
        assert first[hole] == pytest.approx(known, abs=1e-4)
    assert last["from"] == "source"
    assert last["history"][-1]["step"] == 6


def test_the_weights_a_run_starts_with_are_the_other_model_s(source: Path, tmp_path: Path) -> None:
    loop = loop_of(from_source(source), tmp_path / "mine")
    ours, theirs = loop.state.averaged_model().state_dict(), load_model(str(source)).state_dict()
    for name, tensor in theirs.items():
        torch.testing.assert_close(ours[name], tensor, rtol=1e-6, atol=0)
    images, labels = FourPictures().held_out(MODEL.crop)
    known = evaluate(load_model(str(source)), images, labels).bits_per_dim
    assert evaluate(loop.state.model.eval(), images, labels).bits_per_dim == pytest.approx(known, abs=1e-5)
    loop.step(next(loop.batches()))
    assert all(torch.isfinite(tensor).all() for tensor in loop.state.averaged_model().state_dict().values())


def test_another_dropout_is_no_other_model(source: Path, tmp_path: Path) -> None:
    loop_of(replace(from_source(source), model=replace(MODEL, dropout=0.3)), tmp_path / "mine")
    with pytest.raises(BadRequest, match="another model"):
        loop_of(replace(from_source(source), model=replace(MODEL, features=4)), tmp_path / "mine")


def test_a_resumed_run_needs_its_start_no_more(source: Path, tmp_path: Path) -> None:
    recipe = from_source(source)
    whole = losses_of(recipe, tmp_path / "whole", 6)
    first = losses_of(recipe, tmp_path / "parts", 3)
    source.unlink()
    assert first + losses_of(recipe, tmp_path / "parts", 3, resume=True) == whole


def test_a_run_limited_by_time_ends_with_it_also_in_parts(tmp_path: Path) -> None:
    recipe = replace(RECIPE, steps=10**6, minutes=2.0)
    told: list[Progress] = []

    def go(folder: str, *, resume: bool, until: int = 10**6) -> list[int]:
        steps: list[int] = []
        run(
            TrainOptions(recipe=recipe, folder=tmp_path / folder, resume=resume, pause_minutes=60),
            FourPictures(),
            on_progress=told.append,
            on_pause=lambda _, card, kept: steps.append(card.training["steps"]),
            stop=lambda: len(told) >= until - 1,
            clock=Clock(10.0),
        )
        return steps

    assert go("whole", resume=False) == [0, 12]
    assert [now.share_done for now in told] == pytest.approx(np.arange(1, 13) / 12)
    assert [now.seconds_left for now in told] == pytest.approx(np.arange(110, -1, -10))
    told.clear()
    assert go("parts", resume=False, until=5) == [0, 5]
    assert go("parts", resume=True) == [12]
    assert [now.share_done for now in told] == pytest.approx(np.arange(1, 13) / 12)
