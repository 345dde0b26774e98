"""The command line's entry: finds the command, runs it, turns every failure into one line and an exit code.

Only what `pixpaint --help` needs is imported here; a command's own modules are imported when it runs.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from pixpaint import __version__
from pixpaint.commands.options import COMMANDS, WINDOW
from pixpaint.errors import PixpaintError

FAILED = 1
BAD_USAGE = 2
INTERRUPTED = 130  # what shells report for a program that Ctrl-C ended


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line; returns 0, 1 (failed), 2 (bad input) or 130 (Ctrl-C).

    `--help`, `--version` and bad usage (2) end in SystemExit instead, as argparse has it.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parse(arguments)
    try:
        return _run(options, " ".join(arguments))
    except KeyboardInterrupt as error:
        return _complain(str(error) or "stopped.", INTERRUPTED)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options of the command named by the first argument that is none; without a command, the window's.

    A command's name goes before a picture's: `pixpaint ./fill` opens a file called fill.
    """
    rest = list(arguments)
    name = next((argument for argument in rest if not argument.startswith("-")), None)
    command = COMMANDS.get(name, WINDOW) if name else WINDOW
    if command is WINDOW:
        parser = Parser("pixpaint", description=WINDOW.description, epilog=_list_of_commands())
        parser.add_argument("--version", action="version", version=f"pixpaint {__version__}")
        _refuse_misspelt(parser, name)
    else:
        assert name is not None
        rest.remove(name)
        parser = Parser(f"pixpaint {name}", description=command.description)
        if Path(name).is_file():
            parser.hint = f"; to open the picture of that name, write ./{name}"
    command.add_options(parser)
    parser.add_argument("--debug", action="store_true", help="show where an error comes from")
    options = parser.parse_args(rest)
    options.run = command.run
    return options


class Parser(argparse.ArgumentParser):
    """argparse, but an error is one line."""

    def __init__(self, prog: str, *, description: str, epilog: str | None = None) -> None:
        super().__init__(
            prog,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self.hint = ""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_USAGE, f"{self.prog}: {message}{self.hint} (see {self.prog} --help)\n")


def _list_of_commands() -> str:
    lines = [f"  {name:<8}{command.description}" for name, command in COMMANDS.items()]
    return "\n".join(["commands (each has its own --help):", *lines])


def _refuse_misspelt(parser: Parser, name: str | None) -> None:
    """`pixpaint modles` wants a command, not a picture that isn't there."""
    if name is None or Path(name).exists():
        return
    import difflib

    if meant := difflib.get_close_matches(name, COMMANDS, n=1, cutoff=0.7):
        parser.error(f"there is neither a command nor a picture called {name!r}; did you mean {meant[0]!r}?")


def _run(options: argparse.Namespace, command_line: str) -> int:
    from pixpaint import log

    with log.kept() as logger:
        try:
            code = int(options.run(options))
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader of our output has left, as `head` does: nothing more may be written at exit either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return FAILED
        except Exception as error:
            logger.warning("pixpaint %s", command_line, exc_info=True)
            if options.debug:
                import traceback

                traceback.print_exc()
            if isinstance(error, PixpaintError):
                return _complain(str(error), error.exit_code)
            kept = log.log_file().exists()
            where = f"the log {log.log_file()} has the details" if kept else "--debug tells more"
            return _complain(f"unexpected {type(error).__name__}: {error}; {where}.", FAILED)
    return code


def _complain(sentence: str, code: int) -> int:
    one_line = " ".join(sentence.split())  # an error of a library may hold several
    print(f"pixpaint: {one_line}", file=sys.stderr)
    return code
