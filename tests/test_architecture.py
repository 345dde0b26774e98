"""Imports point down only (gui -> sampling, training -> models -> layers), read from source and from running code."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import pixpaint

PACKAGE = Path(pixpaint.__file__).parent

# What each part of the package may import of the others, besides itself. `pixpaint` is the package's own version.
FOUNDATIONS = {"pixpaint", "errors"}
PICTURES = FOUNDATIONS | {"recipe", "document", "png"}
MODELS = FOUNDATIONS | {"assets", "files", "layers"}
ALLOWED = {
    "pixpaint": set(),
    "errors": set(),
    "assets": set(),
    "orientation": set(),
    "scaling": set(),
    "files": FOUNDATIONS,
    "log": FOUNDATIONS | {"assets"},
    "recipe": FOUNDATIONS,
    "document": PICTURES - {"png"},
    "png": PICTURES | {"files"},
    "recovery": PICTURES | {"files"},
    "layers": FOUNDATIONS,
    "models": MODELS,
    "sampling": MODELS | {"models", "orientation", "recipe", "scaling"},
    "training": MODELS | {"models", "orientation", "scaling"},
    "bench": MODELS | PICTURES | {"models", "orientation", "sampling", "training"},
    "gui": PICTURES | {"assets", "log", "models", "recovery", "sampling", "training"},
    "commands": PICTURES
    | {"assets", "log", "layers", "models", "sampling", "scaling", "training", "bench", "gui"},
    "cli": FOUNDATIONS | {"log", "commands"},
    "__main__": {"cli"},
}


class Import(NamedTuple):
    """An imported module by its whole name; `lazy` where it is imported in a function, `typing` for checkers only."""

    file: Path
    line: int
    module: str
    lazy: bool
    typing: bool

    def __str__(self) -> str:
        return f"{self.file.relative_to(PACKAGE.parent)}:{self.line} imports {self.module}"


def imports_in(file: Path) -> Iterator[Import]:
    def visit(node: ast.AST, lazy: bool, typing: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(file, node.lineno, name.name, lazy, typing)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: imports are absolute here"
            for name in node.names:
                module = f"{node.module}.{name.name}"
                inside = PACKAGE.parent.joinpath(*module.split("."))
                is_module = inside.is_dir() or inside.with_suffix(".py").is_file()
                yield Import(file, node.lineno, module if is_module else str(node.module), lazy, typing)
        lazy = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            for_checkers = (
                isinstance(node, ast.If) and child in node.body and "TYPE_CHECKING" in ast.dump(node.test)
            )
            yield from visit(child, lazy, typing or for_checkers)

    yield from visit(ast.parse(file.read_text(encoding="utf-8"), str(file)), lazy=False, typing=False)


def part(module: str) -> str:
    """`sampling` of `pixpaint.sampling.fill`; `pixpaint` of the package itself."""
    return module.split(".")[1] if "." in module else module


def part_of(file: Path) -> str:
    first = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "pixpaint" if first == "__init__" else first


FILES = sorted(PACKAGE.rglob("*.py"))
IMPORTS = [found for file in FILES for found in imports_in(file)]


def test_every_part_of_the_package_has_its_place() -> None:
    assert {part_of(file) for file in FILES} <= set(ALLOWED)


def test_the_reader_sees_lazy_and_typing_imports(tmp_path: Path) -> None:
    source = (
        "import torch.nn\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from pixpaint.models import card\nelse:\n    import os\n"
        "def later():\n    from PySide6 import QtCore\n"
    )
    (tmp_path / "module.py").write_text(source)
    seen = [(found.module, found.lazy, found.typing) for found in imports_in(tmp_path / "module.py")]
    assert seen == [
        ("torch.nn", False, False),
        ("typing", False, False),
        ("pixpaint.models.card", False, True),
        ("os", False, False),
        ("PySide6", True, False),
    ]


def test_imports_point_down_only() -> None:
    wrong = [
        str(found)
        for found in IMPORTS
        if found.module.split(".")[0] == "pixpaint"
        and part(found.module) not in ALLOWED[part_of(found.file)] | {part_of(found.file)}
    ]
    assert wrong == []


def test_sampling_and_training_never_import_each_other() -> None:
    assert "training" not in ALLOWED["sampling"]
    assert "sampling" not in ALLOWED["training"]


def test_qt_is_known_to_the_window_only() -> None:
    wrong = [
        str(found) for found in IMPORTS if found.module.startswith("PySide6") and part_of(found.file) != "gui"
    ]
    assert wrong == []


def test_torch_is_known_to_the_window_in_its_thread_only() -> None:
    heavy = [
        found for found in IMPORTS if found.module.split(".")[0] == "torch" and part_of(found.file) == "gui"
    ]
    wrong = [
        str(found) for found in heavy if not found.typing and not (found.lazy and "worker" in found.file.stem)
    ]
    assert wrong == []


@pytest.mark.parametrize("light", ["document", "png", "recipe", "errors", "assets", "log", "files", "cli"])
def test_light_modules_never_name_torch_or_qt(light: str) -> None:
    wrong = [
        str(found)
        for found in IMPORTS
        if part_of(found.file) == light and found.module.split(".")[0] in {"torch", "PySide6", "safetensors"}
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("pixpaint.sampling", {"PySide6"}),
        ("pixpaint.sampling.fill", {"PySide6"}),
        ("pixpaint.sampling.painting", {"PySide6", "torch"}),
        ("pixpaint.training.train", {"PySide6"}),
        ("pixpaint.models", {"PySide6", "torch", "numpy"}),
        ("pixpaint.models.card", {"PySide6", "torch"}),
        ("pixpaint.png", {"PySide6", "torch"}),
        ("pixpaint.cli", {"PySide6", "torch", "numpy", "PIL"}),
        ("pixpaint.commands.fill_folder", {"PySide6", "torch"}),
        ("pixpaint.gui.app", {"torch"}),
        ("pixpaint.gui.main_window", {"torch"}),
    ],
)
def test_a_clean_process_loads_no_more_than_it_needs(module: str, unwanted: set[str]) -> None:
    script = f"import sys, {module}; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not unwanted & set(result.stdout.split())
