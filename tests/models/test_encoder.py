"""What an encoder is told, and the smooth continuation of the known pixels."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pixpaint.models.encoder import Base, Context, continued


def known(height: int, width: int, *hole: slice) -> torch.Tensor:
    mask = torch.ones(1, 1, height, width, dtype=torch.float64)
    mask[(..., *hole)] = 0
    return mask


def test_known_pixels_are_kept_and_hidden_ones_not_read() -> None:
    x = torch.rand(2, 3, 13, 21, dtype=torch.float64)
    mask = known(13, 21, slice(2, 9), slice(5, 18))
    found = continued(x, mask)
    assert torch.equal(found * mask, x * mask)
    assert torch.equal(found, continued(torch.where(mask > 0, x, 7.0), mask))


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_it_stays_within_what_is_known(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(1, 20)), data.draw(st.integers(1, 20))
    mask = (torch.rand(1, 1, height, width) < data.draw(st.floats(0.05, 0.95))).double()
    x = torch.rand(1, 3, height, width, dtype=torch.float64)
    found = continued(x, mask)
    if not mask.any():
        assert not found.any()
        return
    for channel in range(3):
        shown = x[0, channel][mask[0, 0] > 0]
        assert shown.min() - 1e-9 <= found[0, channel].min() <= found[0, channel].max() <= shown.max() + 1e-9


def test_a_ramp_goes_on_as_a_ramp() -> None:
    """A linear picture is harmonic."""
    rows, columns = torch.meshgrid(torch.arange(24.0), torch.arange(24.0), indexing="ij")
    ramp = ((rows - 2 * columns) / 72)[None, None].double()
    found = continued(ramp, known(24, 24, slice(8, 16), slice(8, 16)))
    torch.testing.assert_close(found, ramp, rtol=0, atol=0.01)


def test_each_picture_of_a_batch_is_continued_by_itself() -> None:
    x = torch.rand(3, 1, 9, 10, dtype=torch.float64)
    mask = (torch.rand(3, 1, 9, 10) < 0.5).double()
    together = continued(x, mask)
    for i in range(3):
        torch.testing.assert_close(together[i : i + 1], continued(x[i : i + 1], mask[i : i + 1]))


@pytest.mark.parametrize("hinted", [False, True])
def test_the_hole_is_shown_filled_with_what_is_expected_of_it(hinted: bool) -> None:
    x = torch.rand(1, 3, 8, 8, dtype=torch.float64)
    hole = 1 - known(8, 8, slice(2, 6), slice(2, 6))
    everywhere = torch.ones_like(hole)
    context = Context.of(x, hole, x + 0.25, everywhere) if hinted else Context.of(x, hole)
    origin, share, smooth = Base.of(base := context.base(4, smoothed=True))
    shown = context.filled(base).known
    assert torch.equal(shown * (1 - hole), x * (1 - hole))
    assert share.any() == origin.any() == hinted
    assert not (smooth * hole).eq(0).all()
    if hinted:  # the known pixels are a quarter below their hints, and so are those that are expected
        torch.testing.assert_close(smooth, torch.full_like(smooth, -0.25), rtol=0, atol=1e-9)
        torch.testing.assert_close(shown, x, rtol=0, atol=1e-9)


def test_a_fill_is_told_that_it_reads_its_own_pixels_where_something_is_known() -> None:
    x, hole = torch.rand(2, 3, 8, 8), torch.ones(2, 1, 8, 8)
    hole[0, :, :2] = 0
    context = Context.of(x, hole)
    assert not context.painted.any()
    painted = context.as_painted().painted
    assert torch.equal(painted[0], hole[0])
    assert not painted[1].any()
    assert not context.as_painted().blanked().painted.any()
