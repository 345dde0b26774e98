"""Filling a hole: level by level and window by window, draws the noise, runs an engine, reports rows in the picture's
coordinates."""

import math
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixpaint.errors import BadMask, BadRequest
from pixpaint.layers.output import AS_TRAINED, Tempering
from pixpaint.layers.pixels import grey
from pixpaint.models.base import Model
from pixpaint.models.config import ModelConfig
from pixpaint.orientation import orient, positions
from pixpaint.sampling import compile_cache
from pixpaint.sampling.blending import calmed, contrasted, held, joined, nearest_known, retold
from pixpaint.sampling.drafts import Drafts, digest
from pixpaint.sampling.events import RowPainted
from pixpaint.sampling.extrapolation import extrapolated
from pixpaint.sampling.fill_cached import fill_cached
from pixpaint.sampling.fill_captured import fill_captured
from pixpaint.sampling.fill_fused import can_fuse, fill_fused
from pixpaint.sampling.fill_slowly import fill_slowly
from pixpaint.sampling.masked_steps import Masked
from pixpaint.sampling.memory import bytes_around, check_memory
from pixpaint.sampling.noise import draw_noise
from pixpaint.sampling.pair import Hand, Pair
from pixpaint.sampling.plan import Job, plan
from pixpaint.sampling.pyramid import Level, Part, covered, holds_square, levels
from pixpaint.sampling.speeds import fastest, read_speeds
from pixpaint.sampling.window import PaintedRow, Window, abreast
from pixpaint.scaling import Bytes, doubled, quantized

Hints = NDArray[np.float32]

Engine = Callable[[Model, Window, Tempering, Callable[[], bool]], Iterator[PaintedRow]]

ENGINES: dict[str, Engine] = {"reference": fill_slowly, "torch": fill_cached, "fused": fill_fused}
ON_CUDA: dict[str, Engine] = ENGINES | {"torch": fill_captured}
FAST = ("torch", "fused")
LEVELS_HELD = 2
"""At how many levels, from the coarsest on, colours are held to what waves lead to expect."""
THIN = 0.27
"""How closely a thin hole is joined to its surroundings, of how closely a large one is at its finest level."""


def choose_engine(engine: str, model: Model, candidates: int) -> str:
    """The engine that is meant by `engine`, "auto" or a name in ENGINES, for a model where it lies. Raises BadRequest.

    "auto" is the fastest by measurement; on the CPU `torch` as long as the loops of `fused` are not compiled, and for
    models that `fused` has no loops for. The table is PixelCNN++'s: for the models of masked convolutions, whose passes
    are many small operations to `torch`, it says nothing, and `fused` is taken (2.5 to 34 times as fast in all of them,
    from 0.3 to 9 million weights, with 1 to 16 candidates).
    """
    device = model.head.weight.device.type
    if engine == "auto":
        if device != "cpu" or not can_fuse(model) or not compile_cache.ready():
            return "torch"
        if isinstance(model, Masked):
            return "fused"
        return fastest(read_speeds(), FAST, device, model.decoder_weights, candidates) or "fused"
    if engine == "fused" and device != "cpu":
        raise BadRequest(f"The engine fused runs on the CPU, not on {device}; choose auto or torch.")
    if engine == "fused" and not can_fuse(model):
        raise BadRequest(f"The engine fused has no loops for {model.config.title}; choose auto or torch.")
    if engine not in ENGINES:
        raise BadRequest(f"There is no engine {engine}; choose auto, {', '.join(ENGINES)}.")
    return engine


def fill(
    model: Model,
    image: NDArray[np.uint8],
    hole: NDArray[np.bool_],
    *,
    seed: int = 0,
    tempering: Tempering = AS_TRAINED,
    label: int | None = None,
    candidates: int = 1,
    engine: str = "auto",
    painted: NDArray[np.bool_] | None = None,
    like: NDArray[np.uint8] | None = None,
    coarse: Model | None = None,
    coarse_label: int | None = None,
    drafts: Drafts | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[RowPainted]:
    """Paints the hole (H, W) of an RGB picture uint8 (H, W, 3), which is not changed; what it holds there is not read.

    Candidate k is painted with seed + k. `painted` (H, W) marks the pixels of the hole that a stopped fill has already
    painted: with them in `image` and all else the same, the fill ends as if it had not been stopped; with the same
    `drafts` coarser levels that it had finished are not painted again, but shown at once. To cancel, stop
    iterating, or let `stop()` be true: then the row so far is the last event. It is asked before each pixel and between
    the steps of blending, by `fused` every few milliseconds and perhaps by another thread. With `tempering.calm`,
    `.join` or `.hold` a part of the hole is blended into its surroundings once it is painted, and shown anew with its
    last row. `like` is an RGB picture, of the size of those the model was trained on, that the result is to be like,
    for models with `likeness`. `coarse` is a model that paints the coarsest level, with a class of its own: see
    pixpaint/sampling/pyramid.py.

    Raises BadMask for a hole that is empty or of another size, BadRequest for options out of range; before the
    first row of a window, OutOfMemory for one that is too large.
    """
    if hole.shape != image.shape[:2]:
        raise BadMask(
            f"The mask is {hole.shape[1]} x {hole.shape[0]} pixels, the picture {image.shape[1]} x {image.shape[0]}."
        )
    if not hole.any():
        raise BadMask("The mask is empty: mark the part of the picture to paint.")
    pair = Pair.of(model, label, coarse, coarse_label)
    if candidates < 1 or not 0 <= seed <= 2**64 - candidates:
        raise BadRequest("A fill needs one candidate or more and a seed from 0 to 2**64 - 1.")
    if min(tempering.choice, tempering.scale) < 0 or not 0 < tempering.top_p <= 1:
        raise BadRequest("A fill needs temperatures of 0 or more, and a top-p above 0, up to 1.")
    if not 0 <= tempering.calm <= 1:
        raise BadRequest("A fill needs a calm from 0 to 1.")
    if not 0 <= tempering.join < math.inf:
        raise BadRequest("A fill needs a join of 0 or more.")
    if not 0 <= tempering.hold <= 1:
        raise BadRequest("A fill needs a hold from 0 to 1.")
    hands = [hand for hand in pair if hand is not None]
    if like is not None and not any(hand.model.config.likeness for hand in hands):
        raise BadRequest(
            f"{model.config.title} can't be shown what to draw: this model was trained without likeness."
        )
    engines = ON_CUDA if model.head.weight.is_cuda else ENGINES
    chosen = {hand.model: choose_engine(engine, hand.model, candidates) for hand in hands}
    todo = hole if painted is None else hole & ~painted
    found = [part for part in pair.parts(hole) if todo[part.box].any()]
    tempering = Tempering(*map(float, tempering))
    sharpened = tempering._replace(calm=0.0, join=0.0, hold=0.0)  # the rest is no affair of an engine
    return _Fill(
        pair=pair,
        image=image,
        hole=hole,
        todo=todo,
        seeds=[seed + k for k in range(candidates)],
        like=None if like is None else in_colours_of(model.config, like),
        paint=lambda by, window: engines[chosen[by]](by, window, sharpened, stop),
        check=lambda by, job, around: check_memory(by, job, candidates, chosen[by], around),
        tempering=tempering,
        drafts=drafts or Drafts(0),
        stop=stop,
    ).run(found)


@dataclass(kw_only=True, eq=False)
class _Fill:
    """A fill under way: what was asked, and how far it has come."""

    pair: Pair
    image: Bytes
    hole: NDArray[np.bool_]
    todo: NDArray[np.bool_]
    seeds: list[int]
    like: Bytes | None
    paint: Callable[[Model, Window], Iterator[PaintedRow]]
    check: Callable[[Model, Job, int], None]
    tempering: Tempering
    drafts: Drafts
    stop: Callable[[], bool]
    row: int = 0
    row_count: int = 0
    done: int = 0
    total: int = 0
    stopped: bool = False

    def run(self, found: list[Part]) -> Iterator[RowPainted]:
        """Paints these parts, each coarsest level first."""
        blends = bool(self.tempering.calm or self.tempering.join or self.tempering.hold)
        self.total, self.done = int(self.hole.sum()), int(self.hole.sum() - self.todo.sum())
        # All is planned before anything is painted: what there is to do, and whether there is memory for the finest.
        work = [self._work(part) for part in found]
        for pyramid in work:
            retold = len(pyramid) > 1 and self.tempering.hold > 0
            self.row_count += sum(level.row_count for level in pyramid)
            self.total += sum(int(level.todo.sum()) for level in pyramid[:-1])
            around = bytes_around(pyramid[-1].todo.size, len(self.seeds), retold=retold)
            for turn in pyramid[-1].turns:
                self.check(pyramid[-1].by.model, turn.job, around)
        for pyramid in work:
            known = self._known(pyramid) if len(pyramid) > 1 else ()
            begin, hints = 0, None
            if (draft := self._draft(pyramid, known)) is not None:
                begin, pictures = draft
                hints = _enlarged(pictures)
                yield from self._show(pyramid[:begin], pictures)
            for level in pyramid[begin:]:
                pictures = np.repeat(level.at.picture[None], len(self.seeds), 0)
                end, last = self.done + int(level.todo.sum()), None
                for event in self._paint_level(level, hints, pictures):
                    if blends and event.done == end and not event.level:
                        last = event  # to be shown with all that changes when the level is blended
                    else:
                        yield event
                if blends and not self.stopped:
                    pictures = self._blended(level, hints, pictures)
                if self.stopped:
                    return
                if level.at.level:
                    self.drafts.keep((level.at.level, *known), self.seeds, pictures)
                    hints = _enlarged(pictures)
                elif last is not None:
                    yield self._whole(last, level, pictures)

    def _known(self, pyramid: "list[_Work]") -> tuple[Hashable, ...]:
        """All that the levels of a part depend on, but for the seeds."""
        part, finest = pyramid[-1].part, pyramid[-1].at
        seen = np.where(finest.hole[..., None], np.uint8(0), finest.picture)
        arrays = [seen, finest.hole, finest.own] + ([] if self.like is None else [self.like])
        place = part.region_rows.start, part.region_columns.start
        hands = tuple((work.by.model, work.by.label) for work in pyramid)
        return digest(*arrays), place, hands, self.tempering

    def _draft(self, pyramid: "list[_Work]", known: tuple[Hashable, ...]) -> tuple[int, Bytes] | None:
        """How many of the coarser levels are known, if any, and what the last of them came to."""
        for begin in reversed(range(1, len(pyramid))):
            pictures = self.drafts.find((pyramid[begin - 1].at.level, *known), self.seeds)
            if pictures is not None:
                return begin, pictures
        return None

    def _show(self, levels: "list[_Work]", pictures: Bytes) -> Iterator[RowPainted]:
        """The last of these levels, which are known, at once."""
        self.row += sum(level.row_count for level in levels)
        self.done += sum(int(level.todo.sum()) for level in levels)
        rows, columns = np.nonzero(levels[-1].todo)
        cells = self._cells(levels[-1], rows, columns, np.ones(len(rows), bool))
        nats = np.zeros(len(self.seeds))
        yield from self._painted(levels[-1], cells, 0, pictures[:, rows, columns], nats)

    def _cells(
        self, work: "_Work", rows: NDArray[np.intp], columns: NDArray[np.intp], own: NDArray[np.bool_]
    ) -> "_Cells":
        """These cells (n,) of a level, of which those that are `own` are shown, in this order."""
        part = work.part
        shape = len(part.region_rows), len(part.region_columns)
        row, column, cell = covered(rows, columns, 2**work.at.level, shape)
        row, column = row + part.region_rows.start, column + part.region_columns.start
        # A coarse cell may cover known pixels, and painted ones.
        shown = np.flatnonzero(self.todo[row, column] & own[cell])
        shown = shown[np.argsort(cell[shown], kind="stable")]
        return _Cells(
            own=own,
            down=row[shown],
            across=column[shown],
            cell=cell[shown],
            starts=np.searchsorted(cell[shown], np.arange(len(rows) + 1)),
        )

    def _painted(
        self, work: "_Work", cells: "_Cells", first: int, pixels: Bytes, nats: NDArray[np.float64]
    ) -> Iterator[RowPainted]:
        """What cells from the first on show, if anything, in their pixels (candidates, n, C)."""
        begin, end = cells.starts[first], cells.starts[first + pixels.shape[1]]
        if begin == end:
            return
        shown = pixels[:, cells.cell[begin:end] - first]
        yield RowPainted(
            rows=cells.down[begin:end],
            columns=cells.across[begin:end],
            pixels=shown if shown.shape[2] == 3 else shown.repeat(3, 2),
            nats=nats,
            row=self.row,
            row_count=self.row_count,
            done=self.done,
            total=self.total,
            level=work.at.level,
        )

    def _blended(self, work: "_Work", hints: Hints | None, pictures: Bytes) -> Bytes:
        """A painted level's pictures (candidates, h, w, C), blended into their surroundings; as far as that has come
        where `stopped` is set."""
        found = pictures.copy()
        for _ in self._blending(work, hints, found):
            if self.stop():
                self.stopped = True
                break
        return quantized(found, work.by.model.config.levels)

    def _blending(self, work: "_Work", hints: Hints | None, found: Bytes) -> Iterator[None]:
        """The steps by which a level's pictures (candidates, h, w, C) are blended in, in place: the coarsest of several
        is held to what is expected, all are made as rough as their surroundings, finer ones are retold by these, and
        all are joined to them."""
        level, hinted = work.at, hints is not None
        told = self.tempering.hold > 0 and not level.hole.all()
        expected = None
        if is_held(work.part, level, self.tempering.hold):
            expected = extrapolated(level.picture, level.hole, level.own, self.stop)
            if expected is None:
                yield
                return
            for k, picture in enumerate(found) if not hinted else ():
                found[k] = held(picture, level, expected, self.tempering.hold, self.stop)
                yield
        for piece in _pieces(work.jobs, level) if self.tempering.calm else ():
            near = nearest_known(piece, hinted=hinted)
            for k, picture in enumerate(found):
                hint = None if hints is None else hints[k]
                found[k] = calmed(picture, piece, hint, self.tempering.calm, near, self.stop)
                yield
        for k, picture in enumerate(found) if told and hinted else ():
            found[k] = retold(picture, level, expected, self.tempering.hold, self.stop)
            yield
        # A coarse pixel stands for all it covers, and what is amiss there can't be put right later. In a thin hole most
        # pixels lie near a seam on either side, and would be smoothed twice.
        thin = level.level == 0 and not holds_square(level.own, work.by.model.config.crop // 2 + 1)
        weight = self.tempering.join * (THIN if thin else 4**level.level)
        for piece in _pieces(work.jobs, level):
            for k, picture in enumerate(found):
                found[k] = joined(picture, piece, weight, self.stop)
                yield
        for k, picture in enumerate(found) if told and level.level == 1 and not hinted else ():
            found[k] = contrasted(picture, level, self.tempering.hold)
            yield

    def _whole(self, last: RowPainted, work: "_Work", pictures: Bytes) -> RowPainted:
        """The last row of a part with all others, which may have changed."""
        part, level = work.part, work.at
        rows, columns = np.nonzero(level.own[: len(part.region_rows), : len(part.region_columns)])
        shown = pictures[:, rows, columns]
        return replace(
            last,
            rows=rows + part.region_rows.start,
            columns=columns + part.region_columns.start,
            pixels=np.broadcast_to(shown, (*shown.shape[:2], 3)).copy(),
        )

    def _work(self, part: Part) -> "list[_Work]":
        """What there is to do of a part, coarsest level first, in the models' channels."""
        found = levels_of(self.pair, part, self.image, self.hole)
        own = part.own(self.todo)
        todo = np.zeros_like(found[0].own)
        todo[: own.shape[0], : own.shape[1]] = own
        work = []
        for level in reversed(found):
            left = level.own if level.level else todo
            by = self.pair.at(part, level.level)
            jobs = jobs_of(by.model.config, part, level)
            turns = list(_turns(jobs, level, left))
            work.append(_Work(part=part, at=level, by=by, todo=left, jobs=jobs, turns=turns))
        return work

    def _paint_level(self, work: "_Work", hints: Hints | None, pictures: Bytes) -> Iterator[RowPainted]:
        """Paints a level's own pixels into `pictures` (candidates, h, w, C), with `hints` of the same shape."""
        part, level, todo = work.part, work.at, work.todo
        size = 2**level.level
        top, left = part.region_rows.start, part.region_columns.start
        for turn in work.turns:
            job = turn.job
            self.check(work.by.model, job, 0)
            rows, columns = (at[turn.todo] for at in positions(job.height, job.width, job.orientation))
            rows, columns = rows + job.row, columns + job.column
            cells = self._cells(work, rows, columns, job.is_for(rows, columns))
            last, end = 0, self.done + int(todo[job.box].sum())
            # One window for all candidates, unless what is known to them is not the same.
            count = len(self.seeds)
            windows = [
                _window(
                    turn,
                    pictures[share.start],
                    None if hints is None else hints[share],
                    level=level.level,
                    origin=(top // size, left // size),
                    seeds=self.seeds[share],
                    label=work.by.label,
                    like=self.like,
                )
                for share in ([slice(k, k + 1) for k in range(count)] if turn.follows else [slice(0, count)])
            ]
            for painted in abreast([self.paint(work.by.model, window) for window in windows]):
                self.row += 1
                first, last = last, last + len(painted.columns)
                own = cells.own[first:last]
                pictures[:, rows[first:last][own], columns[first:last][own]] = painted.pixels[:, own]
                self.done += int(np.count_nonzero(own))
                yield from self._painted(work, cells, first, painted.pixels, painted.nats[:, own].sum(1))
            if self.done < end:
                self.stopped = True
                return


@dataclass(frozen=True, kw_only=True, eq=False)
class _Turn:
    """A job in its turn, as its window is oriented: what is hidden from it, bool (height, width), and what of that it
    paints; it `follows` others if it is shown what they have painted."""

    job: Job
    hole: NDArray[np.bool_]
    todo: NDArray[np.bool_]
    follows: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class _Cells:
    """Cells (n,) of a level in the order they are painted, `own` if they are kept; the pixels of the picture that they
    show, `down` and `across`, each of a `cell`: those of cell i begin at starts[i]."""

    own: NDArray[np.bool_]
    down: NDArray[np.intp]
    across: NDArray[np.intp]
    cell: NDArray[np.intp]
    starts: NDArray[np.intp]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Work:
    """What there is to do at a level of a part, and who does it: the pixels `todo` (h, w), in these turns, of all that
    the level's jobs are for."""

    part: Part
    at: Level
    by: Hand
    todo: NDArray[np.bool_]
    jobs: list[Job]
    turns: list[_Turn]

    @property
    def row_count(self) -> int:
        """How many rows all its windows paint."""
        return sum(int(turn.todo.any(1).sum()) for turn in self.turns)


def _enlarged(pictures: Bytes) -> Hints:
    """What a level's pictures (candidates, h, w, C) tell the next finer one."""
    return np.stack([doubled(picture) for picture in pictures])


def _pieces(jobs: list[Job], level: Level) -> Iterator[Level]:
    """The level as it is in the turn of each of its jobs: its own pixels are the job's, and those of the jobs before
    are no longer hidden."""
    hidden = level.hole.copy()
    for job in jobs:
        own = np.zeros_like(level.own)
        own[job.box] = level.own[job.box]
        yield replace(level, hole=hidden.copy(), own=own)
        hidden[job.box] &= ~own[job.box]


def _turns(jobs: list[Job], level: Level, todo: NDArray[np.bool_]) -> Iterator[_Turn]:
    """Those of the jobs that have pixels `todo` (h, w) of their own."""
    for job, piece in zip(jobs, _pieces(jobs, level), strict=True):

        def cut(marks: NDArray[np.bool_], job: Job = job) -> NDArray[np.bool_]:
            return orient(marks[job.window], job.orientation).copy()

        own = cut(piece.own & todo)
        if own.any():
            # What other jobs will paint is painted here, too, as far as a pixel of one's own may see it.
            painted = cut(piece.hole & todo)
            painted[np.flatnonzero(own.any(1))[-1] + 1 :] = False
            follows = bool((level.own & ~piece.hole)[job.window].any())
            yield _Turn(job=job, hole=cut(piece.hole), todo=painted, follows=follows)


def _window(
    turn: _Turn,
    picture: Bytes,
    hints: Hints | None,
    *,
    level: int,
    origin: tuple[int, int],
    seeds: list[int],
    label: int,
    like: Bytes | None = None,
) -> Window:
    """The window of a job of a `level` whose cell (0, 0) lies at `origin` of the picture at that level's size, for the
    candidates of these seeds."""
    job = turn.job
    row, column = origin[0] + job.row, origin[1] + job.column
    noise = (draw_noise(seed, level, row, column, job.height, job.width) for seed in seeds)

    def cut(array: NDArray[Any]) -> NDArray[Any]:
        return orient(array[job.window], job.orientation).copy()

    return Window(
        image=cut(picture),
        hole=turn.hole,
        todo=turn.todo,
        noise=np.stack([orient(plane, job.orientation) for plane in noise]),
        label=label,
        orientation=job.orientation,
        hints=None if hints is None else np.stack([cut(plane) for plane in hints]),
        like=None if like is None else orient(like, job.orientation).copy(),
    )


def levels_of(pair: Pair, part: Part, image: Bytes, hole: NDArray[np.bool_]) -> list[Level]:
    """The levels of a part of an RGB picture uint8 (H, W, 3) with this hole (H, W), finest first, in the models'
    colours."""
    config = pair.fine.model.config
    pixels = in_colours_of(config, image[part.region])
    return levels(pixels, hole[part.region], part.own(hole), part.coarsest, values=config.levels)


def jobs_of(config: ModelConfig, part: Part, level: Level) -> list[Job]:
    """The windows that a level of a part is painted in. Where there are hints, they hold whole cells of the coarser
    level."""
    cell = 2 if level.level < part.coarsest else 1
    return plan(level.own, config.crop, oriented=config.oriented, cell=cell)


def is_held(part: Part, level: Level, hold: float) -> bool:
    """Whether the colours of a part are held to waves at this level: at the LEVELS_HELD coarsest ones, but never at the
    finest, if something is known there."""
    return hold > 0 and 0 < level.level > part.coarsest - LEVELS_HELD and not level.hole.all()


def in_colours_of(config: ModelConfig, pixels: Bytes) -> Bytes:
    """RGB pixels (H, W, 3) as a model knows them: in its channels and levels."""
    if config.channels == 1:
        pixels = grey(pixels)
    return quantized(pixels, config.levels)
