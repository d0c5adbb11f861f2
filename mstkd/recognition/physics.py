"""What TR, TE, TI and the kind of echo say about an image's contrast.

The bounds are wide on purpose: between them nothing is said. They cover 1.5 and 3 T, 2D
and 3D protocols of the consensus brain tumour protocol (Ellingson et al., Neuro-Oncology
2015, doi:10.1093/neuonc/nov095) and the scanners' defaults. Times are in ms.
"""

from __future__ import annotations

from collections.abc import Iterable

from mstkd.recognition.acquisition import AcquisitionParameters
from mstkd.recognition.names import Weighting

# Of a spin echo
FLAIR_TI, FLAIR_TE, FLAIR_TR = 1400, 60, 6000
STIR_TI = (80, 300)
T1_TI = (300, 1300)
T1_TR, T1_TE = 1300, 35
T1_INVERTED_TR = 4000
LONG_TR = 1800
T2_TE = 65
PD_TE = 40
# Of a gradient echo
T1_ECHO = 9
T2STAR_ECHO = 12

_IMAGE_TYPES = {
    "diffusion": {"DIFFUSION", "ADC", "TRACEW", "TRACE", "FA", "EADC", "TENSOR", "B0_MAP"},
    "perfusion": {"PERFUSION", "ASL", "CBF", "CBV", "RCBV", "RCBF", "MTT", "TTP", "TMAX", "PBP", "GBP", "RELCBF"},
    "a phase image": {"P", "PHASE", "PHASE MAP", "VELOCITY MAP", "PHASE_MAP"},
    "a projection": {
        *("PROJECTION IMAGE", "MIP", "MNIP", "MINIP", "MIP_SAG", "MIP_COR", "MIP_TRA"),
        *("MAX_IP", "MIN_IP", "MAX IP", "MIN IP"),
    },
    "a subtraction": {"SUBTRACTION", "SUBTRACT", "SUB"},
    "a localiser": {"LOCALIZER"},
    "a quantitative map": {
        *("T1 MAP", "T2 MAP", "T1_MAP", "T2_MAP", "R2_STAR_MAP", "T2_STAR_MAP", "R2STAR MAP", "PROTON DENSITY MAP")
    },
    "susceptibility-weighted": {"SWI", "SWM", "SUSCEPTIBILITY"},
    "a fat image": {"FAT", "FAT_ONLY", "F"},
    "functional MRI": {"FMRI", "MOCO_FMRI", "BOLD"},
    "spectroscopy": {"SPECTROSCOPY"},
    "angiography": {"TOF", "PHASE_CONTRAST", "ANGIO"},
    "a picture for a report": {"SCREEN SAVE", "SCREENSHOT", "RGB"},
}
REFORMATS = {"MPR", "REFORMATTED", "RFMT", "CSA MPR", "CSAPARALLEL", "MPR_CURVED", "RESAMPLED"}


def other_kind(parameters: AcquisitionParameters) -> str:
    """Which other kind of series the header itself declares, with the field that says so; empty when none."""
    if parameters.modality and parameters.modality != "MR":
        return f"its header says it is of the modality {parameters.modality}, not MR"
    for kind, words in _IMAGE_TYPES.items():
        for word in parameters.image_type:
            if word in words:
                return f"its header's image type {word} is {kind}"
    if parameters.b_value:
        return f"its b-value of {parameters.b_value:g} s/mm2 is diffusion"
    if "EP" in parameters.scanning:
        return "it is an echo-planar series (diffusion, perfusion or functional MRI)"
    return ""


def is_reformat(image_type: Iterable[str]) -> bool:
    return any(word in REFORMATS for word in image_type)


def weightings(parameters: AcquisitionParameters) -> frozenset[Weighting]:
    """The contrasts that the times may stand for; none when they say nothing or are not all there."""
    tr, te, ti = parameters.repetition_ms, parameters.echo_ms, parameters.inversion_ms
    flags = {*parameters.scanning, *parameters.variant}
    found: set[Weighting] = set()
    if tr is None or te is None:
        return frozenset()
    if "GR" in parameters.scanning and "SE" not in parameters.scanning:
        found = _gradient_echo(te, inverted=ti is not None or not flags.isdisjoint({"IR", "MP"}))
    elif not flags.isdisjoint({"SE", "IR"}) and ti is not None:
        found = _inversion_recovery(tr, te, ti)
    elif "IR" in flags:
        found = {Weighting.FLAIR, Weighting.STIR} if te >= FLAIR_TE else set()
    elif "SE" in flags and parameters.b_value is None:  # with one, it may be the b0 image of a diffusion series
        found = _spin_echo(tr, te)
    return frozenset(found)


def _gradient_echo(te: float, inverted: bool) -> set[Weighting]:
    if te >= T2STAR_ECHO:
        return {Weighting.T2STAR}
    # Without inversion it may also be a localiser or an angiography.
    return {Weighting.T1} if inverted and te <= T1_ECHO else set()


def _inversion_recovery(tr: float, te: float, ti: float) -> set[Weighting]:
    if ti >= FLAIR_TI and te >= FLAIR_TE:
        return {Weighting.FLAIR}
    if STIR_TI[0] <= ti < STIR_TI[1] and tr >= LONG_TR:
        return {Weighting.STIR}
    return {Weighting.T1} if T1_TI[0] <= ti <= T1_TI[1] and te <= T1_TE and tr <= T1_INVERTED_TR else set()


def _spin_echo(tr: float, te: float) -> set[Weighting]:
    if tr <= T1_TR and te <= T1_TE:
        return {Weighting.T1}
    if tr >= FLAIR_TR and te >= T2_TE:  # some headers of a FLAIR lack its TI
        return {Weighting.T2, Weighting.FLAIR}
    if tr >= LONG_TR and te >= T2_TE:
        return {Weighting.T2}
    return {Weighting.PD} if tr >= LONG_TR and te <= PD_TE else set()


def times(parameters: AcquisitionParameters) -> str:
    """``TR 9000, TE 120 and TI 2500 ms``."""
    named = [("TR", parameters.repetition_ms), ("TE", parameters.echo_ms), ("TI", parameters.inversion_ms)]
    parts = [f"{name} {value:.4g}" for name, value in named if value is not None]
    return f"{', '.join(parts[:-1])} and {parts[-1]} ms"
