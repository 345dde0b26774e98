"""Fixtures of the tests of sampling."""

import numpy as np
import pytest


@pytest.fixture
def hole() -> np.ndarray:
    """A hole in the middle of 44 x 48 pixels, no square."""
    mask = np.zeros((44, 48), np.bool_)
    mask[15:27, 18:31] = True
    return mask
