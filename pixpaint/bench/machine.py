"""What a measurement was made on: processor, threads, versions, memory."""

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch

THREADS = 2
"""Torch is given so many at most: results from machines with more cores stay comparable."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The processor's name, the threads torch was given, the versions of what computes; the CUDA device, if any."""

    processor: str
    threads: int
    torch: str
    numba: str
    cuda: str | None


def this_machine() -> Machine:
    """The machine as it is set now."""
    return Machine(
        processor=_processor(),
        threads=torch.get_num_threads(),
        torch=torch.__version__,
        numba=version("numba"),
        cuda=torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    )


def contenders() -> tuple[tuple[str, str], ...]:
    """The engines that are worth having, each with a device at hand: all but the reference."""
    engines = (("torch", "cpu"), ("fused", "cpu"))
    return (*engines, ("torch", "cuda")) if torch.cuda.is_available() else engines


@contextmanager
def two_threads() -> Iterator[None]:
    """Torch computes on two threads, or on one where the process may use no more."""
    before = torch.get_num_threads()
    at_hand = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    torch.set_num_threads(min(THREADS, at_hand))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def peak_memory() -> int | None:
    """The most memory this process has held so far, in bytes; None where the system does not tell."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # Linux counts kilobytes


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
