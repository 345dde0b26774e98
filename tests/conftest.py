"""What all tests share: no screen, folders of their own, and a tiny model with random weights."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pixpaint.sampling import compile_cache

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# For models as small as the tests' a second thread costs more than it brings, and very much more on a busy machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session", autouse=True)
def _folders_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the models, settings or log of whoever runs it."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
            patch.setenv(variable, str(tmp_path_factory.mktemp(variable.lower())))
        yield


@pytest.fixture(autouse=True)
def _nothing_compiled_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test has compiled does not change which engine another's `auto` is."""
    monkeypatch.setattr(compile_cache, "_compiled_here", False)
    compile_cache._mark().unlink(missing_ok=True)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The weights file of a grey model for 16 x 16 pixels with the classes cat and fish; its card lies beside it."""
    import torch

    from pixpaint.models.card import ModelCard
    from pixpaint.models.checkpoint import save_model
    from pixpaint.models.config import EncoderConfig, PixelCNNPPConfig
    from pixpaint.models.pixel_cnn_pp import PixelCNNPP

    torch.manual_seed(1)
    config = PixelCNNPPConfig(
        channels=1,
        features=8,
        blocks=1,
        components=2,
        dropout=0.0,
        classes=2,
        oriented=True,
        encoder=EncoderConfig(widths=(8, 8, 8)),
        crop=16,
    )
    folder = tmp_path_factory.mktemp("tiny")
    card = ModelCard(
        name="tiny",
        config=config.to_json(),
        classes=("cat", "fish"),
        data="nothing",
        bits_per_dim={"all": 7.5, "bottom": 7.25},
    )
    save_model(PixelCNNPP(config).eval(), card, folder)
    return folder / "tiny.safetensors"
