"""The picture of a receptive field: each cell has the colour of what it is."""

import numpy as np
import pytest

from pixpaint.models.field import (
    DECODER_COLOUR,
    ENCODER_COLOUR,
    FAINTEST,
    LATER,
    PAPER,
    THE_PIXEL,
    UNSEEN,
    Field,
    decoder_diagram,
    encoder_diagram,
    overlay,
    strength,
)


@pytest.fixture
def field() -> Field:
    """Of the middle pixel of 3 x 3, which sees the row above but for its last pixel, and hardly the one beside it."""
    decoder = np.array([[0.1, 1, 0], [1e-30, 0, 0], [0, 0, 0]])
    encoder = np.array([[2.0, 0, 0], [0, 0, 0], [0, 0, 2.0]])
    return Field(at=(1, 1), decoder=decoder, encoder=encoder)


def test_strength_falls_with_the_decades_to_the_faintest_and_to_none_where_nothing_is_seen() -> None:
    shown = strength(np.array([[10.0, 1.0, 1e-3, 1e-20, 0.0]]))
    assert shown[0] == pytest.approx([1, 1 - (1 - FAINTEST) / 4, FAINTEST, FAINTEST, 0])
    assert not strength(np.zeros((2, 2))).any()


def test_each_cell_of_the_decoders_diagram_tells_what_it_is(field: Field) -> None:
    diagram = decoder_diagram(field, 4)
    assert diagram.shape == (13, 13, 3)
    middles = diagram[2::4, 2::4]
    assert tuple(middles[0, 1]) == DECODER_COLOUR
    assert tuple(middles[0, 2]) == UNSEEN
    assert tuple(middles[1, 1]) == THE_PIXEL
    assert [tuple(c) for c in (middles[1, 2], *middles[2])] == [LATER] * 4
    darkness = 765 - middles.astype(int).sum(-1)
    assert darkness[0, 1] > darkness[0, 0] > darkness[1, 0] > 0
    assert (diagram[::4] == PAPER).all()
    assert (diagram[:, ::4] == PAPER).all()


def test_a_decoder_that_sees_what_comes_later_is_shown_to(field: Field) -> None:
    leaking = field.decoder.copy()
    leaking[2, 0] = 1
    middles = decoder_diagram(Field(at=field.at, decoder=leaking, encoder=None), 4)[2::4, 2::4]
    assert tuple(middles[2, 0]) == DECODER_COLOUR
    assert tuple(middles[2, 1]) == LATER


def test_to_the_encoder_nothing_is_later(field: Field) -> None:
    middles = encoder_diagram(field, 4)[2::4, 2::4]
    assert tuple(middles[2, 2]) == tuple(middles[0, 0]) == ENCODER_COLOUR
    assert tuple(middles[1, 1]) == THE_PIXEL
    assert {tuple(c) for c in middles.reshape(9, 3)} == {ENCODER_COLOUR, THE_PIXEL, UNSEEN}


def test_the_overlay_mixes_both_colours_and_is_clear_where_nothing_is_seen(field: Field) -> None:
    laid = overlay(field)
    assert np.array_equal(laid[..., 3] > 0, (field.decoder > 0) | (field.encoder > 0))
    assert tuple(laid[0, 1, :3]) == DECODER_COLOUR
    assert tuple(laid[2, 2, :3]) == ENCODER_COLOUR
    mixed = laid[0, 0, :3].astype(int)
    assert all(
        min(a, b) <= m <= max(a, b) for m, a, b in zip(mixed, DECODER_COLOUR, ENCODER_COLOUR, strict=True)
    )
    assert laid[0, 1, 3] > laid[1, 0, 3]
    alone = overlay(Field(at=(1, 1), decoder=field.decoder, encoder=None))
    assert np.array_equal(alone[..., 3] > 0, field.decoder > 0)
