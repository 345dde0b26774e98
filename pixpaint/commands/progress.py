"""A progress bar for long work: one line on a terminal, nothing at all anywhere else.

Written here rather than taken from a library: it is text on standard error and needs no more than this page.
"""

import shutil
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

WIDTH = 24  # cells of the bar
SILENT = 1.0  # seconds before the bar is first drawn: short work shows none
PERIOD = 0.1  # seconds between two drawings


class Progress:
    """A label, a bar, the share done and the time left, rewritten in place and wiped at the end."""

    def __init__(
        self, label: str, *, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._on_terminal = self._stream.isatty()
        self._drawn = 0  # characters now on the line
        self.start(label)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def start(self, label: str) -> None:
        """Begins a new piece of work; the time left is reckoned from here."""
        self.clear()
        self._label = label
        self._began = self._clock()
        self._next_drawing = self._began + SILENT

    def say(self, line: str) -> None:
        """Shows a line of the caller's at once, for work whose length is unknown, such as loading."""
        self._write(line)

    def update(self, done: float, total: float) -> None:
        """Tells that `done` of `total` units are finished."""
        now = self._clock()
        if now < self._next_drawing:
            return
        self._next_drawing = now + PERIOD
        share = min(done / total, 1.0)
        bar = ("#" * round(share * WIDTH)).ljust(WIDTH, ".")
        left = f", {in_words((now - self._began) * (1 - share) / share)} left" if share else ""
        self._write(f"{self._label} [{bar}] {share:4.0%}{left}")

    def clear(self) -> None:
        """Wipes the line, so that something else can be printed."""
        if self._drawn:
            self._write("")
            self._stream.write("\r")
            self._stream.flush()

    def _write(self, line: str) -> None:
        if not self._on_terminal:
            return
        line = line[: shutil.get_terminal_size().columns - 1]  # a wrapped line couldn't be rewritten
        self._stream.write("\r" + line.ljust(self._drawn))
        self._stream.flush()
        self._drawn = len(line)


def in_words(seconds: float) -> str:
    """`42 s`, `3 min 05 s` or `2 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
