"""The options of `pixpaint bench`, those of `speed` and those of `quality`; nothing slow is imported before it runs."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from pixpaint.errors import BadRequest

BENCHES = {
    "speed": ("quick", "curves", "calibrate"),
    "quality": ("pictures", "n", "holes", "model", "seed", "sheet"),
}
"""What can be measured, and the options of each alone."""


def add_bench_options(parser: ArgumentParser) -> None:
    """Adds the options of both benches."""
    add = parser.add_argument
    add(
        "what",
        metavar="speed|quality",
        choices=tuple(BENCHES),
        help="what to measure: how fast the engines are, or how good fills of photographs are beside other programs'",
    )
    add("--json", action="store_true", help="print one line of JSON")

    add = parser.add_argument_group("bench speed").add_argument
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

    add = parser.add_argument_group("bench quality").add_argument
    add(
        "pictures",
        metavar="PICTURES",
        nargs="?",
        help="a folder or zip of photographs; PICTURES:held-out means those that training on them holds out "
        "(the held-out ones of photos.zip, in $PIXPAINT_DATA or here)",
    )
    add("--n", metavar="N", type=int, help="the first N of them (all)")
    add("--holes", metavar="KIND,...", help="of scratch, stroke, 48 and 96 (all)")
    add("--model", metavar="NAME", help="a model's name or .safetensors file (photo)")
    add("--seed", metavar="N", type=int, help="the same seed makes the same holes and fills (0)")
    add("--sheet", metavar="SHEET.png", type=Path, help="save the first pictures, masked and filled by each")


def bench(options: Namespace) -> int:
    """Measures what is asked for; returns the exit code. Raises PixpaintError."""
    for what, names in BENCHES.items():
        for name in names:
            given = getattr(options, name)
            if what != options.what and given is not None and given is not False:
                raise BadRequest(f"{_option(name)} belongs to bench {what}, not to bench {options.what}.")
    return _bench_speed(options) if options.what == "speed" else _bench_quality(options)


def _option(name: str) -> str:
    return name.upper() if name == "pictures" else f"--{name}"


def _bench_speed(options: Namespace) -> int:
    from pixpaint.commands.bench_speed import Wish, bench_speed

    wish = Wish(quick=options.quick, curves=options.curves, calibrate=options.calibrate)
    return bench_speed(wish, as_json=options.json)


def _bench_quality(options: Namespace) -> int:
    from pixpaint.commands.bench_quality import Wish, bench_quality

    wish = Wish(
        pictures=options.pictures,
        count=options.n,
        model="photo" if options.model is None else options.model,
        seed=0 if options.seed is None else options.seed,
        holes=() if options.holes is None else tuple(options.holes.split(",")),
        sheet=options.sheet,
    )
    return bench_quality(wish, as_json=options.json)
