"""The training loop: one process or several (torchrun), on CPU or CUDA, with a limit of time or steps, resumable.

Adam and its schedule, Polyak averaging, dropout and weight norm are PixelCNN++'s (arXiv 1701.05517, section 3 and the
authors' code). The loss is the nats of the hidden pixels only.
"""

import os
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from math import log
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from pixpaint.errors import BadRequest
from pixpaint.models.base import Model
from pixpaint.models.card import ModelCard
from pixpaint.models.checkpoint import load_model, save_model
from pixpaint.training import weight_norm
from pixpaint.training.batches import Batch, make_batch
from pixpaint.training.evaluate import Score, evaluate
from pixpaint.training.freed_memory import keep_freed_memory
from pixpaint.training.guess import Guess
from pixpaint.training.pictures import Pictures
from pixpaint.training.processes import processes
from pixpaint.training.recipe import Recipe
from pixpaint.training.runs import CHECKPOINT, HEADLINE, is_best, out_of_patience
from pixpaint.training.state import TrainingState

HELD_OUT = 256
"""How many held-out pictures the figures shown on the way are from."""


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """How to run a recipe. `folder` gets checkpoint.safetensors, the model and what `on_pause` draws.

    Every `pause_minutes` the state is saved and the held-out pictures are scored. `data`, where the pictures lie, is
    only noted down.
    """

    recipe: Recipe
    folder: Path
    data: str = ""
    resume: bool = False
    device: str = "cpu"
    threads: int | None = None
    pause_minutes: float = 5.0


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a run stands: bits/dim of the hidden pixels in training (since the last report), the share of the whole
    run that is done, seconds left."""

    step: int
    steps: int
    share_done: float
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
        self.checkpoint = options.folder / CHECKPOINT
        resumes = options.resume and self.checkpoint.exists()
        source = None if resumes or not self.recipe.start_from else self._source()
        self.state = TrainingState(self.recipe, device, source)
        if resumes:
            self.state.load(self.checkpoint)
        elif source is None:
            self._start()
        self.network: torch.nn.Module = self.state.model
        self.guess: torch.nn.Module | None = Guess(self.state.model) if self.recipe.encoder_steps else None
        if self.world > 1:
            self.network = DistributedDataParallel(self.network)
            self.guess = DistributedDataParallel(self.guess) if self.guess else None

    def _source(self) -> Model:
        """The model that the run starts from. Raises BadModel, and BadRequest where it is not the recipe's."""
        recipe = self.recipe
        source = load_model(recipe.start_from)
        if replace(source.config, dropout=recipe.model.dropout) != recipe.model:
            raise BadRequest(f"The recipe {recipe.name} is for another model than {recipe.start_from}.")
        return source

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
        """Nats of the hidden pixels of each picture that count, and of the preview of them."""
        prediction = network(batch.read, batch.context, batch.labels, batch.orientations, batch.like)
        nats = self._nats(prediction.params, batch)
        preview = prediction.preview
        return nats, torch.zeros_like(nats) if preview is None else self._nats(preview, batch)

    def _nats(self, params: Tensor, batch: Batch) -> Tensor:
        """What the hidden pixels of each picture cost by these output parameters (N, P, H, W): (N,)."""
        log_prob = self.state.model.output.log_prob(params.float(), batch.x)
        return -(log_prob * batch.counted[:, 0]).sum((1, 2))

    def step(self, batch: Batch) -> float:
        """One step of Adam on a batch of this process; bits/dim of the hidden pixels over all processes."""
        state, recipe = self.state, self.recipe
        torch.manual_seed(
            hash((recipe.seed, state.step, self.rank)) & 0x7FFFFFFF
        )  # dropout, the same when resumed
        state.model.train()
        sizes = batch.counted.sum((1, 2, 3)) * recipe.model.channels
        weights = sizes**-recipe.balance
        totals = torch.stack([sizes.sum(), (weights * sizes).sum()])
        if self.world > 1:
            dist.all_reduce(totals)
        dims, weight = totals.unbind()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=recipe.bf16):
            if self.guess is not None and state.step < recipe.encoder_steps:
                params = self.guess(batch.context, batch.labels, batch.orientations)
                loss = nats = self._nats(params, batch)
            else:
                nats, preview = self._run(self.network, batch)
                loss = nats + recipe.preview_weight * preview
        # Gradients are averaged over processes, so each scales its sum to make the average that of the whole batch.
        loss = (weights * loss).sum() * self.world / weight
        for group in state.optimiser.param_groups:
            group["lr"] = recipe.learning_rate_at(state.step, state.seconds)
        state.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if recipe.clip:
            torch.nn.utils.clip_grad_norm_(state.model.parameters(), recipe.clip)
        state.optimiser.step()
        state.update_average()
        state.step += 1
        total = nats.detach().sum()
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
        """Held-out scores, bottom half and everything hidden; the latter with hints too, where there are any."""
        images, labels = self.pictures.held_out(self.recipe.model.crop, HELD_OUT)
        scores = {hole: evaluate(model, images, labels, hole=hole) for hole in ("bottom", "all")}
        if model.config.hinted and self.recipe.half_size_hints:
            scores["all hinted"] = evaluate(model, images, labels, hole="all", hints=True)
        return scores

    def pause(self, on_pause: "OnPause", *, stopped: bool = False) -> None:
        """Saves the state, scores the averaged model, saves it if it is one to keep, shows it; `stopped` if only
        because the run was. Only the first process does."""
        if self.rank == 0:
            model = self.state.averaged_model()
            scores = self.scores(model)
            bits = {hole: round(score.bits_per_dim, 4) for hole, score in scores.items()}
            recipe, history = self.recipe, self.state.history
            entry = {"step": self.state.step, "seconds": round(self.state.seconds), **bits}
            entry["held_out"] = scores[HEADLINE].images
            history.append({**entry, "stopped": True} if stopped else entry)
            kept = not recipe.patience or is_best(recipe, history)
            kept = kept or not (self.options.folder / f"{recipe.name}.safetensors").exists()
            card = ModelCard(
                name=recipe.name,
                config=recipe.model.to_json(),
                classes=self.pictures.classes,
                data=self._data_in_words(),
                licence=recipe.licence,
                bits_per_dim=bits,
                coarse=recipe.coarse,
                training={
                    **({"from": Path(recipe.start_from).stem} if recipe.start_from else {}),
                    "steps": self.state.step,
                    "batch": recipe.batch,
                    "seconds": round(self.state.seconds),
                    "device": str(self.device),
                    "history": list(history),
                },
            )
            # The model first: weights that are no longer finite are refused and leave the last good checkpoint.
            if kept:
                card = save_model(model, card, self.options.folder)
            self.state.save(self.checkpoint, self.options.data)
            on_pause(model, card, kept)
        if self.world > 1:
            dist.barrier()

    def _data_in_words(self) -> str:
        """For the card: of a person's own pictures how many and the name of their folder, but not where it lies."""
        name = Path(self.options.data).name
        return (
            f"{len(self.pictures)} pictures of {name}" if self.recipe.data == "folder" else self.recipe.data
        )

    def agreed(self, seconds: float, *wishes: bool) -> tuple[float, list[bool]]:
        """The first process's clock and wishes: all must take a step at the same rate, and leave the loop at the same
        one."""
        if self.world > 1:
            told = torch.tensor([seconds, *wishes], dtype=torch.float64, device=self.device)
            dist.broadcast(told, 0)
            seconds, *agreed = told.tolist()
            return seconds, [bool(wish) for wish in agreed]
        return seconds, list(wishes)


OnPause = Callable[[Model, ModelCard, bool], None]
"""Given the averaged model, its card, and whether it is the one to keep so far."""


def run(
    options: TrainOptions,
    pictures: Pictures,
    *,
    on_progress: Callable[[Progress], None],
    on_pause: OnPause,
    stop: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Trains to the end of the recipe's run, or until `stop()`, and saves. `on_pause` is called before the first step,
    at every pause, and at the end; only the first process calls it and `on_progress`. `clock` gives seconds. Raises
    BadRequest, BadModel, CannotWrite."""
    keep_freed_memory()
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    options.folder.mkdir(parents=True, exist_ok=True)
    with processes(options.device):
        loop = Loop(options, pictures)
        _run(loop, on_progress, on_pause, stop, clock)


def _run(
    loop: Loop,
    on_progress: Callable[[Progress], None],
    on_pause: OnPause,
    stop: Callable[[], bool],
    clock: Callable[[], float],
) -> None:
    state, recipe, seconds_before = loop.state, loop.recipe, loop.state.seconds
    if recipe.share_done(state.step, state.seconds) >= 1:
        raise BadRequest(
            f"{recipe.name} is trained already, {state.step} steps in {state.seconds / 60:.0f} minutes: "
            "give more of them in all to go on."
        )
    if out_of_patience(recipe, state.history):
        raise BadRequest(
            f"{recipe.name} is trained already, {state.step} steps: held-out pictures became no cheaper at "
            f"{recipe.patience} scores in turn; train on more pictures, or anew under another name."
        )
    if not state.history:
        loop.pause(on_pause)
    begin = told = paused = clock()
    bits: list[float] = []
    first_step = state.step
    batches = loop.batches()
    while True:
        bits.append(loop.step(next(batches)))
        now = clock()
        state.seconds, (stopped, due) = loop.agreed(
            seconds_before + now - begin, stop(), now - paused > loop.options.pause_minutes * 60
        )
        share = recipe.share_done(state.step, state.seconds)
        if loop.rank == 0 and (now - told > 2 or share >= 1):
            per_second = (state.step - first_step) / max(now - begin, 1e-9)
            left = (recipe.steps - state.step) / per_second
            if recipe.minutes is not None:
                left = min(left, 60 * recipe.minutes - state.seconds)
            on_progress(
                Progress(
                    step=state.step,
                    steps=recipe.steps,
                    share_done=min(share, 1.0),
                    bits_per_dim=sum(bits) / len(bits),
                    pictures_per_second=per_second * recipe.batch,
                    seconds_left=max(left, 0.0),
                )
            )
            told, bits = now, []
        over = stopped or share >= 1
        if over or due:
            loop.pause(on_pause, stopped=stopped and share < 1)
            paused = clock()
            _, (tired,) = loop.agreed(state.seconds, out_of_patience(recipe, state.history))
            if over or tired:
                break
    batches.close()
