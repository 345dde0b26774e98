"""What surrounds recorded work: a scope that whoever takes the rows is never in, and float32 in full."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from pixpaint.sampling.graphs import full_float32, within


def test_items_are_made_within_and_taken_outside() -> None:
    inside = 0

    @contextmanager
    def scope() -> Iterator[None]:
        nonlocal inside
        inside += 1
        yield
        inside -= 1

    def make() -> Iterator[int]:
        for number in range(3):
            assert inside == 1
            yield number
        assert inside == 1

    taken = []
    for number in within(scope, make()):
        assert inside == 0
        taken.append(number)
    assert taken == [0, 1, 2]
    assert inside == 0


def test_float32_is_full_within_and_as_before_afterwards() -> None:
    def precision() -> tuple[str, bool, bool]:
        cudnn = torch.backends.cudnn
        return torch.get_float32_matmul_precision(), cudnn.allow_tf32, cudnn.deterministic

    before = precision()
    assert before[1]  # else there would be nothing to do
    with full_float32():
        assert precision() == ("highest", False, True)
    assert precision() == before
