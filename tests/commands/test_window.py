"""Where no window can be opened, a sentence says so, before Qt ends the process."""

import subprocess
import sys
from pathlib import Path

import pytest

from pixpaint.cli import main
from pixpaint.commands import window
from pixpaint.errors import NoDisplay

linux = pytest.mark.skipif("sys.platform != 'linux'")


@pytest.fixture
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(variable, raising=False)


@linux
def test_without_a_display_the_headless_command_is_named(no_display: None) -> None:
    result = subprocess.run([sys.executable, "-m", "pixpaint"], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert "pixpaint fill --demo -o demo.png" in result.stderr


@linux
def test_a_display_that_does_not_answer_is_told(no_display: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":4711")
    with pytest.raises(NoDisplay, match=":4711"):
        window.check_display()


@linux
def test_a_missing_library_is_told_with_what_to_install(
    no_display: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file: No such file or directory")

    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(window.ctypes, "CDLL", missing)
    with pytest.raises(NoDisplay, match=r"apt-get install .*libxcb-cursor0"):
        window.check_display()


@linux
@pytest.mark.parametrize("platform", ["offscreen", "vnc:size=800x600", "minimal"])
def test_platforms_without_a_screen_need_none(
    platform: str, no_display: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", platform)
    window.check_display()


@linux
def test_wayland_is_a_display(no_display: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with pytest.raises(NoDisplay):
        window.check_display()
    (tmp_path / "wayland-0").touch()
    window.check_display()


def test_a_picture_that_is_not_there_opens_no_window(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "nowhere.png")]) == 2
    assert "nowhere.png" in capsys.readouterr().err
