"""Where results can't be written is known before the work."""

from pathlib import Path

import pytest

from pixpaint.commands import outputs
from pixpaint.commands.outputs import check_folder, check_png, make_folder, numbered
from pixpaint.errors import BadRequest, CannotWrite


def test_one_candidate_is_the_output_and_several_are_numbered() -> None:
    assert numbered(Path("a/out.png"), 1) == [Path("a/out.png")]
    assert numbered(Path("a/out.v2.png"), 2) == [Path("a/out.v2-1.png"), Path("a/out.v2-2.png")]


def test_the_check_leaves_nothing_behind(tmp_path: Path) -> None:
    check_png([tmp_path / "Новый файл 🎨.PNG"])
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_disk_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(**_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(outputs.tempfile, "TemporaryFile", read_only)
    with pytest.raises(CannotWrite, match="read-only file system"):
        check_folder(tmp_path)


@pytest.mark.skipif("os.name != 'posix' or os.geteuid() == 0", reason="root may write everything")
def test_a_read_only_file_is_found_out(tmp_path: Path) -> None:
    (tmp_path / "out.png").touch(mode=0o444)
    with pytest.raises(CannotWrite, match="read-only"):
        check_png([tmp_path / "out.png"])


def test_an_input_is_recognised_by_another_name(tmp_path: Path) -> None:
    picture = tmp_path / "in.png"
    picture.touch()
    (tmp_path / "link.png").symlink_to(picture)
    with pytest.raises(BadRequest, match=r"link\.png"):
        check_png([tmp_path / "link.png"], [picture])


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotWrite, match="file/below"):
        make_folder(tmp_path / "file" / "below")
    make_folder(tmp_path / "new" / "below")
    assert (tmp_path / "new" / "below").is_dir()


def test_a_picture_in_a_folder_that_is_read_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    picture = tmp_path / "data" / "a.png"
    check_png([picture], [tmp_path / "data"])
    picture.write_bytes(b"a picture")
    with pytest.raises(BadRequest, match="to be read"):
        check_png([picture], [tmp_path / "data"])
    check_png([tmp_path / "b.png"], [tmp_path / "data"])
