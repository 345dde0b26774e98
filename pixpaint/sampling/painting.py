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
from pixpaint.recipe import FillSettings
from pixpaint.sampling import compile_cache
from pixpaint.sampling.events import RowPainted

if TYPE_CHECKING:
    from pixpaint.models.base import Model


MEMORY_WORDS = ("out of memory", "can't allocate memory", "not enough memory", "ALLOC_FAILED")


class Painter:
    """Keeps loaded models, keyed by file, its sha256 and device. Not thread-safe: one painter a thread."""

    def __init__(self) -> None:
        self._models: dict[tuple[str, str, str], Model] = {}

    def card(self, settings: FillSettings) -> ModelCard:
        """The card of the model these settings name. Raises BadModel."""
        return read_card(settings.model)

    def prepare(self, settings: FillSettings) -> FillSettings:
        """Loads all that these settings need; the same settings with the engine and device that will be used. Raises
        BadModel, BadRequest, OutOfMemory."""
        from pixpaint.sampling.fill import choose_engine
        from pixpaint.sampling.fill_fused import make_ready

        model = self.model(settings)
        engine = choose_engine(settings.engine, model, settings.candidates)
        if engine == "fused":
            from pixpaint.sampling.compile_loops import compile_loops

            compile_loops()
            make_ready(model)
        return replace(settings, engine=engine, device=model.head.weight.device.type)

    def can_compile(self, used: FillSettings) -> bool:
        """Whether a faster engine than the one in use only waits to be compiled."""
        from pixpaint.sampling.fill_fused import can_fuse

        waits = used.engine == "torch" and used.device == "cpu" and not compile_cache.ready()
        return waits and can_fuse(self.model(used))

    def model(self, settings: FillSettings) -> Model:
        """The model these settings name, on their device. Raises BadModel, BadRequest, OutOfMemory."""
        from pixpaint.models.checkpoint import load_model

        card, device = self.card(settings), _device(settings)
        key = (str(card.path), card.sha256, device)
        if key not in self._models:
            with _memory_of(device):
                self._models[key] = load_model(settings.model, device=device)
        return self._models[key]

    def check(self, settings: FillSettings) -> None:
        """Raises now what `paint` would raise before its first row, the model's weights and the mask aside."""
        self.label(settings)
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

        Raises PixpaintError: before the first row for settings, model or mask; OutOfMemory at any row, those painted
        being kept.
        """
        from pixpaint.sampling.fill import fill

        model = self.model(settings)
        with _memory_of(model.head.weight.device.type):
            yield from fill(
                model,
                image,
                hole,
                seed=settings.seed,
                temperature=settings.temperature,
                label=self.label(settings),
                candidates=settings.candidates,
                engine=settings.engine,
                painted=painted,
                like=like,
                stop=stop,
            )

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
