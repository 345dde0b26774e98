"""The training loop: one process or several (torchrun), on CPU or CUDA, with a limit of time or steps, resumable.

Adam and its schedule, Polyak averaging, dropout and weight norm are PixelCNN++'s (arXiv 1701.05517, section 3 and the
authors' code). The loss is the nats of the hidden pixels only.
"""

import os
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from math import log
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from pixpaint.errors import BadRequest
from pixpaint.models.base import Model
from pixpaint.models.card import ModelCard
from pixpaint.models.checkpoint import save_model
from pixpaint.models.encoder import Context
from pixpaint.models.pixel_cnn_pp import PixelCNNPP
from pixpaint.training import weight_norm
from pixpaint.training.batches import Batch, make_batch
from pixpaint.training.evaluate import Score, evaluate
from pixpaint.training.pictures import Pictures
from pixpaint.training.recipe import Recipe
from pixpaint.training.state import TrainingState

HELD_OUT = 256
"""How many held-out pictures the figures shown on the way are from."""


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """How to run a recipe. `folder` gets checkpoint.safetensors, the model and what `on_pause` draws.

    Whichever limit comes first ends the run: `minutes` of this call, or `steps` in all (default: the recipe's). Every
    `pause_minutes` the state is saved and the held-out pictures are scored.
    """

    recipe: Recipe
    folder: Path
    minutes: float = float("inf")
    resume: bool = False
    device: str = "cpu"
    threads: int | None = None
    pause_minutes: float = 5.0


class Guess(torch.nn.Module):
    """The part of a model that guesses a picture from its context alone, as a module of its own to be shared between
    processes."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        if not isinstance(model, PixelCNNPP) or model.encoder is None or model.preview is None:
            raise BadRequest("A recipe with encoder_steps needs a model with an encoder.")
        # Of a class and an orientation only what is added to the finest map has a part in the guess.
        finest = [*model.labels[:1], *model.orientations[:1]]
        self.parts = torch.nn.ModuleList([model.encoder, model.preview, *finest])
        self._model = (model,)  # in a tuple, so that the decoder is no part of this module

    def forward(self, context: Context, labels: Tensor, orientations: Tensor) -> Tensor:
        """Output parameters (N, P, H, W) for pictures whose sides are multiples of the coarsest scale."""
        (model,) = self._model
        guess = model.guess(model.maps(context, labels, orientations))
        assert guess is not None
        return guess


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a run stands: bits/dim of the hidden pixels in training (since the last report), seconds left."""

    step: int
    steps: int
    bits_per_dim: float
    pictures_per_second: float
    seconds_left: float


class Loop:
    """One process's part of a run over `pictures`."""

    def __init__(self, options: TrainOptions, pictures: Pictures) -> None:
        self.options, self.pictures, self.recipe = options, pictures, options.recipe
        model = self.recipe.model
        if (pictures.channels, len(pictures.classes)) != (model.channels, model.classes):
            raise BadRequest(
                f"The recipe {self.recipe.name} is for pictures of {model.channels} channel(s) and {model.classes} "
                f"classes; these have {pictures.channels} channel(s) and {len(pictures.classes)} classes."
            )
        self.rank, self.world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
        if self.recipe.batch % self.world:
            raise BadRequest(
                f"A batch of {self.recipe.batch} can't be shared evenly by {self.world} processes."
            )
        device = torch.device(options.device)
        if device.type == "cuda":
            device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
            torch.cuda.set_device(device)
        self.device = device
        self.state = TrainingState(self.recipe, device)
        self.checkpoint = options.folder / "checkpoint.safetensors"
        if options.resume and self.checkpoint.exists():
            self.state.load(self.checkpoint)
        else:
            self._start()
        self.network: torch.nn.Module = self.state.model
        self.guess: torch.nn.Module | None = Guess(self.state.model) if self.recipe.encoder_steps else None
        if self.world > 1:
            self.network = DistributedDataParallel(self.network)
            self.guess = DistributedDataParallel(self.guess) if self.guess else None

    def _start(self) -> None:
        """Weight norm's start, from a batch that is the same on every process and in every run."""
        first = make_batch(self.pictures, self.recipe, range(min(self.recipe.batch, 64))).to(self.device)
        weight_norm.start_from_data(self.state.model, lambda: self._run(self.state.model, first))
        self.state.restart_average()

    def _numbers(self, step: int) -> range:
        """The examples of this process at a step."""
        share = self.recipe.batch // self.world
        first = step * self.recipe.batch + self.rank * share
        return range(first, first + share)

    def _run(self, network: torch.nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        """Nats of the hidden pixels of all pictures, and of the preview of them."""
        prediction = network(batch.x, batch.context, batch.labels, batch.orientations, batch.like)
        nats = self._nats(prediction.params, batch)
        preview = prediction.preview
        return nats, nats.new_zeros(()) if preview is None else self._nats(preview, batch)

    def _nats(self, params: Tensor, batch: Batch) -> Tensor:
        """What the hidden pixels cost by these output parameters (N, P, H, W)."""
        log_prob = self.state.model.output.log_prob(params.float(), batch.x)
        return -(log_prob * batch.context.hole[:, 0]).sum()

    def step(self, batch: Batch) -> float:
        """One step of Adam on a batch of this process; bits/dim of the hidden pixels over all processes."""
        state, recipe = self.state, self.recipe
        torch.manual_seed(
            hash((recipe.seed, state.step, self.rank)) & 0x7FFFFFFF
        )  # dropout, the same when resumed
        state.model.train()
        dims = batch.context.hole.sum() * recipe.model.channels
        if self.world > 1:
            dist.all_reduce(dims)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=recipe.bf16):
            if self.guess is not None and state.step < recipe.encoder_steps:
                params = self.guess(batch.context, batch.labels, batch.orientations)
                loss = nats = self._nats(params, batch)
            else:
                nats, preview = self._run(self.network, batch)
                loss = nats + recipe.preview_weight * preview
        # Gradients are averaged over processes, so each scales its sum to make the average that of the whole batch.
        loss = loss * self.world / dims
        for group in state.optimiser.param_groups:
            group["lr"] = recipe.learning_rate_at(state.step)
        state.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if recipe.clip:
            torch.nn.utils.clip_grad_norm_(state.model.parameters(), recipe.clip)
        state.optimiser.step()
        state.update_average()
        state.step += 1
        total = nats.detach()
        if self.world > 1:
            dist.all_reduce(total)
        return float(total / dims) / log(2)

    def batches(self) -> Generator[Batch, None, None]:
        """The batches from the present step on, each made in another thread while the one before is trained on."""

        def make(step: int) -> Batch:
            return make_batch(self.pictures, self.recipe, self._numbers(step))

        with ThreadPoolExecutor(1) as pool:
            step = self.state.step
            coming = pool.submit(make, step)
            while True:
                step += 1
                batch, coming = coming.result(), pool.submit(make, step)
                yield batch.to(self.device)

    def scores(self, model: Model) -> dict[str, Score]:
        """Held-out scores, bottom half and everything hidden."""
        images, labels = self.pictures.held_out(self.recipe.model.crop, HELD_OUT)
        return {hole: evaluate(model, images, labels, hole=hole) for hole in ("bottom", "all")}

    def pause(self, on_pause: "OnPause") -> None:
        """Saves the state and the averaged model, scores it, shows it. Only the first process does."""
        if self.rank == 0:
            model = self.state.averaged_model()
            scores = self.scores(model)
            bits = {hole: round(score.bits_per_dim, 4) for hole, score in scores.items()}
            self.state.history.append({"step": self.state.step, "seconds": round(self.state.seconds), **bits})
            recipe = self.recipe
            card = ModelCard(
                name=recipe.name,
                config=recipe.model.to_json(),
                classes=self.pictures.classes,
                data=recipe.data,
                licence=recipe.licence,
                bits_per_dim=bits,
                training={
                    "steps": self.state.step,
                    "batch": recipe.batch,
                    "seconds": round(self.state.seconds),
                    "device": str(self.device),
                    "history": list(self.state.history),
                },
            )
            # The model first: weights that are no longer finite are refused and leave the last good checkpoint.
            card = save_model(model, card, self.options.folder)
            self.state.save(self.checkpoint)
            on_pause(model, card)
        if self.world > 1:
            dist.barrier()


OnPause = Callable[[Model, ModelCard], None]


def run(
    options: TrainOptions,
    pictures: Pictures,
    *,
    on_progress: Callable[[Progress], None],
    on_pause: OnPause,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Trains until a limit, or `stop()`, and saves. `on_pause` is given the averaged model and its card at every
    pause, the last one at the end; only the first process calls it and `on_progress`. Raises BadRequest,
    BadModel, CannotWrite."""
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    options.folder.mkdir(parents=True, exist_ok=True)
    with processes(options.device):
        loop = Loop(options, pictures)
        _run(loop, on_progress, on_pause, stop)


def _run(
    loop: Loop, on_progress: Callable[[Progress], None], on_pause: OnPause, stop: Callable[[], bool]
) -> None:
    state, options, steps = loop.state, loop.options, loop.recipe.steps
    begin = told = paused = last = time.monotonic()
    limit = options.minutes * 60
    bits: list[float] = []
    first_step = state.step
    batches = loop.batches()
    while state.step < steps:
        bits.append(loop.step(next(batches)))
        now = time.monotonic()
        state.seconds += now - last
        last = now
        if loop.rank == 0 and (now - told > 2 or state.step == steps):
            per_second = (state.step - first_step) / (now - begin)
            left = min((steps - state.step) / per_second, limit - (now - begin))
            on_progress(
                Progress(
                    step=state.step,
                    steps=steps,
                    bits_per_dim=sum(bits) / len(bits),
                    pictures_per_second=per_second * loop.recipe.batch,
                    seconds_left=left,
                )
            )
            told, bits = now, []
        if _agreed(loop, stop() or now - begin > limit):
            break
        if _agreed(loop, now - paused > options.pause_minutes * 60):
            loop.pause(on_pause)
            paused = last = time.monotonic()
    batches.close()
    loop.pause(on_pause)


def _agreed(loop: Loop, wish: bool) -> bool:
    """The first process's wish: all must leave the loop at the same step."""
    if loop.world == 1:
        return wish
    told = torch.tensor(float(wish), device=loop.device)
    dist.broadcast(told, 0)
    return bool(told)


@contextmanager
def processes(device: str) -> Iterator[None]:
    """Joins the other processes where torchrun started this one."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or dist.is_initialized():
        yield
        return
    dist.init_process_group("nccl" if device == "cuda" else "gloo")
    try:
        yield
    finally:
        dist.destroy_process_group()
