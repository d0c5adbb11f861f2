"""The MR images in one DICOM file, from its header alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError

from mstkd.dicom.header import frame_headers, number, numbers, text, whole_number, words
from mstkd.dicom.truncation import is_whole
from mstkd.errors import InputError

_MR_IMAGES = {
    "1.2.840.10008.5.1.4.1.1.4",  # MR
    "1.2.840.10008.5.1.4.1.1.4.1",  # Enhanced MR
    "1.2.840.10008.5.1.4.1.1.4.4",  # Legacy converted enhanced MR
}
_DIRECTORY = "1.2.840.10008.1.3.10"


@dataclass(frozen=True)
class Origin:
    """What an image belongs to.

    Attributes:
        patient: PatientID, or else the name, and the birth date.
        study: StudyInstanceUID; ``study_date`` is ``YYYYMMDD`` or empty.
        series: SeriesInstanceUID; ``number`` is -1 where there is none.
    """

    patient: tuple[str, str, str]
    study: str
    study_date: str
    study_description: str
    series: str
    number: int
    description: str


@dataclass(frozen=True)
class Frame:
    """One slice and where it lies.

    Attributes:
        index: Which image of the file, from 0.
        uid: SOPInstanceUID of the file.
        position: ImagePositionPatient, mm in LPS+: the centre of the first voxel.
        orientation: ImageOrientationPatient: direction of rows, then of columns.
        pixel_spacing: mm from row to row, and from column to column.
        matrix: Rows and columns.
        image_type: The values of ImageType, and of ComplexImageComponent.
        contrast: What tells images of one series apart that are no neighbours: image type,
            echo time, inversion time, b-value and frame of reference.
        repetition: What tells repeated acquisitions apart: time point, acquisition and echo number.
        slope: Stored value times ``slope`` plus ``intercept`` is the grey value.
        acquired: Date and time of acquisition, ``YYYYMMDDHHMMSS`` or less; may be empty.
    """

    path: Path
    index: int
    uid: str
    origin: Origin
    position: tuple[float, ...]
    orientation: tuple[float, ...]
    pixel_spacing: tuple[float, ...]
    matrix: tuple[int, int]
    image_type: tuple[str, ...]
    contrast: tuple[object, ...]
    repetition: tuple[object, ...]
    slope: float
    intercept: float
    instance: int
    acquired: str


@dataclass(frozen=True)
class Unread:
    """An object of a series that is no slice of an MR image.

    Attributes:
        reason: What it and its like are, in the plural.
        damaged: Whether it would have been one, were its file whole.
    """

    path: Path
    uid: str
    origin: Origin
    reason: str
    damaged: bool = False


def read_frames(path: Path) -> list[Frame | Unread]:
    """The images in a DICOM file; none in a file of another kind or a DICOMDIR.

    Raises:
        InputError: The file is damaged so that not even its series is known.
        OSError: It cannot be opened.
    """
    with path.open("rb") as file:
        try:
            header = dcmread(file, stop_before_pixels=True)
            if header.file_meta.get("MediaStorageSOPClassUID") == _DIRECTORY:
                return []
            return _frames(path, header, file)
        except InvalidDicomError:
            return []
        except (OSError, InputError):
            raise
        except Exception as error:  # pydicom raises whatever a damaged value leads to
            raise _damaged(path, " ".join(str(error).split())[:100] or type(error).__name__) from error


def _frames(path: Path, header: Dataset, file: BinaryIO) -> list[Frame | Unread]:
    origin, uid = _origin(header), text(header, "SOPInstanceUID")
    if not (origin.study and origin.series and uid):
        raise _damaged(path, "its header ends early or lacks the study, series or instance UID")
    if header.SOPClassUID not in _MR_IMAGES:
        return [Unread(path, uid, origin, f"objects of the kind '{header.SOPClassUID.name}'")]
    if not is_whole(header, file):
        return [Unread(path, uid, origin, "truncated images", damaged=True)]
    refusal = _no_greyscale(header)
    if refusal:
        return [Unread(path, uid, origin, refusal)]
    return [_frame(path, i, uid, origin, frame) for i, frame in enumerate(frame_headers(header))]


def _origin(header: Dataset) -> Origin:
    number = whole_number(header, "SeriesNumber")
    patient = text(header, "PatientID")
    name = "" if patient else text(header, "PatientName")
    return Origin(
        patient=(patient, name, text(header, "PatientBirthDate")),
        study=text(header, "StudyInstanceUID"),
        study_date=text(header, "StudyDate"),
        study_description=text(header, "StudyDescription"),
        series=text(header, "SeriesInstanceUID"),
        number=-1 if number is None else number,
        description=text(header, "SeriesDescription"),
    )


def _no_greyscale(header: Dataset) -> str:
    colour = text(header, "PhotometricInterpretation")
    if header.get("SamplesPerPixel", 1) != 1 or colour != "MONOCHROME2":
        return f"images that are not plain greyscale ({colour or 'unknown colours'})"
    return "mosaics of slices" if "MOSAIC" in words(header, "ImageType") else ""


def _frame(path: Path, index: int, uid: str, origin: Origin, header: Dataset) -> Frame | Unread:
    position = numbers(header, "ImagePositionPatient", 3)
    orientation = numbers(header, "ImageOrientationPatient", 6)
    spacing = numbers(header, "PixelSpacing", 2)
    if not (position and orientation and spacing and min(spacing) > 0):
        return Unread(path, uid, origin, "images that do not say where they lie in space")
    image_type = words(header, "ImageType") + words(header, "ComplexImageComponent")
    times = [_rounded(number(header, name)) for name in ("EchoTime", "InversionTime", "DiffusionBValue")]
    slope, instance = number(header, "RescaleSlope"), number(header, "InstanceNumber")
    date = text(header, "AcquisitionDate") or text(header, "StudyDate")
    time = text(header, "AcquisitionTime")
    return Frame(
        path=path,
        index=index,
        uid=uid,
        origin=origin,
        position=position,
        orientation=orientation,
        pixel_spacing=spacing,
        matrix=(int(header.Rows), int(header.Columns)),
        image_type=image_type,
        contrast=(image_type, *times, text(header, "FrameOfReferenceUID")),
        repetition=tuple(
            number(header, name) for name in ("TemporalPositionIdentifier", "AcquisitionNumber", "EchoNumbers")
        ),
        slope=1.0 if slope is None else slope,
        intercept=number(header, "RescaleIntercept") or 0.0,
        instance=int(instance or 0),
        acquired=text(header, "AcquisitionDateTime") or (date + time if time else ""),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _damaged(path: Path, detail: str) -> InputError:
    return InputError(f"{path} is damaged ({detail}); copy or export it again.")
