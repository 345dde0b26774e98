"""What others fill holes with, of what pip installs: OpenCV's two methods and two of those contributed to it, which go
on with the picture's own patches and with its waves, scikit-image's biharmonic one, and two that put a hole together of
patches, GIMP's and PatchMatch.

The extra `bench` installs them; none is imported before it is asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from pixpaint.recipe import bounding_box

Filler = Callable[[NDArray[np.uint8], NDArray[np.bool_], int], NDArray[np.uint8]]
"""Given a picture (H, W, 3), its hole (H, W), where the picture is black, and a seed: the filled picture, a new one."""

RADIUS = 3.0  # pixels, of OpenCV's methods: as in its samples
PATCH_RADIUS = 3  # pixels, of PatchMatch's patches: as in its examples
SAMPLED = 50  # pixels around the hole that GIMP's "Heal selection" takes its pixels from, as it offers


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A method, the module that it needs, and the package on PyPI that has it."""

    fill: Filler
    module: str
    package: str


def telea(image: NDArray[np.uint8], hole: NDArray[np.bool_], seed: int) -> NDArray[np.uint8]:
    """OpenCV's fast marching method (Telea 2004); takes no chances, so no seed."""
    import cv2

    return _opencv(image, hole, cv2.INPAINT_TELEA)


def navier_stokes(image: NDArray[np.uint8], hole: NDArray[np.bool_], seed: int) -> NDArray[np.uint8]:
    """OpenCV's method after Bertalmio et al. 2001; takes no chances, so no seed."""
    import cv2

    return _opencv(image, hole, cv2.INPAINT_NS)


def _opencv(image: NDArray[np.uint8], hole: NDArray[np.bool_], method: int) -> NDArray[np.uint8]:
    import cv2

    filled: NDArray[np.uint8] = cv2.inpaint(image, hole.astype(np.uint8), RADIUS, method)
    return filled


def shift_map(image: NDArray[np.uint8], hole: NDArray[np.bool_], seed: int) -> NDArray[np.uint8]:
    """OpenCV's copies of the picture's own patches, moved as most of them recur (He and Sun 2012), in CIELab as it
    asks for."""
    import cv2

    cv2.setRNGSeed(seed % 2**31)
    found = _contributed(cv2.cvtColor(image, cv2.COLOR_RGB2Lab), hole, cv2.xphoto.INPAINT_SHIFTMAP)
    return np.where(hole[..., None], cv2.cvtColor(found, cv2.COLOR_Lab2RGB), image)


def frequency_selective(image: NDArray[np.uint8], hole: NDArray[np.bool_], seed: int) -> NDArray[np.uint8]:
    """OpenCV's frequency selective reconstruction (Seiler, Jonscher, Schoeberl and Kaup 2015), its fast profile; takes
    no chances, so no seed."""
    import cv2

    found = _contributed(image, hole, cv2.xphoto.INPAINT_FSR_FAST)
    return np.where(hole[..., None], found, image)


def _contributed(image: NDArray[np.uint8], hole: NDArray[np.bool_], method: int) -> NDArray[np.uint8]:
    import cv2

    found = np.zeros_like(image)
    cv2.xphoto.inpaint(image.copy(), np.where(hole, np.uint8(0), np.uint8(255)), found, method)
    return found


def biharmonic(image: NDArray[np.uint8], hole: NDArray[np.bool_], seed: int) -> NDArray[np.uint8]:
    """scikit-image's smoothest surface (Damelin and Hoang 2018); takes no chances, so no seed."""
    from skimage.restoration import inpaint_biharmonic

    filled = np.asarray(inpaint_biharmonic(image / 255, hole, channel_axis=-1), np.float64)
    return np.rint(np.clip(filled, 0, 1) * 255).astype(np.uint8)


def resynthesizer(image: NDArray[np.uint8], hole: NDArray[np.bool_], seed: int) -> NDArray[np.uint8]:
    """What GIMP's "Heal selection" does (Harrison, "Image Texture Tools", 2005); it has a seed of its own."""
    from PIL import Image
    from resynthesizer import resynthesize

    top, left, bottom, right = bounding_box(hole)
    box = np.s_[max(top - SAMPLED, 0) : bottom + SAMPLED, max(left - SAMPLED, 0) : right + SAMPLED]
    filled = image.copy()
    filled[box] = np.asarray(resynthesize(Image.fromarray(image[box]), Image.fromarray(hole[box])))
    return filled


def patch_match(image: NDArray[np.uint8], hole: NDArray[np.bool_], seed: int) -> NDArray[np.uint8]:
    """Patches that are alike vote, coarse to fine (Wexler et al. 2007), found as Barnes et al. 2009 do."""
    import patchmatch

    patchmatch.set_random_seed(seed % 2**32)
    filled: NDArray[np.uint8] = patchmatch.inpaint(image, hole, patch_size=PATCH_RADIUS)
    return filled


OPENCV = "opencv-contrib-python-headless"
PEERS: Mapping[str, Peer] = {
    "telea": Peer(fill=telea, module="cv2", package=OPENCV),
    "navier-stokes": Peer(fill=navier_stokes, module="cv2", package=OPENCV),
    "frequency-selective": Peer(fill=frequency_selective, module="cv2.xphoto", package=OPENCV),
    "shift-map": Peer(fill=shift_map, module="cv2.xphoto", package=OPENCV),
    "biharmonic": Peer(fill=biharmonic, module="skimage", package="scikit-image"),
    "resynthesizer": Peer(fill=resynthesizer, module="resynthesizer", package="resynthesizer"),
    "patchmatch": Peer(fill=patch_match, module="patchmatch", package="pypatchmatch"),
}


def peers_at_hand() -> dict[str, Filler]:
    """The peers that are installed, by name."""
    return {name: peer.fill for name, peer in PEERS.items() if _installed(peer.module)}


def missing_peers() -> tuple[str, ...]:
    """One sentence for each package that is not installed, or an older one without all of it."""
    sentences = []
    for package in dict.fromkeys(peer.package for peer in PEERS.values()):
        names = [
            name for name, peer in PEERS.items() if peer.package == package and not _installed(peer.module)
        ]
        if names:
            *most, last = names
            told = f"{', '.join(most)} and {last}" if most else last
            sentences.append(
                f"{told} left out, as {package} is not installed: pip install 'pixpaint[bench]'{_first(package)}."
            )
    return tuple(sentences)


def _first(package: str) -> str:
    """What there is to do before a package is installed, in words."""
    other = package == OPENCV and _installed("cv2")  # the smaller one would lie in the same folder
    return ", after pip uninstall opencv-python-headless opencv-python" if other else ""


def _installed(module: str) -> bool:
    name, *parts = module.split(".")
    try:
        found = import_module(name)
    except (ImportError, OSError):  # also where it is there, but not a library of the system's that it needs
        return False
    return all(hasattr(found, part) for part in parts)
