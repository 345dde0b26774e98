"""The training loop: it learns, resumes to the same curve, and does not care how many processes share a batch."""

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pixpaint.errors import BadModel, BadRequest
from pixpaint.models.config import PixelCNNPPConfig
from pixpaint.training import weight_norm
from pixpaint.training.batches import half_size, make_batch, rough_colours
from pixpaint.training.pictures import Pictures
from pixpaint.training.recipe import Recipe, read_recipe
from pixpaint.training.state import TrainingState
from pixpaint.training.train import Loop, TrainOptions, run
from tests.registry import SMALL_ENCODER

MODEL = PixelCNNPPConfig(
    channels=1, features=8, blocks=1, components=3, dropout=0.0, oriented=True, encoder=SMALL_ENCODER, crop=8
)
RECIPE = Recipe(
    name="tiny",
    model=MODEL,
    data="folder",
    batch=4,
    steps=6,
    learning_rate=3e-3,
    warmup=2,
    ema=0.9,
    bf16=False,
)


@dataclass(frozen=True, kw_only=True)
class FourPictures(Pictures):
    """Four fixed pictures: two ramps, a chessboard, a cross."""

    channels: int = 1
    classes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return 4

    def _all(self, size: int) -> np.ndarray:
        rows, columns = np.indices((size, size))
        cross = np.where((rows == size // 2) | (columns == size // 3), 0, 255)
        four = [rows * 255 // size, columns * 255 // size, (rows + columns) % 2 * 255, cross]
        return np.repeat(np.stack(four)[..., None].astype(np.uint8), self.channels, 3)

    def sample(self, rng: np.random.Generator, size: int) -> tuple[np.ndarray, int]:
        return self._all(size)[rng.integers(4)], -1

    def held_out(self, size: int, limit: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        return self._all(size)[:limit], np.full(4, -1)[:limit]


def losses_of(recipe: Recipe, folder: Path, steps: int, *, resume: bool = False) -> list[float]:
    folder.mkdir(parents=True, exist_ok=True)
    options = TrainOptions(recipe=recipe, folder=folder, resume=resume)
    loop = Loop(options, FourPictures())
    batches = loop.batches()
    losses = [loop.step(next(batches)) for _ in range(steps)]
    batches.close()
    loop.state.save(loop.checkpoint)
    return losses


def test_four_pictures_are_learned_by_heart(tmp_path) -> None:
    model = replace(MODEL, levels=2, oriented=False)
    recipe = replace(RECIPE, model=model, steps=100, turned=0.0, whole=1.0, learning_rate=1e-2)
    losses = losses_of(recipe, tmp_path, 100)
    # A pixel costs 1 bit if nothing is known; which of the four it is costs 2 bits in 64 pixels, 0.03 a pixel.
    assert np.mean(losses[-10:]) < 0.1 < 0.8 < losses[0]


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_a_resumed_run_takes_the_same_steps(tmp_path, dropout: float) -> None:
    recipe = replace(RECIPE, model=replace(MODEL, dropout=dropout))
    whole = losses_of(recipe, tmp_path / "whole", 6)
    first = losses_of(recipe, tmp_path / "parts", 3)
    rest = losses_of(recipe, tmp_path / "parts", 3, resume=True)
    assert first + rest == whole


def test_another_model_s_checkpoint_is_not_resumed_from(tmp_path) -> None:
    losses_of(RECIPE, tmp_path, 1)
    with pytest.raises(BadModel, match="another model"):
        losses_of(replace(RECIPE, model=replace(MODEL, features=4)), tmp_path, 1, resume=True)


def test_a_damaged_checkpoint_is_not_resumed_from(tmp_path) -> None:
    losses_of(RECIPE, tmp_path, 1)
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(BadModel, match="resumed"):
        losses_of(RECIPE, tmp_path, 1, resume=True)


def test_a_run_leaves_a_model_with_its_card_and_a_checkpoint(tmp_path) -> None:
    told, cards = [], []
    options = TrainOptions(recipe=RECIPE, folder=tmp_path)
    run(options, FourPictures(), on_progress=told.append, on_pause=lambda _, card: cards.append(card))
    assert told[-1].step == told[-1].steps == 6
    assert {path.name for path in tmp_path.iterdir()} == {
        "checkpoint.safetensors",
        "tiny.safetensors",
        "tiny.json",
    }
    assert cards[-1].training["steps"] == 6
    assert cards[-1].bits_per_dim["bottom"] > 0


def test_a_run_ends_at_its_time_limit_and_when_told_to(tmp_path) -> None:
    cards = []
    options = TrainOptions(recipe=replace(RECIPE, steps=10**6), folder=tmp_path, minutes=0.001)
    run(options, FourPictures(), on_progress=lambda _: None, on_pause=lambda _, card: cards.append(card))
    options = replace(options, minutes=60.0, resume=True)
    run(
        options,
        FourPictures(),
        on_progress=lambda _: None,
        on_pause=lambda _, c: cards.append(c),
        stop=lambda: True,
    )
    assert cards[1].training["steps"] == cards[0].training["steps"] + 1


WORKER = """
import sys
from pathlib import Path
import torch.distributed as dist
from pixpaint.training.train import processes
from tests.training.test_train import RECIPE, losses_of
with processes("cpu"):
    losses = losses_of(RECIPE, Path(sys.argv[1]) / str(dist.get_rank()), 4)
    if dist.get_rank() == 0:
        print(*losses)
"""


@pytest.mark.slow
def test_two_processes_take_the_steps_of_one_with_the_whole_batch(tmp_path) -> None:
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    root = Path(__file__).parents[2]
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    launch += ["--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0"]
    done = subprocess.run(
        [*launch, str(script), str(tmp_path / "two")],
        capture_output=True, text=True, timeout=300, check=False, cwd=root,
        env={**__import__("os").environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    two = [float(word) for word in done.stdout.split()]
    np.testing.assert_allclose(two, losses_of(RECIPE, tmp_path / "one", 4), rtol=1e-5)


def test_the_data_dependent_start_gives_each_layer_s_output_mean_0_and_deviation_1() -> None:
    state = TrainingState(RECIPE, torch.device("cpu"))
    batch = make_batch(FourPictures(), RECIPE, range(16))
    model = state.model.eval()
    arguments = (batch.x, batch.context, batch.labels, batch.orientations)
    weight_norm.start_from_data(model, lambda: model(*arguments))
    params = model(*arguments).params
    torch.testing.assert_close(params.mean((0, 2, 3)), torch.zeros(9), rtol=0, atol=1e-4)
    torch.testing.assert_close(params.std((0, 2, 3)), torch.ones(9), rtol=0, atol=1e-3)


def test_folded_weights_compute_what_normalised_ones_do() -> None:
    state = TrainingState(RECIPE, torch.device("cpu"))
    batch = make_batch(FourPictures(), RECIPE, range(2))
    arguments = (batch.x, batch.context, batch.labels, batch.orientations)
    with torch.no_grad():
        for name, parameter in state.model.named_parameters():
            if name.endswith("original0"):
                parameter.mul_(1.5)
    state.restart_average()
    normalised = state.model.eval()(*arguments).params
    torch.testing.assert_close(state.averaged_model()(*arguments).params, normalised, rtol=1e-4, atol=1e-5)


def test_an_example_depends_on_its_number_alone() -> None:
    together = make_batch(FourPictures(), RECIPE, range(5, 9))
    alone = make_batch(FourPictures(), RECIPE, [7])
    assert torch.equal(together.x[2:3], alone.x)
    assert all(torch.equal(a[2:3], b) for a, b in zip(together.context, alone.context, strict=True))


def test_what_is_hidden_is_not_in_the_context() -> None:
    batch = make_batch(FourPictures(), replace(RECIPE, half_size_hints=0.5, stroke_hints=0.5), range(40))
    context = batch.context
    assert not (context.known * context.hole).any()
    assert not (context.hints * (1 - context.hinted)).any()
    assert not (context.hinted * (1 - context.hole)).any()
    assert context.hinted.any()
    assert torch.equal(context.known, batch.x * (1 - context.hole))


def test_half_size_hints_are_the_picture_without_its_finest_detail() -> None:
    image = np.zeros((8, 8, 3), np.uint8)
    image[:, 4:] = 200
    hint = half_size(image)
    assert hint.shape == image.shape
    assert hint[:, 0].max() < 40
    assert hint[:, 7].min() > 160
    checks = np.indices((8, 8)).sum(0)[..., None] % 2 * np.full(1, 255, np.uint8)
    assert np.ptp(half_size(checks.astype(np.uint8))) == 0


def test_colour_strokes_lie_in_the_hole_and_are_near_what_it_hides() -> None:
    rng = np.random.default_rng(0)
    image = np.full((32, 32, 3), 120, np.uint8)
    hole = np.zeros((32, 32), bool)
    hole[4:28, 4:28] = True
    hints, hinted = rough_colours(rng, image, hole)
    assert not (hinted & ~hole).any()
    assert np.abs(hints[hinted].astype(int) - 120).max() < 60


def test_the_learning_rate_climbs_holds_and_falls_to_nothing() -> None:
    recipe = replace(RECIPE, steps=100, warmup=10, cooldown=0.2, decay=1.0)
    rates = [recipe.learning_rate_at(step) / recipe.learning_rate for step in (0, 9, 50, 80, 90, 100)]
    assert rates == pytest.approx([0.1, 1, 1, 1, 0.5, 0])


@pytest.mark.parametrize("name", ["sketch", "digits"])
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
