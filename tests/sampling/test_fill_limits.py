"""What a fill may take: memory of its window, not of the picture, and little time to stop."""

import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import torch

from pixpaint.models.config import (
    DiagonalBiLSTMConfig,
    EncoderConfig,
    ModelConfig,
    PixelCNNPPConfig,
    RowLSTMConfig,
)
from pixpaint.sampling.fill import fill
from pixpaint.sampling.fill_fused import make_ready
from tests.registry import model_of

CONFIG = PixelCNNPPConfig(features=32, blocks=2, oriented=True, encoder=EncoderConfig(), crop=64)
LSTMS = (RowLSTMConfig(features=96, layers=7, head=96), DiagonalBiLSTMConfig(features=96, layers=7, head=96))

LARGE = """
import resource, sys, numpy as np
from pixpaint.sampling.fill import fill
from tests.registry import model_of
from tests.sampling.test_fill_limits import CONFIG
import torch

def kilobytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

model = model_of(CONFIG, torch.float32)
small, hole = np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64), bool)
hole[30:32, 30:32] = True
list(fill(model, small, hole, engine=sys.argv[1]))
picture, hole = np.full((4000, 6000, 3), 7, np.uint8), np.zeros((4000, 6000), bool)
hole[2000:2048, 3000:3048] = True
before = kilobytes()
*_, last = fill(model, picture, hole, engine=sys.argv[1])
assert last.done == last.total >= 48 * 48
print(kilobytes() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in other units")
@pytest.mark.parametrize("engine", ["torch", "fused"])
def test_a_small_hole_in_a_large_picture_takes_little_memory(engine: str) -> None:
    said = subprocess.run([sys.executable, "-c", LARGE, engine], capture_output=True, text=True, check=True)
    assert int(said.stdout) < 300_000


@pytest.mark.slow
@pytest.mark.parametrize("known_rows", [0, 150])
@pytest.mark.parametrize("config", [CONFIG, *LSTMS], ids=lambda config: config.kind)
def test_a_fused_fill_stops_within_twenty_milliseconds(config: ModelConfig, known_rows: int) -> None:
    """Asked in mid-fill; the best of a few, as other programs may hold the processor."""
    model = model_of(config, torch.float32)
    make_ready(model)
    picture, hole = np.zeros((160, 160, 3), np.uint8), np.ones((160, 160), bool)
    hole[:known_rows] = False
    taken = []
    for _ in range(5):
        asked = threading.Event()
        begun = threading.Event()

        def stop() -> bool:
            begun.set()  # noqa: B023
            return asked.is_set()  # noqa: B023

        rows = fill(model, picture, hole, engine="fused", stop=stop)
        thread = threading.Thread(target=lambda: list(rows))  # noqa: B023
        thread.start()
        begun.wait()
        time.sleep(0.05)
        assert thread.is_alive()
        start = time.perf_counter()
        asked.set()
        thread.join()
        taken.append(time.perf_counter() - start)
    assert min(taken) < 0.02
