"""A fill of several candidates that was stopped goes on with all, each to what its own seed paints."""

from collections.abc import Iterator

import numpy as np

from pixpaint.sampling.events import RowPainted
from pixpaint.sampling.fill import fill
from pixpaint.sampling.together import together
from tests.registry import MODELS, model_of

IMAGE = np.random.default_rng(3).integers(0, 256, (12, 12, 3), dtype=np.uint8)
HOLE = np.zeros((12, 12), bool)
HOLE[3:10, 2:9] = True


def stopped_fill() -> tuple[np.ndarray, np.ndarray]:
    """The pictures (3, H, W, 3) of a fill of three stopped within its third row, and what is painted of them (H, W)."""
    model = model_of(MODELS["pixel_cnn_pp RGB"])
    results, painted = np.repeat(IMAGE[None], 3, 0), np.zeros_like(HOLE)
    patience = 4

    def stop() -> bool:
        nonlocal patience
        patience -= int(painted.any(1).sum() == 2)
        return patience == 0

    for event in fill(model, IMAGE, HOLE, seed=5, candidates=3, engine="torch", stop=stop):
        if event.level == 0:
            results[:, event.rows, event.columns] = event.pixels
            painted[event.rows, event.columns] = True
    assert painted.sum(1)[HOLE.any(1)].tolist() == [7, 7, 2, 0, 0, 0, 0]
    return results, painted


def test_each_ends_as_if_it_had_been_painted_alone_without_a_stop() -> None:
    model = model_of(MODELS["pixel_cnn_pp RGB"])
    results, painted = stopped_fill()
    fills = [
        fill(model, result.copy(), HOLE, seed=5 + k, engine="torch", painted=painted)
        for k, result in enumerate(results)
    ]
    events = list(together(fills))
    for event in events:
        assert event.pixels.shape == (3, len(event.rows), 3)
        assert event.nats.shape == (3,)
        results[:, event.rows, event.columns] = event.pixels
    assert events[-1].done == events[-1].total
    for k, result in enumerate(results):
        alone = IMAGE.copy()
        for event in fill(model, IMAGE, HOLE, seed=5 + k, engine="torch"):
            alone[event.rows, event.columns] = event.pixels[0]
        np.testing.assert_array_equal(result, alone)


def test_where_one_is_stopped_within_a_row_the_row_is_nobodys() -> None:
    def rows(counts: list[int]) -> Iterator[RowPainted]:
        for row, count in enumerate(counts):
            yield RowPainted(
                rows=np.full(count, row),
                columns=np.arange(count),
                pixels=np.zeros((1, count, 3), np.uint8),
                nats=np.zeros(1),
                row=row + 1,
                row_count=3,
                done=4 * row + count,
                total=12,
            )

    assert [event.done for event in together([rows([4, 4]), rows([4, 2])])] == [4]
    assert [event.done for event in together([rows([4, 4]), rows([4])])] == [4]
    assert [event.done for event in together([rows([4, 4, 4]), rows([4, 4, 4])])] == [4, 8, 12]
