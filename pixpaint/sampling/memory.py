"""How much memory a fill takes, asked before it starts: a kernel that runs out of it ends the process without a
word."""

import re
from pathlib import Path

import torch

from pixpaint.errors import OutOfMemory
from pixpaint.models.base import Model
from pixpaint.models.pixel_cnn_pp import PixelCNNPP
from pixpaint.sampling.fill_captured import let_go
from pixpaint.sampling.plan import Job

RESERVE = 256 * 2**20
"""Bytes left for everything else."""
PICTURE = 32
"""Numbers that a candidate's pixel takes itself: the picture, its noise, what it is counted from ..."""
FEW_ROWS = 4
"""... and rows of planes that are kept where not all are, and what is hoisted of a row."""


AROUND = 24
"""Bytes that a pixel of a part of the hole and its surroundings takes for each candidate: the picture, and what the
next finer level is told of it, while they are made."""
RETOLD = 400
"""Bytes that it takes once more where what was painted is retold by patches of the picture, one candidate at a time."""


def check_memory(model: Model, job: Job, candidates: int, engine: str, around: int) -> None:
    """Raises OutOfMemory where what an engine keeps of a job, and so many bytes `around` it, would not fit in the
    memory at hand."""
    device = model.head.weight.device
    needed = bytes_needed(model, job, candidates, engine) + around
    at_hand = bytes_at_hand(device)
    if at_hand is not None and needed > at_hand - RESERVE:
        let_go()
        at_hand = bytes_at_hand(device)
    if at_hand is not None and needed > at_hand - RESERVE:
        way_out = ", or use --device cpu" if device.type == "cuda" else ""
        raise OutOfMemory(
            f"A part of {job.width} × {job.height} pixels takes about {needed / 2**30:.1f} GB and "
            f"{at_hand / 2**30:.1f} GB are free: mark a smaller part, or separate ones one after the other{way_out}.",
            device.type,
        )


def bytes_around(pixels: int, candidates: int, *, retold: bool) -> int:
    """What the fill of a part takes that has so many pixels with its surroundings."""
    return pixels * (candidates * AROUND + (RETOLD if retold else 0))


def bytes_needed(model: Model, job: Job, candidates: int, engine: str) -> int:
    """An estimate from above."""
    own, shared = model.numbers_kept()
    numbers = (candidates * own + shared) * job.height
    if engine == "fused" and isinstance(model, PixelCNNPP):  # which keeps few rows of the planes
        told = model.numbers_told() * (candidates if model.config.hinted else 1)
        numbers = (candidates * PICTURE + told) * job.height + candidates * own * FEW_ROWS
    return int(numbers * job.width * model.head.weight.element_size())


def bytes_at_hand(device: torch.device) -> int | None:
    """Free memory of a device in bytes; None where the system does not tell."""
    if device.type == "cuda":
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)  # by torch, for reuse
        return int(torch.cuda.mem_get_info(device)[0]) + kept
    meminfo = Path("/proc/meminfo")
    if not meminfo.exists():
        return None
    found = re.search(r"^MemAvailable:\s+(\d+) kB", meminfo.read_text(encoding="ascii"), re.MULTILINE)
    return int(found[1]) * 1024 if found else None
