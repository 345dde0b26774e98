"""Where pixpaint's files lie: what it brings along, and what it keeps for one person. No Qt, no torch."""

import os
import sys
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource(*parts: str) -> Path:
    """The path of a bundled file or folder, such as `resource("samples", "sketch.png")`.

    A wheel carries resources/ inside the package; an editable install leaves it beside the package.
    """
    inside = _PACKAGE / "resources"
    root = inside if inside.is_dir() else _PACKAGE.parent / "resources"
    return root.joinpath(*parts)


def model_folders() -> list[Path]:
    """Where a model's name is looked up, first match wins: the bundled folder, then the person's own."""
    return [resource("weights"), user_models_folder()]


def user_models_folder() -> Path:
    """Where `pixpaint train` puts its models; it may not exist yet."""
    return data_folder() / "models"


def data_folder() -> Path:
    """For what must be kept, such as trained models; it may not exist yet. $XDG_DATA_HOME/pixpaint or alike."""
    if sys.platform == "win32":
        return _from_environment("LOCALAPPDATA", Path.home() / "AppData" / "Local") / "pixpaint"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "pixpaint"
    return _from_environment("XDG_DATA_HOME", Path.home() / ".local" / "share") / "pixpaint"


def cache_folder() -> Path:
    """For what may be lost, such as the log; it may not exist yet. $XDG_CACHE_HOME/pixpaint or alike."""
    if sys.platform == "win32":
        return data_folder() / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "pixpaint"
    return _from_environment("XDG_CACHE_HOME", Path.home() / ".cache") / "pixpaint"


def _from_environment(variable: str, otherwise: Path) -> Path:
    value = Path(os.environ.get(variable, ""))
    return value if value.is_absolute() else otherwise  # as the XDG specification has it
