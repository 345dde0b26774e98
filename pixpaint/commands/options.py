"""The options of every command, and what runs it; nothing slow is imported before a command runs."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pixpaint.commands.bench_options import add_bench_options, bench
from pixpaint.errors import BadModel, BadRequest

if TYPE_CHECKING:
    from pixpaint.recipe import FillSettings

HOLES = ("all", "bottom", "top", "right", "centre", "spot", "stroke")


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
        help="results, OUT-1.png and on, of seeds SEED and on; --json lists those first that fit best",
    )
    add("--json", action="store_true", help="print one last line of JSON about what was painted")


def _add_drawing_options(parser: ArgumentParser) -> None:
    """What filling and drawing from nothing have in common; FillSettings and the model check the values."""
    add = parser.add_argument
    add("--model", metavar="NAME", help="a model's name or .safetensors file (photo for colour, else sketch)")
    add(
        "--coarse",
        metavar="MODEL",
        help="a second model, which paints a picture of half the size first, or less; the first, trained with hints, "
        "goes on from there (the model's partner, if it has one; its own name: none)",
    )
    add("--label", metavar="CLASS", help="what the picture shows, one of the model's classes (none)")
    add("--seed", metavar="N", type=int, default=0, help="the same seed draws the same pixels (0)")
    add("--temperature", metavar="T", type=float, default=1.0, help="below 1 plainer, above 1 wilder (1)")
    add("--choice", metavar="T", type=float, help="temperature of the choice of a component (the model's)")
    add("--scale", metavar="T", type=float, help="temperature of the components' scales (the model's)")
    add("--top-p", metavar="P", type=float, help="share of the likeliest components drawn from (the model's)")
    add(
        "--calm",
        metavar="C",
        type=float,
        help="how far the fill is made as rough as its surroundings, 0 to 1 (the model's)",
    )
    add(
        "--join",
        metavar="J",
        type=float,
        help="how closely the fill is joined to the known pixels, from 0 (the model's)",
    )
    add(
        "--hold",
        metavar="H",
        type=float,
        help="how far a large hole is held to what the known pixels lead to expect, 0 to 1 (the model's)",
    )
    add("--engine", metavar="auto|reference|torch|fused", default="auto", help="how to sample (auto)")
    add("--device", metavar="auto|cpu|cuda", default="auto", help="where to sample (auto)")


def _settings(options: Namespace, candidates: int, model: str = "sketch") -> "FillSettings":
    """What the options ask for; `model` is taken where they name none, and of a pair the other one."""
    from pixpaint.models.card import read_card
    from pixpaint.recipe import FillSettings
    from pixpaint.sampling.pair import partner

    model, coarse = options.model or model, options.coarse
    if coarse is None:
        with suppress(BadModel):  # which is told when the model is needed
            coarse = partner(read_card(model))
    return FillSettings(
        model=model,
        coarse=None if coarse == model else coarse,
        label=options.label,
        seed=options.seed,
        temperature=options.temperature,
        choice=options.choice,
        scale=options.scale,
        top_p=options.top_p,
        calm=options.calm,
        join=options.join,
        hold=options.hold,
        engine=options.engine,
        device=options.device,
        candidates=candidates,
    )


def _fill(options: Namespace) -> int:
    if options.demo == (options.image is not None):
        raise BadRequest("Name a picture to fill, or use --demo for the bundled one.")

    from pixpaint.assets import resource
    from pixpaint.commands.fill import Job, fill_picture, suited
    from pixpaint.commands.fill_folder import fill_folder

    picture, mask = options.image, options.mask
    if options.demo:
        picture, mask = resource("samples", "sketch.png"), mask or resource("samples", "sketch-mask.png")
    job = Job(picture=picture, mask=mask, output=options.output)
    fill = fill_folder if picture.is_dir() else fill_picture
    settings = _settings(options, options.candidates, options.model or suited(picture))
    return fill(job, settings, as_json=options.json)


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
        help="a folder or zip of pictures, or the folder a recipe reads (with --resume: where they were)",
    )
    add("--name", help="what to call the model (as the recipe does)")
    add(
        "--from",
        dest="start_from",
        metavar="MODEL",
        help="go on from what this model has learned: a name or a .safetensors file. Its size, colours and classes "
        "stay as they are: pictures in a folder called like one of its classes teach that class, others none",
    )
    add("--recipe", metavar="NAME|FILE", help="a bundled recipe or a JSON file (folder)")
    add("--out", metavar="FOLDER", type=Path, help="where to keep all of it (the model among your models)")
    add(
        "--minutes",
        metavar="M",
        type=float,
        help="train so long in all, or to the last step, whichever comes first; towards that end the learning rate "
        "falls to zero, which the model gains from",
    )
    add("--steps", metavar="N", type=int, help="train so many steps in all (as the recipe says)")
    add("--batch", metavar="N", type=int, help="pictures a step (as the recipe says)")
    add(
        "--resume",
        action="store_true",
        help="go on where an earlier run of this name stopped, as it was begun",
    )
    add("--device", metavar="auto|cpu|cuda", default="auto", help="where to train (auto)")
    add("--threads", metavar="N", type=int, help="processor threads (as many as there are cores)")
    add(
        "--json",
        action="store_true",
        help='print lines of JSON: first an "event" of pictures (training, held_out, unreadable, too_small), then of '
        "progress (step, steps, share_done, bits_per_dim, pictures_per_second, seconds_left) and of score (step, "
        "before and now: held-out bits/dim of hidden pictures, bits_per_dim by what is hidden, samples: a PNG), at "
        "last of end (name, before, now, model: its file)",
    )


def _train(options: Namespace) -> int:
    from pixpaint.commands.train import train
    from pixpaint.commands.train_plan import Request

    names = (
        "data",
        "recipe",
        "start_from",
        "name",
        "out",
        "minutes",
        "steps",
        "batch",
        "resume",
        "device",
        "threads",
    )
    return train(Request(**{name: getattr(options, name) for name in names}, as_json=options.json))


def _models_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "what",
        metavar="add|field",
        nargs="?",
        choices=("add", "field"),
        help="add: take a model file from elsewhere among your own; field: draw what a pixel sees",
    )
    add(
        "model",
        metavar="FILE|MODEL",
        nargs="?",
        help="for add: a .safetensors file with its .json beside it; it is checked, then copied; for field: a model's "
        "name or file (without one: small models with random weights, one of each kind)",
    )
    add("--name", help="for add: what to call it (as its file)")
    add("-o", "--output", metavar="FIELD.png", type=Path, help="for field: the drawing")
    add(
        "--at",
        metavar="ROW,COLUMN",
        help="for field, with a model: the pixel, in a picture of 33 x 33 (16,16, its middle)",
    )
    add("--json", action="store_true", help="print JSON instead of a table or a sentence")


def _models(options: Namespace) -> int:
    from pixpaint.commands.models import add, show_models

    of_field = options.output is not None or options.at is not None
    if options.name is not None and options.what != "add":
        raise BadRequest("--name is for pixpaint models add FILE.")
    if of_field and options.what != "field":
        raise BadRequest("--output and --at are for pixpaint models field.")
    if options.what is None:
        return show_models(as_json=options.json)
    if options.what == "field":
        from pixpaint.commands.field import draw_field

        if options.output is None or options.json:
            raise BadRequest(
                "pixpaint models field makes a picture: name it with -o FIELD.png, without --json."
            )
        return draw_field(options.model, options.output, options.at)
    if options.model is None:
        raise BadRequest("Name the file to add: pixpaint models add FILE.safetensors.")
    return add(Path(options.model), options.name, as_json=options.json)


def _eval_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("model", metavar="NAME", help="a model's name or .safetensors file")
    add(
        "data",
        metavar="DATA",
        help="a folder or zip of pictures, or an .npz file and its part, FILE.npz:test",
    )
    add("--hole", metavar="|".join(HOLES), choices=HOLES, default="all", help="what is to be predicted (all)")
    add(
        "--size", metavar="N", type=int, help="side of the pictures in pixels (that the model was trained at)"
    )
    add(
        "--halved",
        metavar="N",
        type=int,
        default=0,
        help="halve pictures so many times first, for a model that was trained so",
    )
    add("--hints", action="store_true", help="tell the model each picture at half size")
    add("--blank-map", action="store_true", help="show the encoder nothing of the picture")
    add("--ensemble", action="store_true", help="average the probabilities of the 8 orientations")
    add("--sheet", metavar="SHEET.png", type=Path, help="save 24 of the pictures, masked and completed")
    add("--record", action="store_true", help="score every kind of hole and write it into the model's JSON")
    add("--json", action="store_true", help="print one line of JSON")


def _eval(options: Namespace) -> int:
    from pixpaint.commands.evaluate import Question, evaluate_model

    question = Question(
        model=options.model,
        data=options.data,
        hole=options.hole,
        size=options.size,
        halved=options.halved,
        hints=options.hints,
        blank_map=options.blank_map,
        ensemble=options.ensemble,
        sheet=options.sheet,
        record=options.record,
    )
    return evaluate_model(question, as_json=options.json)


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
    "models": Command(
        description="Lists the models at hand, adds one, or draws what a pixel sees.",
        add_options=_models_options,
        run=_models,
    ),
    "eval": Command(
        description="Measures how well a model predicts pictures.", add_options=_eval_options, run=_eval
    ),
    "bench": Command(
        description="Measures how fast the engines are on this machine, or how good fills are beside other programs'.",
        add_options=add_bench_options,
        run=bench,
    ),
}
