"""The training loop: it learns, resumes to the same curve, and does not care how many processes share a batch."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pixpaint.errors import BadModel, BadRequest
from pixpaint.models.card import read_card
from pixpaint.training import weight_norm
from pixpaint.training.batches import make_batch
from pixpaint.training.runs import is_best, out_of_patience, read_run
from pixpaint.training.state import TrainingState
from pixpaint.training.train import TrainOptions, run
from tests.training.examples import MODEL, RECIPE, Clock, FourPictures, loop_of, losses_of, take


@pytest.mark.parametrize(
    ("changes", "training", "bits"),
    [
        # A pixel costs 1 bit if nothing is known; which of the four it is costs 2 in 64 pixels, 0.03 a pixel.
        pytest.param({"levels": 2}, {"steps": 100, "whole": 1.0}, 0.1, id="one bit"),
        pytest.param({}, {"steps": 100, "batch": 16}, 3.0, id="grey, partial holes"),
        pytest.param({"channels": 3}, {"steps": 80, "batch": 16, "whole": 1.0}, 2.5, id="RGB"),
    ],
)
def test_four_pictures_are_learned_by_heart(tmp_path, changes, training, bits) -> None:
    """Bits/dim fall to less than half of what they were, and below `bits`."""
    model = replace(MODEL, oriented=False, **changes)
    recipe = replace(RECIPE, model=model, turned=0.0, learning_rate=1e-2, seed=1, **training)
    losses = losses_of(recipe, tmp_path, recipe.steps)
    assert np.mean(losses[-10:]) < min(bits, losses[0] / 2)


def zero_head(loop) -> None:
    """Makes every output parameter zero: a one-bit model then gives every bit one half."""
    with torch.no_grad():
        loop.state.model.head.bias.zero_()
        loop.state.model.head.parametrizations.weight.original0.zero_()


ONE_BIT = replace(RECIPE, model=replace(MODEL, levels=2))


def test_the_loss_counts_hidden_pixels_only(tmp_path) -> None:
    loop = loop_of(ONE_BIT, tmp_path)
    for _ in range(3):
        zero_head(loop)
        batch = next(loop.batches())
        assert 0 < batch.context.hole.mean() < 0.8
        assert loop.step(batch) == pytest.approx(1.0, abs=1e-6)


def test_each_step_is_taken_at_its_learning_rate(tmp_path) -> None:
    loop = loop_of(replace(RECIPE, steps=10, warmup=3, cooldown=0.5), tmp_path)
    rates = []
    for _ in range(10):
        take(loop, 1)
        rates.append(loop.state.optimiser.param_groups[0]["lr"])
    assert rates == pytest.approx(
        [
            RECIPE.learning_rate * f * loop.recipe.decay**i
            for i, f in enumerate((1 / 3, 2 / 3, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2))
        ]
    )


@pytest.mark.parametrize("weight", [0.0, 0.1])
def test_the_preview_is_trained_by_its_weight(tmp_path, weight: float) -> None:
    loop = loop_of(replace(RECIPE, preview_weight=weight), tmp_path)
    before = loop.state.model.preview.weight.detach().clone()
    take(loop, 1)
    assert bool(loop.state.model.preview.weight.grad.any()) == (weight > 0)
    assert torch.equal(loop.state.model.preview.weight, before) == (weight == 0)


def test_the_preview_is_scored_as_the_output_is(tmp_path) -> None:
    loop = loop_of(ONE_BIT, tmp_path)
    with torch.no_grad():
        loop.state.model.preview.bias.zero_()
        loop.state.model.preview.weight.zero_()
    batch = next(loop.batches())
    _, preview = loop._run(loop.state.model, batch)
    assert preview.sum().item() == pytest.approx(np.log(2) * float(batch.context.hole.sum()), rel=1e-6)


def test_bfloat16_changes_little(tmp_path) -> None:
    exact = losses_of(RECIPE, tmp_path / "float32", 3)
    rough = losses_of(replace(RECIPE, bf16=True), tmp_path / "bfloat16", 3)
    assert np.isfinite(rough).all()
    assert rough != exact
    np.testing.assert_allclose(rough, exact, rtol=0.02)


@pytest.mark.parametrize("pictures", [FourPictures(channels=3), FourPictures(classes=("a", "b"))])
def test_pictures_that_do_not_fit_the_recipe_are_refused(tmp_path, pictures) -> None:
    with pytest.raises(BadRequest, match="is for pictures of 1 channel"):
        loop_of(RECIPE, tmp_path, pictures=pictures)


def test_the_card_tells_how_the_figures_fell(tmp_path) -> None:
    cards = []
    for steps in (2, 4):
        options = TrainOptions(recipe=replace(RECIPE, steps=steps), folder=tmp_path, resume=True)
        run(
            options,
            FourPictures(),
            on_progress=lambda _: None,
            on_pause=lambda _, card, kept: cards.append(card),
        )
    history = read_card(str(tmp_path / "tiny.safetensors")).training["history"]
    assert [entry["step"] for entry in history] == [0, 2, 4]
    assert [entry["bottom"] for entry in history] == [card.bits_per_dim["bottom"] for card in cards]


def test_a_run_that_came_to_nothing_keeps_the_last_good_checkpoint(tmp_path) -> None:
    loop = loop_of(RECIPE, tmp_path)
    take(loop, 1)
    before = loop.checkpoint.read_bytes()
    loop.state.average["head.bias"].fill_(float("nan"))
    with pytest.raises(BadModel, match="not finite"):
        loop.pause(lambda *_: None)
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint.safetensors"}
    assert loop.checkpoint.read_bytes() == before


def test_a_run_leaves_a_model_with_its_card_and_a_checkpoint(tmp_path) -> None:
    told, cards = [], []
    options = TrainOptions(recipe=RECIPE, folder=tmp_path)
    run(options, FourPictures(), on_progress=told.append, on_pause=lambda _, card, kept: cards.append(card))
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
    recipe = replace(RECIPE, steps=10**6, minutes=0.001)
    options = TrainOptions(recipe=recipe, folder=tmp_path)
    run(
        options, FourPictures(), on_progress=lambda _: None, on_pause=lambda _, card, kept: cards.append(card)
    )
    options = replace(options, recipe=replace(recipe, minutes=60.0), resume=True)
    run(
        options,
        FourPictures(),
        on_progress=lambda _: None,
        on_pause=lambda _, c, kept: cards.append(c),
        stop=lambda: True,
    )
    begun, ended, resumed = (card.training["steps"] for card in cards)
    assert begun == 0
    assert resumed == ended + 1
    with pytest.raises(BadRequest, match="trained already"):
        run(replace(options, recipe=recipe), FourPictures(), on_progress=print, on_pause=print)


class OthersHeldOut(FourPictures):
    """Learns the four pictures, and is asked for noise: the better it knows the ones, the dearer are the others."""

    def held_out(self, size: int, limit: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        noise = np.random.default_rng(1).integers(0, 256, (4, size, size, 1), np.uint8)
        return noise[:limit], np.full(4, -1)[:limit]


def scores(*told: tuple[int, float] | tuple[int, float, dict]) -> list[dict]:
    return [{"step": step, "all": bits, "held_out": 4, **dict(*more)} for step, bits, *more in told]


@pytest.mark.parametrize(
    ("history", "best", "over"),
    [
        (scores((0, 1.0)), True, False),
        (scores((0, 1.0), (9, 3.0)), True, False),  # what a run starts with is nothing that it made
        (scores((9, 3.0), (10, 2.0), (11, 2.0), (12, 2.1)), False, True),
        (scores((9, 3.0), (10, 2.0), (11, 2.5), (12, 1.9)), True, False),
        (scores((9, 3.0), (10, float("nan"))), True, False),  # such weights are refused when they are saved
        (scores((9, 2.0), (10, 2.1, {"stopped": True}), (11, 2.2)), False, False),
        (scores((1, 2.0), (2, 2.0), (3, 2.0), (4, 2.0)), True, False),  # the encoder alone, for 4 steps
        (scores((9, 2.0, {"held_out": 3}), (10, 2.1), (11, 2.05)), True, False),  # other pictures since
    ],
)
def test_which_score_is_the_best_and_when_patience_ends(history: list[dict], best: bool, over: bool) -> None:
    recipe = replace(RECIPE, patience=2, encoder_steps=4)
    assert is_best(recipe, history) == best
    assert out_of_patience(recipe, history) == over
    assert not out_of_patience(replace(recipe, patience=0), history)


def test_with_patience_a_run_ends_when_it_only_learns_by_heart_and_keeps_its_best(tmp_path) -> None:
    told = []
    recipe = replace(RECIPE, learning_rate=2e-2, ema=0.0, steps=200, patience=3)

    def go(recipe, folder: str) -> None:
        run(
            TrainOptions(recipe=recipe, folder=tmp_path / folder, resume=True, pause_minutes=1),
            OthersHeldOut(),
            on_progress=lambda _: None,
            on_pause=lambda _, card, kept: told.append((card, kept)),
            clock=Clock(20.0),
        )

    go(recipe, "mine")
    last = told[-1][0].training
    scores = [entry["all"] for entry in last["history"][1:]]
    best = scores.index(min(scores))
    assert last["steps"] < 200
    assert best == len(scores) - 4, "it ends at the third pause that is no better than the best one"
    left = read_card(str(tmp_path / "mine" / "tiny.safetensors"))
    assert left.training["steps"] == last["history"][1 + best]["step"]
    assert left.bits_per_dim["all"] == min(scores)
    assert [card for card, kept in told if kept][-1].sha256 == left.sha256
    assert read_run(tmp_path / "mine").share_done == 1
    with pytest.raises(BadRequest, match="no cheaper at 3 scores in turn"):
        go(recipe, "mine")
    told.clear()
    go(replace(recipe, patience=0, steps=last["steps"] + 8), "whole")
    assert all(kept for _, kept in told)
    assert told[-1][0].training["steps"] == last["steps"] + 8, "without patience it goes on to the end"


WORKER = """
import sys
from dataclasses import replace
from pathlib import Path
import torch.distributed as dist
from pixpaint.training.processes import processes
from tests.training.examples import RECIPE, losses_of
with processes("cpu"):
    losses = losses_of(RECIPE, Path(sys.argv[1]) / str(dist.get_rank()), 4)
    if dist.get_rank() == 0:
        print(*losses)
"""


@pytest.mark.slow
@pytest.mark.parametrize("encoder_steps", [0, 2])
def test_two_processes_take_the_steps_of_one_with_the_whole_batch(tmp_path, encoder_steps: int) -> None:
    script = tmp_path / "worker.py"
    script.write_text(WORKER.replace("(RECIPE,", f"(replace(RECIPE, encoder_steps={encoder_steps}),"))
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
    recipe = replace(RECIPE, encoder_steps=encoder_steps)
    np.testing.assert_allclose(two, losses_of(recipe, tmp_path / "one", 4), rtol=1e-5)


ENCODER_FIRST = replace(RECIPE, encoder_steps=3)


def test_the_encoder_learns_alone_first(tmp_path) -> None:
    loop = loop_of(ENCODER_FIRST, tmp_path)
    before = {name: p.detach().clone() for name, p in loop.state.model.named_parameters()}
    changed = set()
    for step in range(4):
        loop.step(next(loop.batches()))
        now = {name for name, p in loop.state.model.named_parameters() if not torch.equal(p, before[name])}
        if step == 2:
            changed = now
    assert changed
    assert {name.split(".")[0] for name in changed} <= {"encoder", "preview", "labels", "orientations"}
    assert any(name.startswith("horizontal") for name in now)


def test_a_run_whose_encoder_learns_first_is_resumed_to_the_same_steps(tmp_path) -> None:
    whole = losses_of(ENCODER_FIRST, tmp_path / "whole", 6)
    first = losses_of(ENCODER_FIRST, tmp_path / "parts", 2)
    assert first + losses_of(ENCODER_FIRST, tmp_path / "parts", 4, resume=True) == whole


def test_without_an_encoder_there_is_none_to_learn_first(tmp_path) -> None:
    with pytest.raises(BadRequest, match="encoder"):
        loop_of(replace(ENCODER_FIRST, model=replace(MODEL, encoder=None)), tmp_path)


def test_the_data_dependent_start_gives_each_layer_s_output_mean_0_and_deviation_1() -> None:
    state = TrainingState(RECIPE, torch.device("cpu"))
    batch = make_batch(FourPictures(), RECIPE, range(16))
    model = state.model.eval()
    arguments = (batch.x, batch.context, batch.labels, batch.orientations)
    weight_norm.start_from_data(model, lambda: model(*arguments))
    params = model(*arguments).params
    torch.testing.assert_close(params.mean((0, 2, 3)), torch.zeros(9), rtol=0, atol=1e-4)
    torch.testing.assert_close(params.std((0, 2, 3)), torch.ones(9), rtol=0, atol=1e-3)


@pytest.mark.parametrize("balance", [0.0, 0.5, 1.0])
def test_balance_weighs_small_holes(tmp_path, balance: float) -> None:
    """The gradient is that of the pictures' bits/dim, each weighed by the size of its hole to the power 1 - balance."""
    recipe = replace(RECIPE, balance=balance, preview_weight=0.0, learning_rate=1e-6)
    loop = loop_of(recipe, tmp_path)
    batch = next(loop.batches())
    model = loop.state.model
    model.train()
    sizes = batch.context.hole.sum((1, 2, 3))
    assert len(set(sizes.tolist())) > 1
    nats, _ = loop._run(model, batch)
    share = sizes ** (1 - balance) / (sizes ** (1 - balance)).sum()
    (wanted,) = torch.autograd.grad((nats / sizes * share).sum(), [model.head.bias])
    bits = loop.step(batch)
    torch.testing.assert_close(model.head.bias.grad, wanted, rtol=1e-4, atol=1e-6)
    assert bits == pytest.approx(nats.sum().item() / sizes.sum().item() / np.log(2), rel=1e-5)
