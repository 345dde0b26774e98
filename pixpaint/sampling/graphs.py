"""CUDA graphs: work that is recorded once and then started by one call, instead of kernel by kernel from Python."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

import torch

Step = Callable[[], None]
T = TypeVar("T")

AHEAD = 8
"""Steps that the host may be ahead of the device: enough to keep it busy, few enough to stop it soon."""


class Recorder:
    """Records nothing, and gives a step back as it is: for devices without graphs."""

    @contextmanager
    def scope(self) -> Iterator[None]:
        """What is recorded, and all that it reads, is made and used in here."""
        yield

    def record(self, step: Step) -> Step:
        """What does the same as `step`, which has been done once, on the same tensors; `step` must not depend on
        numbers that the host has or will have."""
        return step


class CudaGraphs(Recorder):
    """Records steps as CUDA graphs, on a stream of their own, as recording demands."""

    def __init__(self, device: torch.device) -> None:
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        # Graphs may share memory for what they hold only while they run, since they never run at the same time.
        self._pool = torch.cuda.graph_pool_handle()
        self._ahead: deque[torch.cuda.Event] = deque()

    @contextmanager
    def scope(self) -> Iterator[None]:
        outside = torch.cuda.current_stream(self._stream.device)
        self._stream.wait_stream(outside)
        with torch.cuda.stream(self._stream), full_float32():
            yield
        outside.wait_stream(self._stream)

    def record(self, step: Step) -> Step:
        graph = torch.cuda.CUDAGraph()
        # `torch.cuda.graph` would do this too, but collect all garbage first, for each of twenty graphs.
        graph.capture_begin(pool=self._pool, capture_error_mode="thread_local")
        try:
            step()
        finally:
            graph.capture_end()

        def replay() -> None:
            graph.replay()
            self._keep_pace()

        return replay

    def _keep_pace(self) -> None:
        """Waits until the device is at most AHEAD steps behind."""
        reached = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
        reached.record()
        self._ahead.append(reached)
        if len(self._ahead) > AHEAD:
            self._ahead.popleft().synchronize()


@contextmanager
def full_float32() -> Iterator[None]:
    """Products and convolutions on CUDA in float32 throughout, the same ones at each run: TF32, which is the default of
    convolutions, keeps 10 bits of a number."""
    precision = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
            yield
    finally:
        torch.set_float32_matmul_precision(precision)


def within(scope: Callable[[], AbstractContextManager[None]], items: Iterator[T]) -> Iterator[T]:
    """The same items, each made within a scope of its own: whoever takes them is never inside."""
    while True:
        with scope():
            try:
                item = next(items)
            except StopIteration:
                return
        yield item
