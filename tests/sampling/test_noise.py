"""Noise is a function of seed, level and place."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pixpaint.sampling.noise import draw_noise


@given(
    st.integers(0, 2**64 - 1),
    st.integers(0, 5),
    st.integers(0, 30),
    st.integers(0, 30),
    st.integers(1, 6),
    st.integers(1, 6),
)
def test_a_window_sees_the_noise_of_the_whole(seed, level, row, column, height, width) -> None:
    whole = draw_noise(seed, level, 0, 0, 36, 36)
    window = draw_noise(seed, level, row, column, height, width)
    np.testing.assert_array_equal(window, whole[row : row + height, column : column + width])


def test_seed_level_row_and_column_each_change_it() -> None:
    noise = [
        draw_noise(*key, 1, 1).tobytes()
        for key in [(1, 0, 0, 0), (2, 0, 0, 0), (1, 1, 0, 0), (1, 0, 1, 0), (1, 0, 0, 1)]
    ]
    assert len(set(noise)) == 5


def test_the_largest_seeds_differ() -> None:
    assert len({draw_noise(seed, 0, 0, 0, 1, 1).tobytes() for seed in (0, 2**63, 2**63 + 1, 2**64 - 1)}) == 4


def test_the_first_number_is_uniform_and_the_others_are_logistic() -> None:
    noise = draw_noise(3, 0, 0, 0, 300, 300).reshape(-1, 4)
    uniform, logistic = noise[:, 0], noise[:, 1:]
    assert uniform.min() > 0
    assert uniform.max() < 1
    counts, _ = np.histogram(uniform, 50, (0, 1))
    assert ((counts - 1800) ** 2 / 1800).sum() < 50 + 4 * 10
    cumulative = 1 / (1 + np.exp(-logistic))
    for channel in range(3):
        counts, _ = np.histogram(cumulative[:, channel], 50, (0, 1))
        assert ((counts - 1800) ** 2 / 1800).sum() < 50 + 4 * 10
    assert np.abs(np.corrcoef(noise.T) - np.eye(4)).max() < 0.02


def test_the_numbers_never_change_between_versions() -> None:
    """A seed in a saved picture must give the same fill for ever: these come from Philox 4x64 itself."""
    raw = np.random.Philox(key=[7, 0], counter=[5, 3, 0, 0]).random_raw(4)
    uniform = ((raw >> np.uint64(11)).astype(float) + 0.5) / 2**53
    noise = draw_noise(7, 0, 3, 5, 1, 1)[0, 0]
    assert noise[0] == uniform[0]
    np.testing.assert_allclose(noise[1:], np.log(uniform[1:] / (1 - uniform[1:])), rtol=1e-12)
    assert f"{noise[0]:.12f}" == "0.609574024380"
