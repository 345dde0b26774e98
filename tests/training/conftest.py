"""Where the training data lie: PIXPAINT_DATA, or `shared/data` beside the repository; no clock in properties."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = Path(os.environ.get("PIXPAINT_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no training data in {folder}")
    return folder
