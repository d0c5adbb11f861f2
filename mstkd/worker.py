"""The engine's door for Slicer: ``python -u -m mstkd.worker``, JSON lines both ways.

A request is one line on standard input::

    {"volumes": {"flair": FILE, ...}, "names": {"flair": "what to call it", ...},
     "labels": FILE, "report": FOLDER or null, "reference": "t1gd" or null,
     "align": true, "brain": FILE or null, "model": FOLDER or null, "device": "auto"}

Answers are lines on standard output: ``{"event": "progress", "share", "text"}``, then
``{"event": "done", "summary", "segments"}`` or ``{"event": "error", "message"}``. The worker takes the
next request until its input ends; the network stays loaded.
"""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from mstkd.errors import InputError
from mstkd.inference.segment import Segmentation
from mstkd.modalities import CHANNELS, Modality
from mstkd.models import load_once
from mstkd.pipeline import segment_patient
from mstkd.regions import segment_descriptions
from mstkd.results import ResultFolder, summarise
from mstkd.sources import Sources, named_file
from mstkd.store import shipped_model
from mstkd.wishes import Wishes

Request = dict[str, Any]


def emit(event: str, **values: Any) -> None:
    """Write one event."""
    print(json.dumps({"event": event, **values}), flush=True)


def serve() -> None:
    """Answer requests until standard input ends."""
    for line in sys.stdin:
        try:
            emit("done", summary=answer(json.loads(line)), segments=segment_descriptions())
        except InputError as error:
            emit("error", message=str(error))
        except Exception as error:  # the last wall before Slicer: say it, stay alive
            emit("error", message=f"the engine failed on this patient ({type(error).__name__}: {error}).")


def answer(request: Request) -> dict[str, Any]:
    """Segment one patient and write its label map, and the report where it is wanted; returns the summary.

    The label map has the reference's voxels in the reference's order. Its geometry is
    the reference's too, but the caller, who owns the reference, is the authority on that.

    Raises:
        InputError: The request or a volume is refused.
    """
    files = {m: Path(request["volumes"][m.value]) for m in CHANNELS if m.value in request["volumes"]}
    names = request.get("names", {})
    folder = Path(request["model"]) if request.get("model") else shipped_model()
    with ResultFolder(Path(request["report"])) if request.get("report") else nullcontext() as report:
        result = segment_patient(
            Sources({m: named_file(m, path, names.get(m.value, "")) for m, path in files.items()}),
            load_once(folder),
            Wishes(
                reference=Modality(request["reference"]) if request.get("reference") else None,
                registration=request.get("align", True),
                brain=Path(request["brain"]) if request.get("brain") else None,
                brain_name=names.get("brain", ""),
                device=request.get("device", "auto"),
            ),
            report=lambda share, text: emit("progress", share=share, text=text),
        )
        write_labels(Path(request["labels"]), result.segmentation, files)
        return report.write(result) if report else summarise(result)


def write_labels(path: Path, found: Segmentation, files: dict[Modality, Path]) -> None:
    """Write the label map with the reference's geometry, whole or not at all."""
    image = sitk.GetImageFromArray(found.tissues.transpose(2, 1, 0))
    image.CopyInformation(sitk.ReadImage(str(files[found.patient.reference_modality])))
    draft = path.with_name(f"part-{path.name}")
    try:
        sitk.WriteImage(image, str(draft), useCompression=False)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


if __name__ == "__main__":
    serve()
