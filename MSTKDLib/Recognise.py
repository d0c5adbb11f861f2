"""Which volumes of the scene are which sequences, and why; what is not told is asked, never guessed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .Preference import better
from .Translation import _
from .Volumes import isUncertainty
from .Witnesses import Reading, readVolume


@dataclass(frozen=True)
class Proposal:
    """What the scene offers for the four sequences.

    Attributes:
        chosen: ``flair``, ``t1``, ``t1gd``, ``t2`` to the volume node; a sequence that is
            missing or a person's choice has none.
        evidence: For each chosen one, a sentence on why.
        questions: Sentences on what a person has to choose.
    """

    chosen: dict[str, object]
    evidence: dict[str, str]
    questions: list[str]


def proposeVolumes(scene) -> Proposal:
    """The scene's volumes for the four sequences, as far as their names, headers and files tell.

    Looked at are scalar volumes with an image that the user sees; label maps, colour images
    and our uncertainties are none of the patient's sequences. Volumes of different patients
    or examinations are never mixed: of two volumes of one sequence the better is taken only
    when both are known to be of one examination.
    """
    from mstkd.modalities import CHANNELS

    readings = [readVolume(node) for node in _volumes(scene)]
    told = [reading for reading in readings if reading.recognition.modality or reading.recognition.candidates]
    mixed = mixedOrigins(told) or _besideDICOM(told)
    if mixed:
        return Proposal({}, {}, [mixed])
    chosen, evidence, questions, rivals = {}, {}, [], []
    for modality in CHANNELS:
        meant = [reading for reading in told if reading.recognition.modality is modality]
        late = [reading for reading in meant if _afterContrast(reading, told)]
        questions += [_lateQuestion(reading) for reading in late]
        fit = [reading for reading in meant if reading not in late]
        ranked = len(fit) < 2 or _sameExamination(fit)
        best = [one for one in fit if ranked and not any(better(other, one) for other in fit)]
        if len(best) == 1:
            chosen[modality.value] = best[0].node
            evidence[modality.value] = _chosenSentence(best[0], fit)
        elif fit:
            names = _(" or ").join(reading.name for reading in best or fit)
            rivals.append(_("{sequence}: {volumes}; choose.").format(sequence=modality.label, volumes=names))
    questions += rivals
    if len(rivals) > 1 and not _sameExamination(told):  # what is there once may be the other patient's
        return Proposal({}, {}, [_("Volumes of several patients may be loaded; choose one's."), *questions])
    doubtful = [reading for reading in told if reading.recognition.conflict]
    return Proposal(chosen, evidence, questions + [q for r in doubtful if (q := _doubtQuestion(r, chosen))])


def evidenceOf(node, name: str) -> str:
    """What speaks for or against a volume that the user chose for a sequence; one sentence.

    Args:
        name: ``flair``, ``t1``, ``t1gd`` or ``t2``.
    """
    from mstkd.modalities import Modality

    recognition, sequence = readVolume(node).recognition, Modality(name).label
    if recognition.modality is Modality(name):
        return _("For {sequence} speaks: {because}.").format(sequence=sequence, because=recognition.because)
    if recognition.modality is not None:
        return _("Against {sequence} speaks: {because}, as of a {other}; check the choice.").format(
            sequence=sequence, because=recognition.because, other=recognition.modality.label
        )
    against = recognition.conflict or recognition.other
    if against:
        return _("{sequence} is in doubt: {against}; check the choice.").format(sequence=sequence, against=against)
    return _("Nothing in its name, header or file tells which sequence it is; {sequence} is your choice.").format(
        sequence=sequence
    )


def _volumes(scene) -> list:
    from mstkd.recognition import names_a_label_map

    nodes = scene.GetNodesByClass("vtkMRMLScalarVolumeNode")
    every = [nodes.GetItemAsObject(index) for index in range(nodes.GetNumberOfItems())]
    return [
        node
        for node in every
        if node.GetClassName() == "vtkMRMLScalarVolumeNode"  # not a label map or a vector volume, which derive from it
        and not node.GetHideFromEditors()
        and node.GetImageData() is not None
        and node.GetImageData().GetNumberOfScalarComponents() == 1
        and not isUncertainty(node)
        and not names_a_label_map(node.GetName())
    ]


def mixedOrigins(readings: Iterable[Reading]) -> str:
    """The question when volumes are of different patients or examinations; empty when none are known to be.

    Args:
        readings: As `Witnesses.readVolume` gives them.
    """
    readings = list(readings)
    studies = _("Volumes of different examinations are loaded: {groups}; choose one's.")
    return mixedPatients(readings) or _mixed(readings, lambda reading: reading.study, studies)


def mixedPatients(readings: Iterable[Reading]) -> str:
    """The sentence when volumes are known to be of different patients; else empty."""
    patients = _("These volumes are of different patients: {groups}; choose those of one.")
    return _mixed(readings, lambda reading: reading.patient, patients)


def _mixed(readings: Iterable[Reading], origin: Callable[[Reading], str], sentence: str) -> str:
    groups: dict[str, list[str]] = {}
    for reading in readings:
        if origin(reading):
            groups.setdefault(origin(reading), []).append(reading.name)
    if len(groups) < 2:
        return ""
    return sentence.format(groups=_(" and ").join(", ".join(names) for names in groups.values()))


def _besideDICOM(readings: Sequence[Reading]) -> str:
    """The question when volumes of known patients lie beside others; empty when there are not both."""
    known = [reading.name for reading in readings if reading.patient or reading.study]
    others = [reading.name for reading in readings if not (reading.patient or reading.study)]
    if not known or not others:
        return ""
    return _("{others} may be of another patient than {known} from DICOM; choose yourself.").format(
        others=", ".join(others), known=", ".join(known)
    )


def _sameExamination(readings: Sequence[Reading]) -> bool:
    """Whether the volumes are known to be of one patient's one examination."""
    origins = {(reading.patient, reading.study) for reading in readings}
    return len(origins) == 1 and all(*origins)


def _afterContrast(reading: Reading, others: Sequence[Reading]) -> bool:
    """Whether a T1 was acquired after a T1Gd, so that it has contrast though nothing says so."""
    from mstkd.modalities import Modality

    return reading.recognition.modality is Modality.T1 and any(
        other.recognition.modality is Modality.T1GD
        and len(other.acquired) == len(reading.acquired)  # a time alone tells nothing beside a date
        and reading.acquired > other.acquired
        for other in others
    )


def _lateQuestion(reading: Reading) -> str:
    return _("{volume} looks like a T1 but was acquired after the contrast agent was given; choose yourself.").format(
        volume=reading.name
    )


def _doubtQuestion(reading: Reading, chosen: dict) -> str:
    """The question on a volume in doubt; empty when what it may be is there anyway."""
    possible = [m.label for m in reading.recognition.candidates if m.value not in chosen]
    if not possible:
        return ""
    return _("{volume} may be the missing {sequences}: {conflict}; choose yourself.").format(
        volume=reading.name, sequences=_(" or ").join(possible), conflict=reading.recognition.conflict
    )


def _chosenSentence(reading: Reading, fit: Sequence[Reading]) -> str:
    sentence = evidenceOf(reading.node, reading.recognition.modality.value)
    for other in fit:
        if other is not reading:
            sentence += " " + _("Taken rather than {volume}, because {reason}.").format(
                volume=other.name, reason=better(reading, other)
            )
    return sentence
