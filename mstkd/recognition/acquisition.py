"""How an image was acquired, from a DICOM header or from the JSON file beside a NIfTI file."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom import Dataset

_ENHANCED_SCANNING = {"SPIN": ("SE",), "GRADIENT": ("GR",), "BOTH": ("SE", "GR")}


@dataclass(frozen=True)
class AcquisitionParameters:
    """What a header says about the acquisition of one series; None or empty where it is silent.

    Attributes:
        description: SeriesDescription.
        protocol: ProtocolName.
        sequence_name: SequenceName, Siemens' internal name.
        modality: ``MR``, ``CT``, ...
        repetition_ms: TR.
        echo_ms: TE; of the first echo when there are several.
        inversion_ms: TI; 0 counts as none.
        scanning: ScanningSequence: SE, IR, GR, EP, RM.
        variant: SequenceVariant, e.g. MP for magnetisation prepared.
        image_type: ImageType, with the FrameType of an enhanced header.
        b_value: Of diffusion, in s/mm2.
        contrast_agent: The agent; empty when the header has the field and says none.
    """

    description: str = ""
    protocol: str = ""
    sequence_name: str = ""
    modality: str = ""
    repetition_ms: float | None = None
    echo_ms: float | None = None
    inversion_ms: float | None = None
    scanning: tuple[str, ...] = ()
    variant: tuple[str, ...] = ()
    image_type: tuple[str, ...] = ()
    b_value: float | None = None
    contrast_agent: str | None = None

    @classmethod
    def from_dicom(cls, header: Dataset) -> AcquisitionParameters:
        """From a classic header, or an enhanced multi-frame one with its functional groups."""
        places = list(_places(header))

        def find(*keywords: str) -> Any:
            for keyword in keywords:
                for place in places:
                    if place.get(keyword) not in (None, ""):
                        return place.get(keyword)
            return None

        scanning = _words(find("ScanningSequence")) or _ENHANCED_SCANNING.get(str(find("EchoPulseSequence")), ())
        if find("InversionRecovery") == "YES":
            scanning += ("IR",)
        if find("EchoPlanarPulseSequence") == "YES":
            scanning += ("EP",)
        return cls(
            description=str(find("SeriesDescription") or ""),
            protocol=str(find("ProtocolName") or ""),
            sequence_name=str(find("SequenceName", "PulseSequenceName") or ""),
            modality=str(find("Modality") or ""),
            repetition_ms=_number(find("RepetitionTime")),
            echo_ms=_number(find("EchoTime", "EffectiveEchoTime")),
            inversion_ms=_number(find("InversionTime", "InversionTimes")) or None,
            scanning=scanning,
            variant=_words(find("SequenceVariant")),
            image_type=_words(header.get("ImageType")) + _words(find("FrameType")),
            b_value=_number(find("DiffusionBValue")),
            contrast_agent=_dicom_agent(header),
        )

    @classmethod
    def from_sidecar(cls, fields: Mapping[str, Any]) -> AcquisitionParameters:
        """From the JSON fields that dcm2niix writes and BIDS defines; their times are in seconds."""

        def milliseconds(name: str) -> float | None:
            seconds = _number(fields.get(name))
            return None if seconds is None else seconds * 1000

        return cls(
            description=str(fields.get("SeriesDescription") or ""),
            protocol=str(fields.get("ProtocolName") or ""),
            sequence_name=str(fields.get("SequenceName") or ""),
            modality=str(fields.get("Modality") or ""),
            repetition_ms=milliseconds("RepetitionTime"),
            echo_ms=milliseconds("EchoTime"),
            inversion_ms=milliseconds("InversionTime") or None,
            scanning=_words(fields.get("ScanningSequence")),
            variant=_words(fields.get("SequenceVariant")),
            image_type=_words(fields.get("ImageType")),
            b_value=_number(fields.get("DiffusionBValue")),
            contrast_agent=_agent(
                [fields[name] for name in ("ContrastBolusAgent", "ContrastBolusIngredient") if name in fields]
            ),
        )


def read_sidecar(image: Path, stem: str) -> AcquisitionParameters | None:
    """The parameters in ``stem.json`` beside an image; None when there is no such file or it is none of that kind."""
    try:
        fields = json.loads((image.parent / f"{stem}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return AcquisitionParameters.from_sidecar(fields) if isinstance(fields, dict) else None


def _places(header: Dataset) -> Iterator[Dataset]:
    """The header, then what its first frame's functional groups hold."""
    yield header
    for keyword in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for groups in list(header.get(keyword) or [])[:1]:
            for element in groups:
                if element.VR == "SQ" and element.value:
                    yield element.value[0]


def _words(value: Any) -> tuple[str, ...]:
    r"""Of ``SE``, ``SE\IR``, ``GR_IR`` or a list."""
    if not isinstance(value, Iterable):
        return ()
    parts = value.replace("\\", "_").split("_") if isinstance(value, str) else value
    return tuple(str(part).strip().upper() for part in parts if str(part).strip())


def _number(value: Any) -> float | None:
    try:
        number = float(value if isinstance(value, (str, int, float)) else value[0])
    except (TypeError, ValueError, LookupError):
        return None
    return number if math.isfinite(number) else None


_NO_AGENT = {"none", "no", "n/a", "na", "n", "not", "0", "nein", "keine", "keines", "ohne", "sans", "sin", "non", "nil"}
_NO_AGENT |= {"without", "null", "unknown", "-", "pre", "nativ", "ninguno", "aucun", "kein", "w/o", "false"}


def _agent(values: list[Any]) -> str | None:
    """The agent that the fields name; empty when they are there and say none."""
    if not values:
        return None
    told = [text for value in values if (text := str(value or "").strip())]
    return next((text for text in told if text.lower().split()[0] not in _NO_AGENT), "")


def _dicom_agent(header: Dataset) -> str | None:
    values = [header.get(name) for name in ("ContrastBolusAgent", "ContrastBolusIngredient") if name in header]
    for item in header.get("ContrastBolusAgentSequence") or []:
        values.append(item.get("CodeMeaning") or item.get("CodeValue"))
    volume = _number(header.get("ContrastBolusVolume"))
    if volume:
        values.append(f"{volume:g} mL")
    return _agent(values)
