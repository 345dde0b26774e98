"""The errors a person may see: each says in one sentence what happened, the value, and what to do.

They are caught in two places: the command line's `main`, which prints the sentence and returns `exit_code`, and the
fill worker, which shows it in the window.
"""


class PixpaintError(Exception):
    """Anything pixpaint can explain. `exit_code` is the command line's: 2 for bad input, 1 for a failure."""

    exit_code = 2


class BadImage(PixpaintError):
    """A picture that can't be read."""


class BadMask(PixpaintError):
    """A hole that is empty, of another size than the picture, or unreadable."""


class BadModel(PixpaintError):
    """Weights that are unknown, damaged, or not for this program."""


class BadRequest(PixpaintError):
    """An option that the model or the program does not have, such as an unknown class."""


class CannotWrite(PixpaintError):
    """A file that could not be written; whatever was there before is unchanged."""

    exit_code = 1


class OutOfMemory(PixpaintError):
    """The device ran out of memory, "cpu" or "cuda"; what was painted so far is kept."""

    exit_code = 1

    def __init__(self, sentence: str, device: str = "cpu") -> None:
        super().__init__(sentence)
        self.device = device


class NoDisplay(PixpaintError):
    """There is no screen to open a window on."""

    exit_code = 1
