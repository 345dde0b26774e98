"""The one door to a fill for the command line and the window: settings in, rows out; models are loaded once.

Importing this module is quick: torch is imported when a model is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pixpaint.errors import BadRequest, OutOfMemory
from pixpaint.models.card import ModelCard, read_card
from pixpaint.models.config import read_config
from pixpaint.recipe import FillSettings
from pixpaint.sampling import compile_cache
from pixpaint.sampling.drafts import Drafts
from pixpaint.sampling.events import RowPainted
from pixpaint.sampling.pair import check_pair
from pixpaint.sampling.together import together

if TYPE_CHECKING:
    from pixpaint.layers.output import Tempering
    from pixpaint.models.base import Model
    from pixpaint.models.field import Field
    from pixpaint.sampling.look import Look


GREYS = 16
"""So many a drawing may have."""
MEMORY_WORDS = ("out of memory", "can't allocate memory", "not enough memory", "ALLOC_FAILED")


class Painter:
    """Keeps loaded models, keyed by file, its sha256 and device. Not thread-safe: one painter a thread."""

    def __init__(self) -> None:
        self._models: dict[tuple[str, str, str], Model] = {}
        self._drafts = Drafts()

    def card(self, settings: FillSettings) -> ModelCard:
        """The card of the model these settings name. Raises BadModel."""
        return read_card(settings.model)

    def coarse_card(self, settings: FillSettings) -> ModelCard | None:
        """The card of the model that these settings have paint the coarsest level, if they name one. Raises BadModel,
        BadRequest where the two can't paint together."""
        if settings.coarse is None:
            return None
        card = read_card(settings.coarse)
        check_pair(read_config(self.card(settings).config), read_config(card.config))
        return card

    def prepare(self, settings: FillSettings) -> FillSettings:
        """Loads all that these settings need; the same settings with all that was left open decided. Raises BadModel,
        BadRequest, OutOfMemory."""
        from pixpaint.sampling.fill import choose_engine
        from pixpaint.sampling.fill_fused import can_fuse, make_ready

        model, coarse = self.model(settings), self.coarse(settings)
        engine = choose_engine(settings.engine, model, settings.candidates)
        if engine == "fused":
            from pixpaint.sampling.compile_loops import compile_loops

            compile_loops()
            for each in (model, coarse):
                if each is not None and can_fuse(each):
                    make_ready(each)
        device = model.head.weight.device.type
        return replace(settings, engine=engine, device=device, **self.sampling(settings)._asdict())

    def measured(self, used: FillSettings) -> dict[int, float]:
        """By the number of answers the seconds that a pixel of all of them together takes by these settings, as
        `prepare` gave them, in a hole so large that all else counts little: by the measured table, which need not be of
        this machine. Nothing where it has none like it, as of models other than PixelCNN++."""
        from pixpaint.models.pixel_cnn_pp import PixelCNNPP
        from pixpaint.sampling.speeds import of_its_size, read_speeds

        model = self.model(used)
        if not isinstance(model, PixelCNNPP):
            return {}
        found = of_its_size(read_speeds(), used.engine, used.device, model.decoder_weights)
        return {speed.candidates: speed.us_per_pixel / 1e6 for speed in found}

    def sampling(self, settings: FillSettings) -> Tempering:
        """The settings that a Tempering has, those left open as the model's card has them."""
        from pixpaint.layers.output import AS_TRAINED, Tempering

        card, own = self.card(settings).sampling, AS_TRAINED._asdict()
        asked = {name: getattr(settings, name) for name in own}
        return Tempering(
            *(card.get(name, own[name]) if value is None else value for name, value in asked.items())
        )

    def tempering(self, settings: FillSettings) -> Tempering:
        """How these settings sharpen what the model has learnt."""
        own = self.sampling(settings)
        return own._replace(choice=settings.temperature * own.choice, scale=settings.temperature * own.scale)

    def can_compile(self, used: FillSettings) -> bool:
        """Whether a faster engine than the one in use only waits to be compiled."""
        from pixpaint.sampling.fill_fused import can_fuse

        waits = used.engine == "torch" and used.device == "cpu" and not compile_cache.ready()
        return waits and can_fuse(self.model(used))

    def model(self, settings: FillSettings) -> Model:
        """The model these settings name, on their device. Raises BadModel, BadRequest, OutOfMemory."""
        return self._loaded(settings.model, self.card(settings), _device(settings))

    def coarse(self, settings: FillSettings) -> Model | None:
        """The model that these settings have paint the coarsest level, if they name one, as `model` does."""
        card = self.coarse_card(settings)
        return None if card is None else self._loaded(str(settings.coarse), card, _device(settings))

    def _loaded(self, name: str, card: ModelCard, device: str) -> Model:
        from pixpaint.models.checkpoint import load_model

        key = (str(card.path), card.sha256, device)
        if key not in self._models:
            with _memory_of(device):
                self._models[key] = load_model(name, device=device)
        return self._models[key]

    def check(self, settings: FillSettings) -> None:
        """Raises now what `paint` would raise before its first row, the model's weights and the mask aside."""
        self.label(settings)
        self.coarse_card(settings)
        if settings.engine == "fused" and _device(settings) != "cpu":
            raise BadRequest("The engine fused runs on the CPU: use --device cpu, or another engine.")

    def paint(
        self,
        settings: FillSettings,
        image: NDArray[np.uint8],
        hole: NDArray[np.bool_],
        *,
        painted: NDArray[np.bool_] | None = None,
        like: NDArray[np.uint8] | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[RowPainted]:
        """Fills the hole (H, W) of an RGB picture uint8 (H, W, 3): see `pixpaint.sampling.fill.fill`.

        To go on with a stopped fill of several candidates, `image` is uint8 (candidates, H, W, 3), with what each had
        painted. Where all that is known is grey, so is what is painted. Raises PixpaintError: before the first row for
        settings, model or mask; OutOfMemory at any row, those painted being kept.
        """
        from pixpaint.layers.pixels import grey
        from pixpaint.sampling.fill import fill

        model, coarse = self.model(settings), self.coarse(settings)
        own = image.ndim == 4  # each candidate's picture is its own
        with _memory_of(model.head.weight.device.type):
            fills = [
                fill(
                    model,
                    picture,
                    hole,
                    seed=settings.seed + k,
                    tempering=self.tempering(settings),
                    label=self.label(settings),
                    candidates=1 if own else settings.candidates,
                    engine=settings.engine,
                    painted=painted,
                    like=like,
                    coarse=coarse,
                    coarse_label=self.coarse_label(settings),
                    drafts=self._drafts,
                    stop=stop,
                )
                for k, picture in enumerate(image if own else [image])
            ]
            in_grey = _is_grey(image[0] if own else image, hole)
            for event in together(fills) if own else fills[0]:
                yield replace(event, pixels=np.repeat(grey(event.pixels), 3, axis=-1)) if in_grey else event

    def draw(
        self,
        settings: FillSettings,
        *,
        like: NDArray[np.uint8] | None = None,
        on_row: Callable[[RowPainted], None] = lambda row: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> NDArray[np.uint8]:
        """Pictures drawn from nothing, of the size the model was trained at: uint8 (candidates, size, size, 3), white
        where `stop` came before. Raises what `paint` does."""
        size = self.card(settings).size
        paper = np.full((size, size, 3), 255, dtype=np.uint8)
        pictures = np.repeat(paper[None], settings.candidates, axis=0)
        everything = np.ones((size, size), dtype=np.bool_)
        for event in self.paint(settings, paper, everything, like=like, stop=stop):
            pictures[:, event.rows, event.columns] = event.pixels
            on_row(event)
        return pictures

    def fits(
        self,
        settings: FillSettings,
        results: NDArray[np.uint8],
        hole: NDArray[np.bool_],
        *,
        stop: Callable[[], bool] = lambda: False,
    ) -> NDArray[np.float64]:
        """How well finished pictures uint8 (candidates, H, W, 3) fit what was known: see `pixpaint.sampling.fit.fits`.
        Raises BadModel, BadRequest, OutOfMemory."""
        from pixpaint.sampling.fit import fits

        model, coarse = self.model(settings), self.coarse(settings)
        with _memory_of(model.head.weight.device.type):
            return fits(
                model,
                results,
                hole,
                label=self.label(settings),
                coarse=coarse,
                coarse_label=self.coarse_label(settings),
                hold=self.tempering(settings).hold,
                stop=stop,
            )

    def look(
        self, settings: FillSettings, image: NDArray[np.uint8], hole: NDArray[np.bool_], at: tuple[int, int]
    ) -> Look:
        """What the model looks at for the pixel `at` (row, column) of an RGB picture uint8 (H, W, 3) with this hole
        (H, W): see `pixpaint.sampling.look.look`. Raises BadModel, BadRequest, OutOfMemory."""
        from pixpaint.sampling.look import look

        model = self.model(settings)
        with _memory_of(model.head.weight.device.type):
            return look(model, image, hole, at, label=self.label(settings))

    def typical_field(self, settings: FillSettings, size: tuple[int, int], at: tuple[int, int]) -> Field:
        """What a pixel of pictures of noise sees: see `pixpaint.models.receptive_field.typical_field`. Raises BadModel,
        BadRequest, OutOfMemory."""
        from pixpaint.models.receptive_field import typical_field

        model = self.model(settings)
        with _memory_of(model.head.weight.device.type):
            return typical_field(model, size, at)

    def label(self, settings: FillSettings) -> int | None:
        """The number of the class these settings name, or None. Raises BadRequest for one the model does not have."""
        if settings.label is None:
            return None
        classes = self.card(settings).classes
        if settings.label not in classes:
            from difflib import get_close_matches

            near = get_close_matches(settings.label, classes, 3, 0.5)
            advice = f"did you mean {' or '.join(near)}?" if near else "the model has no classes."
            if classes and not near:
                advice = f"it has {len(classes)}, such as {', '.join(classes[:5])}."
            raise BadRequest(f"The model {settings.model} has no class {settings.label!r}; {advice}")
        return classes.index(settings.label)

    def coarse_label(self, settings: FillSettings) -> int | None:
        """The number of the class of that name in the coarse model, or None: that it lacks it is no error."""
        card = self.coarse_card(settings)
        known = card is not None and settings.label in card.classes
        return card.classes.index(str(settings.label)) if card is not None and known else None


def _is_grey(image: NDArray[np.uint8], hole: NDArray[np.bool_]) -> bool:
    """Whether what is known of a picture (H, W, 3) is a photograph in grey, and more than paper and ink; of a large one
    a part of the pixels is looked at."""
    step = max(1, max(hole.shape) // 512)
    known = image[::step, ::step][~hole[::step, ::step]]
    first = known[:, 0]
    return bool((known == first[:, None]).all()) and len(np.unique(first)) > GREYS


def _device(settings: FillSettings) -> str:
    """The device these settings mean: "cpu" or "cuda". Raises BadRequest for a CUDA that is not there."""
    import torch

    if settings.device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if settings.device == "cuda" and not torch.cuda.is_available():
        raise BadRequest("There is no CUDA device here; use --device cpu.")
    return settings.device


@contextmanager
def _memory_of(device: str) -> Iterator[None]:
    """Raises OutOfMemory where memory runs out within: most allocators have no exception of their own for it, only
    words."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not any(words in str(error) for words in MEMORY_WORDS):
            raise
        sentence = "There is not enough memory for this fill; choose a smaller hole."
        if device == "cuda":
            sentence = (
                "The GPU has not enough memory for this fill; use --device cpu, or choose a smaller hole."
            )
        raise OutOfMemory(sentence, device) from error
