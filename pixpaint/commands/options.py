"""The options of every command, and what runs it; nothing slow is imported before a command runs."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pixpaint.errors import BadRequest

if TYPE_CHECKING:
    from pixpaint.recipe import FillSettings

HOLES = ("all", "bottom", "top", "right", "centre", "stroke")


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command; `run` is given the parsed options and returns the exit code."""

    description: str
    add_options: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], int]


def _window_options(parser: ArgumentParser) -> None:
    parser.add_argument("image", metavar="IMAGE", nargs="?", type=Path, help="the picture to open")


def _window(options: Namespace) -> int:
    from pixpaint.commands.window import open_window

    return open_window(options.image)


def _fill_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("image", metavar="IMAGE", nargs="?", type=Path, help="a picture, or a folder whose pictures to fill")
    add("--demo", action="store_true", help="fill the bundled sample picture")
    add(
        "--mask",
        type=Path,
        help="a picture of the same size (for a folder: a folder of the same names) that is black where nothing "
        "is to be painted; without it, the fully transparent pixels are painted",
    )
    add(
        "-o", "--output", metavar="OUT.png", type=Path, required=True, help="the result, or a folder for them"
    )
    _add_drawing_options(parser)
    add(
        "--candidates",
        metavar="N",
        type=int,
        default=1,
        help="results, OUT-1.png and on, of seeds SEED and on",
    )
    add("--json", action="store_true", help="print one last line of JSON about what was painted")


def _add_drawing_options(parser: ArgumentParser) -> None:
    """What filling and drawing from nothing have in common; FillSettings and the model check the values."""
    add = parser.add_argument
    add("--model", metavar="NAME", default="sketch", help="a model's name or .safetensors file (sketch)")
    add("--label", metavar="CLASS", help="what the picture shows, one of the model's classes (none)")
    add("--seed", metavar="N", type=int, default=0, help="the same seed draws the same pixels (0)")
    add("--temperature", metavar="T", type=float, default=1.0, help="below 1 plainer, above 1 wilder (1)")
    add("--engine", metavar="auto|reference|torch|fused", default="auto", help="how to sample (auto)")
    add("--device", metavar="auto|cpu|cuda", default="auto", help="where to sample (auto)")


def _settings(options: Namespace, candidates: int) -> "FillSettings":
    from pixpaint.recipe import FillSettings

    return FillSettings(
        model=options.model,
        label=options.label,
        seed=options.seed,
        temperature=options.temperature,
        engine=options.engine,
        device=options.device,
        candidates=candidates,
    )


def _fill(options: Namespace) -> int:
    if options.demo == (options.image is not None):
        raise BadRequest("Name a picture to fill, or use --demo for the bundled one.")

    from pixpaint.assets import resource
    from pixpaint.commands.fill import Job, fill_picture
    from pixpaint.commands.fill_folder import fill_folder

    picture, mask = options.image, options.mask
    if options.demo:
        picture, mask = resource("samples", "sketch.png"), mask or resource("samples", "sketch-mask.png")
    job = Job(picture=picture, mask=mask, output=options.output)
    fill = fill_folder if picture.is_dir() else fill_picture
    return fill(job, _settings(options, options.candidates), as_json=options.json)


def _sample_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("-n", "--number", metavar="N", type=int, default=16, help="how many pictures (16)")
    add(
        "-o", "--output", metavar="GRID.png", type=Path, required=True, help="one picture that shows them all"
    )
    add(
        "--like",
        metavar="IMAGE",
        type=Path,
        help="draw others like this picture, with a model that was trained to",
    )
    _add_drawing_options(parser)


def _sample(options: Namespace) -> int:
    from pixpaint.commands.sample import sample

    return sample(_settings(options, options.number), options.output, options.like)


def _train_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--data",
        metavar="PATH",
        required=True,
        help="a folder or zip of pictures, or the folder a recipe reads",
    )
    add("--recipe", metavar="NAME|FILE", default="folder", help="a bundled recipe or a JSON file (folder)")
    add("--name", help="what to call the model (as the recipe does)")
    add("--out", metavar="FOLDER", type=Path, help="where to keep all of it (the model among your models)")
    add(
        "--minutes",
        metavar="M",
        type=float,
        default=float("inf"),
        help="stop after so long; this does not make the learning rate fall",
    )
    add(
        "--steps",
        metavar="N",
        type=int,
        help="stop after so many steps in all (as the recipe says); towards the last of them the learning rate "
        "falls to zero, which the model gains from, so if --minutes would end the run before, choose an N that is "
        "reached in that time",
    )
    add("--batch", metavar="N", type=int, help="pictures a step (as the recipe says)")
    add("--resume", action="store_true", help="go on where an earlier run of this name stopped")
    add("--device", metavar="auto|cpu|cuda", default="auto", help="where to train (auto)")
    add("--threads", metavar="N", type=int, help="processor threads (as many as there are cores)")


def _train(options: Namespace) -> int:
    from pixpaint.commands.train import Request, train

    names = ("data", "recipe", "name", "out", "minutes", "steps", "batch", "resume", "device", "threads")
    return train(Request(**{name: getattr(options, name) for name in names}))


def _models_options(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print a list in JSON instead of a table")


def _models(options: Namespace) -> int:
    from pixpaint.commands.models import show_models

    return show_models(as_json=options.json)


def _eval_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("model", metavar="NAME", help="a model's name or .safetensors file")
    add(
        "data",
        metavar="DATA",
        help="a folder or zip of pictures, or an .npz file and its part, FILE.npz:test",
    )
    add("--hole", metavar="|".join(HOLES), choices=HOLES, default="all", help="what is to be predicted (all)")
    add("--blank-map", action="store_true", help="show the encoder nothing of the picture")
    add("--sheet", metavar="SHEET.png", type=Path, help="save 24 of the pictures, masked and completed")
    add("--record", action="store_true", help="score every kind of hole and write it into the model's JSON")
    add("--json", action="store_true", help="print one line of JSON")


def _eval(options: Namespace) -> int:
    from pixpaint.commands.evaluate import Question, evaluate_model

    question = Question(
        model=options.model,
        data=options.data,
        hole=options.hole,
        blank_map=options.blank_map,
        sheet=options.sheet,
        record=options.record,
    )
    return evaluate_model(question, as_json=options.json)


def _bench_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("what", metavar="speed", choices=("speed",), help="what to measure: how fast the engines are")
    add("--quick", action="store_true", help="small pictures and small batches only, within a minute")
    add(
        "--curves",
        metavar="FILE.png",
        type=Path,
        help="also draw how the time grows with hole, picture and batch",
    )
    add(
        "--calibrate",
        action="store_true",
        help="measure instead by what `auto` picks an engine here, and keep it",
    )
    add("--json", action="store_true", help="print one line of JSON")


def _bench(options: Namespace) -> int:
    from pixpaint.commands.bench_speed import Wish, bench_speed

    wish = Wish(quick=options.quick, curves=options.curves, calibrate=options.calibrate)
    return bench_speed(wish, as_json=options.json)


WINDOW = Command(
    description="Paints what is missing in a picture, row by row. Without a command it opens a window.",
    add_options=_window_options,
    run=_window,
)

COMMANDS = {
    "fill": Command(
        description="Fills the hole of a picture without a window.", add_options=_fill_options, run=_fill
    ),
    "sample": Command(description="Draws pictures from nothing.", add_options=_sample_options, run=_sample),
    "train": Command(description="Trains a model on pictures.", add_options=_train_options, run=_train),
    "models": Command(description="Lists the models at hand.", add_options=_models_options, run=_models),
    "eval": Command(
        description="Measures how well a model predicts pictures.", add_options=_eval_options, run=_eval
    ),
    "bench": Command(
        description="Measures how fast the engines are on this machine.",
        add_options=_bench_options,
        run=_bench,
    ),
}
