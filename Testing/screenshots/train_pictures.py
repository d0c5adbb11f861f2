"""Pictures of a whole training for docs/train.md: the panel at each stage, with a real trainer.

python Testing/screenshots/train_pictures.py FOLDER [PATIENT...]

Each PATIENT is a folder with flair, t1, t1c, t2 and seg (NIfTI), of which a box around the tumour is taken; without
any it is pieces of the sample patient.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageChops

TESTING = Path(__file__).parents[1]
ROOT = TESTING.parent
sys.path[:0] = [str(TESTING), *(str(ROOT / name) for name in ("MSTKDSegment", "MSTKDTrain", ""))]
SECTIONS = ("data", "settings", "training", "progress", "model")
WIDTH, HEIGHT = 480, 1500


def main() -> None:
    folder, sources = Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        os.environ.update({name: f"{work}/{name}" for name in ("MSTKD_MODELS", "MSTKD_STATE")})
        walk(folder, Path(work), sources or [ROOT / "Resources" / "SampleData" / "BraTS2021_01479"])


def walk(folder: Path, work: Path, sources: list[Path]) -> None:
    """The whole training, and a picture after each step that changes what the user sees."""
    from slicer_host import boot

    host = boot()
    import qt
    import slicer
    from six_patients import write_six_patients
    from slicer_scene import load_volume
    from whole_training import WholeTraining

    patients = write_six_patients(work / "patients", sources)
    qt.QSettings().setValue("MSTKDTrain/runsFolder", str(work / "runs"))
    panel = host.openModule("MSTKDTrain")
    panel.parent.show()
    training = WholeTraining(host, panel)

    def picture(name: str, *sections: str) -> None:
        for section in SECTIONS:
            getattr(training.panel.ui, f"{section}Section").collapsed = section not in sections
        host.process(300)
        path = host.screenshot(training.panel, folder / f"train-{name}.png", (WIDTH, HEIGHT))
        trimmed(Image.open(path).convert("RGB")).quantize(128).save(path, optimize=True)

    training.check_data(patients)
    picture("1-question", "data")
    training.say_what_labels_mean("brats2018-21")
    training.show_patient(0)
    picture("2-data", "data")
    training.choose_settings()
    picture("3-settings", "settings")
    training.estimate()
    picture("4-estimate", "training")
    training.train()
    training.reach(8)
    picture("5-running", "training", "progress")
    training.pause_or_resume()
    training.reach_state("paused")
    picture("6-paused", "training")
    training.pause_or_resume()
    training.reach(18)
    training.stop()
    training.reach_state("stopped")
    name = training.run.name
    training.open_again()
    training.select(name)
    picture("7-found-again", "training")
    training.pause_or_resume()
    training.reach_state("finished")
    picture("8-finished", "training", "progress")
    training.make_model()
    training.install_model()
    picture("9-model", "model")
    volumes = {
        sequence: load_volume(slicer.mrmlScene, patients / "anna" / f"{file}.nii.gz", f"Anna {sequence.upper()}")
        for sequence, file in {"flair": "flair", "t1gd": "t1c"}.items()
    }
    segmented, _node = training.segment(volumes)
    host.screenshot(segmented, folder / "train-10-segmented.png", (WIDTH, 760))
    host.reset()


def trimmed(picture: Image.Image) -> Image.Image:
    """Without the empty part below the panel."""
    plain = Image.new("RGB", picture.size, picture.getpixel((0, picture.height - 1)))
    box = ImageChops.difference(picture, plain).getbbox()
    return picture.crop((0, 0, picture.width, min(picture.height, box[3] + 16)))


if __name__ == "__main__":
    main()
