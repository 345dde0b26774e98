"""How fast each engine is here: a measured table, by which `auto` picks.

The bundled table was measured on one machine; `pixpaint bench speed --calibrate` measures this one and keeps its own in
the user's folder, which then counts.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from math import log
from pathlib import Path

from pixpaint.assets import data_folder, resource
from pixpaint.errors import CannotWrite
from pixpaint.files import replace_file

LIKE = 2.0
"""How many times another size of decoder a measurement is still something to go by."""


@dataclass(frozen=True, kw_only=True)
class Speed:
    """One measurement: microseconds a pixel of a fill of `candidates` candidates, by a decoder of so many `weights`,
    as `Model.decoder_weights` counts them."""

    engine: str
    device: str
    weights: int
    candidates: int
    us_per_pixel: float


def calibrated_path() -> Path:
    """Where this machine's own table lies, if it was measured."""
    return data_folder() / "speeds.json"


def read_speeds() -> tuple[Speed, ...]:
    """This machine's table, or the bundled one. A calibrated file that can't be read is passed over."""
    for path in (calibrated_path(), resource("speeds.json")):
        try:
            rows = json.loads(path.read_text(encoding="utf-8"))
            return tuple(Speed(**row) for row in rows)
        except (OSError, ValueError, TypeError):
            continue
    return ()


def save_speeds(speeds: Iterable[Speed]) -> Path:
    """Keeps a table as this machine's own. Raises CannotWrite."""
    path = calibrated_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"{path.parent} can't be made: {error.strerror or error}.") from error
    replace_file(path, (json.dumps([asdict(speed) for speed in speeds], indent=1) + "\n").encode())
    return path


def of_its_size(speeds: Iterable[Speed], engine: str, device: str, weights: int) -> list[Speed]:
    """The measurements of an engine on a device by decoders that are nearest in size to one of so many weights; none
    where they are more than LIKE times larger or smaller."""
    own = [speed for speed in speeds if (speed.engine, speed.device) == (engine, device)]
    apart = [abs(log(speed.weights / weights)) for speed in own]
    least = min(apart, default=0.0)
    return [speed for speed, far in zip(own, apart, strict=True) if far == least <= log(LIKE)]


def fastest(
    speeds: Iterable[Speed], engines: Collection[str], device: str, weights: int, candidates: int
) -> str | None:
    """Of these engines the one that is fastest on a device by the measurement nearest in size and batch; None where
    nothing was measured."""

    def distance(speed: Speed) -> float:
        return abs(log(speed.weights / weights)) + abs(log(speed.candidates / candidates))

    nearest: dict[str, Speed] = {}
    for speed in speeds:
        if speed.device == device and speed.engine in engines:
            known = nearest.get(speed.engine)
            if known is None or distance(speed) < distance(known):
                nearest[speed.engine] = speed
    return min(nearest, key=lambda engine: nearest[engine].us_per_pixel, default=None)
