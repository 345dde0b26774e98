"""Memory that is freed and asked for again: whether the kernel has to clear its pages anew."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import torch
from pixpaint.training.freed_memory import keep_freed_memory

if sys.argv[1] == "kept" and not keep_freed_memory():
    sys.exit(7)

def steps(count):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(count):
        x = torch.ones(8 << 20)
        y = x + 1
        del x, y
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

steps(10)
print(steps(10))
"""


def page_faults(mode: str) -> int:
    done = subprocess.run([sys.executable, "-c", PROGRAM, mode], capture_output=True, text=True, check=False)
    if done.returncode == 7:
        pytest.skip("this C library has no mallopt")
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_a_steps_memory_is_used_again_by_the_next():
    kept = page_faults("kept")
    assert kept < 1000
    if sys.platform == "linux":
        assert page_faults("given back") > 10_000, "so much is there to be saved"
