"""Bundled files are found, and the person's folders follow the platform's rules."""

from pathlib import Path

import pytest

from pixpaint import assets


def test_resources_are_found_beside_the_package_or_inside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "repository" / "pixpaint"
    package.mkdir(parents=True)
    monkeypatch.setattr(assets, "_PACKAGE", package)
    assert assets.resource("icons", "a.svg") == tmp_path / "repository" / "resources" / "icons" / "a.svg"
    (package / "resources").mkdir()
    assert assets.resource("icons", "a.svg") == package / "resources" / "icons" / "a.svg"


def test_this_installation_has_its_resources() -> None:
    assert assets.resource("weights").is_dir()
    assert assets.resource("samples", "sketch.png").is_file()


@pytest.mark.skipif("sys.platform != 'linux'")
def test_folders_follow_xdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert assets.user_models_folder() == tmp_path / "data" / "pixpaint" / "models"
    assert assets.cache_folder() == tmp_path / "cache" / "pixpaint"
    assert assets.model_folders() == [assets.resource("weights"), assets.user_models_folder()]


@pytest.mark.skipif("sys.platform != 'linux'")
@pytest.mark.parametrize("value", [None, "", "relative/path"])
def test_without_a_usable_xdg_folder_the_home_is_used(
    value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
        if value is not None:
            monkeypatch.setenv(variable, value)
    assert assets.data_folder() == Path.home() / ".local" / "share" / "pixpaint"
    assert assets.cache_folder() == Path.home() / ".cache" / "pixpaint"
