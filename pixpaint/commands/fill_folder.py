"""`pixpaint fill FOLDER`: fills every picture in a folder with one loaded model, and carries on past bad ones."""

import json
import logging
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pixpaint.commands.fill import Job, Report, check, fill_document, load, open_job, sentence, summary
from pixpaint.commands.outputs import make_folder
from pixpaint.commands.progress import Progress
from pixpaint.document import SUFFIXES
from pixpaint.errors import BadImage, BadMask, BadRequest, PixpaintError
from pixpaint.recipe import FillSettings
from pixpaint.sampling.painting import Painter

log = logging.getLogger(__name__)


def fill_folder(folders: Job, settings: FillSettings, *, as_json: bool) -> int:
    """Fills all pictures of `folders.picture` into `folders.output`; returns 1 if any failed, else 0.

    Each picture's sentence goes to standard output as it is done, and each failure's to standard error. Raises
    PixpaintError where no picture could be filled at all: no such model, no pictures, no place to write.
    """
    painter = Painter()
    check(painter, settings)
    jobs = jobs_in(folders)
    reports: list[Report] = []
    pictures: list[dict[str, Any]] = []
    with Progress("filling") as progress:
        used = load(painter, settings, progress)
        make_folder(folders.output)
        for number, job in enumerate(jobs, start=1):
            progress.start(f"{number}/{len(jobs)} {job.picture.name}")
            try:
                document = open_job(job, settings)
                report = fill_document(painter, used, document, job.output, progress)
            except PixpaintError as error:
                log.warning("%s", error, exc_info=True)
                progress.clear()
                print(f"pixpaint: {error}", file=sys.stderr)
                pictures.append({"picture": str(job.picture), "error": str(error)})
            else:
                progress.clear()
                reports.append(report)
                pictures.append({"picture": str(job.picture), **asdict(report)})
                if not as_json:
                    print(sentence(used, report), flush=True)
    failed = len(jobs) - len(reports)
    if as_json:
        print(json.dumps(summary(used, reports) | {"pictures": pictures, "failed": failed}))
    return 1 if failed else 0


def jobs_in(folders: Job) -> list[Job]:
    """One job for each picture in the folder, by name; a result is named like its picture, but ends in .png.

    Raises BadImage, BadMask or BadRequest where the folders don't fit together.
    """
    pictures = _pictures_in(folders.picture)
    if not pictures:
        raise BadImage(f"There is no picture in the folder {folders.picture}: name another one.")
    if folders.mask is not None and not folders.mask.is_dir():
        raise BadMask(
            f"{folders.picture} is a folder, so the mask must be a folder with masks of the same names, "
            f"and {folders.mask} is none."
        )
    if folders.output.resolve() in {path.resolve() for path in (folders.picture, folders.mask) if path}:
        raise BadRequest(
            f"The results would overwrite what is in {folders.output}: name another folder for them."
        )
    masks = _pictures_in(folders.mask) if folders.mask else []
    mask_of = {mask.stem: mask for mask in masks} | {mask.name: mask for mask in masks}
    jobs: dict[Path, Job] = {}
    for picture in pictures:
        output = folders.output / f"{picture.stem}.png"
        if output in jobs:
            raise BadRequest(
                f"{jobs[output].picture.name} and {picture.name} would both become {output.name}: rename one."
            )
        mask = mask_of.get(picture.name) or mask_of.get(picture.stem)
        if folders.mask and not mask:
            mask = folders.mask / picture.name  # reading it will tell that it isn't there
        jobs[output] = Job(picture=picture, mask=mask, output=output)
    return list(jobs.values())


def _pictures_in(folder: Path) -> list[Path]:
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise BadImage(f"The folder {folder} can't be read: {error.strerror or error}.") from error
    return [path for path in files if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")]
