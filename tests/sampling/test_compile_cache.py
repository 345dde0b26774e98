"""The compiled loops are kept in the user's folder, one a machine and version, and `auto` waits for them."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pixpaint.sampling import compile_cache, fill
from pixpaint.sampling.compile_cache import can_keep, mark_ready, ready
from pixpaint.sampling.speeds import Speed
from tests.registry import MODELS, model_of


@pytest.fixture(autouse=True)
def _nothing_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def kept() -> bool:
    """Whether another program would find them."""
    return any(compile_cache.folder().glob("complete")) if compile_cache.folder().parent.is_dir() else False


def test_another_version_or_machine_has_another_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    here = compile_cache.folder()
    assert here == compile_cache.folder()
    monkeypatch.setattr(compile_cache.platform, "node", lambda: "elsewhere")
    assert compile_cache.folder() != here
    monkeypatch.undo()
    monkeypatch.setattr(compile_cache, "version", lambda name: "0.0")
    assert compile_cache.folder().name != here.name


def test_all_that_is_compiled_is_asked_for_changes() -> None:
    """Code that a loop calls is compiled into it: were its file not looked at, a change there would go unseen."""
    here = Path(compile_cache.__file__).parent
    compiles = {
        path.name
        for path in here.glob("*.py")
        if re.search(r"^@(inner|compiled|overload|intrinsic)\b", path.read_text(), re.M)
    }
    assert compiles <= set(compile_cache.SOURCES)


def test_it_is_ready_once_it_is_marked() -> None:
    assert not ready()
    mark_ready()
    assert ready()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert not can_keep()
    mark_ready()
    assert not kept()


def test_what_cannot_be_kept_is_ready_for_this_program_alone(tmp_path: Path) -> None:
    (tmp_path / "pixpaint").write_text("")
    assert not can_keep()
    assert not ready()
    mark_ready()
    assert ready()
    assert not kept()


def test_another_processor_or_install_has_another_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    here = compile_cache.folder()
    monkeypatch.setattr(compile_cache, "_processor", lambda: "another")
    assert compile_cache.folder() != here


def test_numba_s_own_setting_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "mine"))
    assert compile_cache.folder().parent == tmp_path / "mine"


def test_without_a_home_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(compile_cache, "cache_folder", no_home)
    assert not can_keep()
    assert not ready()
    mark_ready()
    assert ready()


def test_auto_is_torch_until_the_loops_are_there_then_the_fastest_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = model_of(MODELS["pixel_cnn_pp grey"])
    row = Speed(engine="fused", device="cpu", weights=1000, candidates=1, us_per_pixel=30)
    slower = replace(row, engine="torch", us_per_pixel=900)
    monkeypatch.setattr(fill, "read_speeds", lambda: (row, slower))
    assert fill.choose_engine("auto", model, 1) == "torch"
    mark_ready()
    assert fill.choose_engine("auto", model, 1) == "fused"
    monkeypatch.setattr(fill, "read_speeds", lambda: (replace(row, us_per_pixel=1000), slower))
    assert fill.choose_engine("auto", model, 1) == "torch"
    monkeypatch.setattr(fill, "read_speeds", tuple)
    assert fill.choose_engine("auto", model, 1) == "fused"


@pytest.mark.parametrize(
    "name",
    [
        "pixel_cnn grey",
        "gated_pixel_cnn grey",
        "row_lstm one bit, oriented",
        "diagonal_bilstm one bit, oriented",
    ],
)
def test_auto_does_not_judge_other_models_by_what_was_measured_on_pixelcnn_plus_plus(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = model_of(MODELS[name])
    slower = Speed(
        engine="fused", device="cpu", weights=model.decoder_weights, candidates=1, us_per_pixel=900
    )
    monkeypatch.setattr(
        fill, "read_speeds", lambda: (slower, replace(slower, engine="torch", us_per_pixel=30))
    )
    assert fill.choose_engine("auto", model, 1) == "torch"  # until the loops are there
    mark_ready()
    assert fill.choose_engine("auto", model, 1) == "fused"


def test_to_ask_whether_they_are_there_needs_neither_numba_nor_torch() -> None:
    code = (
        "import sys; from pixpaint.sampling import compile_cache; compile_cache.ready();"
        "sys.exit(bool({'numba', 'torch'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
def test_two_programs_may_compile_at_once_and_a_third_finds_their_work(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}
    whole = compile_cache.in_background()
    command = whole[whole.index(sys.executable) :]  # not nicely: beside other tests that would take long
    both = [subprocess.Popen(command, env=environment) for _ in range(2)]
    assert [process.wait(timeout=300) for process in both] == [0, 0]
    assert ready()
    code = (
        "from pixpaint.sampling import compile_loops, loops, masked_loops; compile_loops.compile_loops();"
        "print([len(f.stats.cache_misses) for f in"
        " (loops.run_row, loops.hoist_row, loops.hoist_above, loops.pass_run, loops.paint_run,"
        " masked_loops.run_pixels)])"
    )
    said = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
    assert said.stdout.decode().strip() == "[0, 0, 0, 0, 0, 0]"
