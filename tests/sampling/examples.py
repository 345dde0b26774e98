"""What tests of what is painted share."""

import numpy as np


def error(found: np.ndarray, picture: np.ndarray, mask: np.ndarray) -> float:
    """How far pixels of the mask (H, W) are from those of the picture: the root mean square."""
    return float(np.sqrt(np.square(found.astype(float) - picture)[mask].mean()))
