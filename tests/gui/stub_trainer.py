"""Stands in for `python -m pixpaint` in tests of the window: `train --json` and `models add`, quick and obedient.

It makes the files that the real one makes. What it is to do is in the environment: STUB_STEPS, and STUB_FAILS.
"""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from pixpaint.assets import user_models_folder
from pixpaint.models.config import PixelCNNPPConfig
from pixpaint.training.recipe import Recipe
from pixpaint.training.runs import CHECKPOINT, SAMPLES, run_folder

stopped = []
signal.signal(signal.SIGINT, lambda *_: stopped.append(1))


def tell(event: str, **facts: object) -> None:
    print(json.dumps({"event": event, **facts}), flush=True)


def option(name: str, otherwise: str = "") -> str:
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else otherwise


def model(name: str) -> str:
    folder = user_models_folder()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.safetensors").write_bytes(b"weights")
    card = {"config": PixelCNNPPConfig(channels=1, crop=32).to_json(), "parameters": 1000}
    (folder / f"{name}.json").write_text(json.dumps(card))
    return str(folder / f"{name}.safetensors")


def save(name: str, step: int) -> None:
    """A checkpoint of notes alone."""
    recipe = Recipe(name=name, model=PixelCNNPPConfig(channels=1), data="folder", steps=10)
    notes = {
        "step": step,
        "seconds": step,
        "history": [{"step": 0, "all": 4.21}, {"step": step, "all": 4.21 - step / 100}],
        "recipe": recipe.to_json(),
        "data": "pictures",
    }
    header = json.dumps({"__metadata__": {"pixpaint": json.dumps(notes)}}).encode()
    (run_folder(name) / CHECKPOINT).write_bytes(len(header).to_bytes(8, "little") + header)


def train() -> int:
    name, failure = option("--name"), os.environ.get("STUB_FAILS", "")
    folder = run_folder(name)
    if failure == "at once":
        print("pixpaint: pictures has 3 pictures: at least 20 are needed.", file=sys.stderr)
        return 2
    step = 0
    if "--resume" in sys.argv:
        step = json.loads((folder / "step").read_text())
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(os.environ["STUB_SAMPLES"]), folder / SAMPLES)
    tell("pictures", training=52, held_out=8, unreadable=1, too_small=0, folders_without_class=[])
    if failure == "never begins":
        while not stopped:
            time.sleep(0.01)
        return 130
    samples = str(folder / SAMPLES)
    tell("score", step=step, before=4.21, now=4.21 - step / 100, bits_per_dim={}, samples=samples)
    last = int(os.environ.get("STUB_STEPS", "10"))
    while step < last and not stopped:
        step += 1
        tell("progress", step=step, steps=10, share_done=step / 10, seconds_left=10 - step, bits_per_dim=4.0)
        if failure == "later":
            save(name, step)
            os.kill(os.getpid(), signal.SIGKILL)
        while step == last < 10 and not stopped:
            time.sleep(0.01)
    (folder / "step").write_text(json.dumps(step))
    save(name, step)
    model(name)
    tell("score", step=step, before=4.21, now=4.21 - step / 100, bits_per_dim={}, samples=samples)
    if stopped:
        print("pixpaint: stopped and saved; --resume goes on from here.", file=sys.stderr)
        return 130
    tell("end", name=name, before=4.21, now=4.11, model=model(name))
    return 0


def add() -> int:
    if os.environ.get("STUB_FAILS"):
        print("pixpaint: The model file is damaged.", file=sys.stderr)
        return 2
    path = model(option("--name"))
    print(json.dumps({"name": Path(path).stem, "path": path}), flush=True)
    return 0


sys.exit(train() if sys.argv[1] == "train" else add())
