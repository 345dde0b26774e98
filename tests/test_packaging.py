"""What is installed is complete, and the places that say what to install agree."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import pixpaint
from pixpaint.commands.window import DEBIAN_LIBRARIES

REPOSITORY = Path(pixpaint.__file__).parents[1]

pytestmark = pytest.mark.skipif(
    not (REPOSITORY / "pyproject.toml").is_file(), reason="not in the repository, where all of this lies"
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A freshly built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=REPOSITORY, capture_output=True, check=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_package_and_resources_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    resources = [path for path in (REPOSITORY / "resources").rglob("*") if path.is_file()]
    sources = [path for path in (REPOSITORY / "pixpaint").rglob("*") if path.suffix in {".py", ".json"}]
    expected = {f"pixpaint/{path.relative_to(REPOSITORY)}" for path in resources}
    expected |= {str(path.relative_to(REPOSITORY)) for path in sources}
    assert expected <= names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"pixpaint"}
    assert not {name for name in names - expected if ".dist-info/" not in name}


def test_resources_are_found_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from pixpaint import assets\n"
        "assert assets.resource('icons', 'pixpaint.svg').is_file()\n"
        "assert assets.resource('samples', 'sketch.png').is_file()\n"
        "print(assets.resource('weights'), assets.__file__)"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == [
        str(tmp_path / "pixpaint" / "resources" / "weights"),
        str(tmp_path / "pixpaint" / "assets.py"),
    ]


def test_the_same_debian_libraries_are_named_everywhere() -> None:
    readme, ci = ((REPOSITORY / name).read_text() for name in ("README.md", ".ci/run"))
    assert f"apt-get install {DEBIAN_LIBRARIES}\n" in readme
    listed = ci.partition("libraries=(")[2].partition(")")[0]
    assert listed.split() == DEBIAN_LIBRARIES.split()


def test_ci_runs_the_readmes_test_command() -> None:
    readme, ci = ((REPOSITORY / name).read_text() for name in ("README.md", ".ci/run"))
    command = "ruff check && ruff format --check && mypy && pytest -n 2"
    assert f"pip install -e '.[dev]' && {command}\n" in readme
    assert f"pip install -q -e '.[dev]' && {command}\n" in ci
