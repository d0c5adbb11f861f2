"""Which stack of a study is taken for which sequence, and why not another."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mstkd.dicom.folder import Study
from mstkd.dicom.ranking import better
from mstkd.dicom.stack import Stack
from mstkd.errors import InputError
from mstkd.modalities import CHANNELS, Modality, missing

_SECONDS = 14
"""Characters of a time to the second, ``YYYYMMDDHHMMSS``."""


@dataclass(frozen=True)
class Choice:
    """The stack for one sequence.

    Attributes:
        rejected: Other stacks of the sequence, each with the reason as a clause.
        tied: Stacks that are practically as good; then the choice is a person's, and
            ``stack`` is the one acquired last, since a repetition usually replaces a spoiled scan.
    """

    modality: Modality
    stack: Stack
    rejected: tuple[tuple[Stack, str], ...] = ()
    tied: tuple[Stack, ...] = ()

    @property
    def asked(self) -> bool:
        return bool(self.tied)

    @property
    def sentence(self) -> str:
        """``T1: series 5 't1_iso' (...): its description says 't1', rather than series 3 (...), because ...``"""
        start = f"{self.modality.label}: {self.stack.text}"
        if self.tied:
            others = " and ".join(stack.text for stack in self.tied)
            option = f"--{self.modality.value} {self.stack.key}"
            return f"{start} or {others}, which are practically equal; choose one, e.g. {option}."
        return f"{start}: {self.reason}."

    @property
    def reason(self) -> str:
        """Why this stack, one clause: what makes it the sequence, and what it was preferred to."""
        return ", ".join(filter(None, (self.stack.recognition.because, self._rather)))

    @property
    def _rather(self) -> str:
        return "; ".join(f"rather than {stack.text}, because {reason}" for stack, reason in self.rejected)


@dataclass(frozen=True)
class Proposal:
    """What a study offers for the four sequences.

    Attributes:
        choices: In channel order; a sequence without one is missing.
        doubtful: Usable stacks whose witnesses disagree on what they are.
        remarks: Sentences about what was left out though it may have been meant.
    """

    study: Study
    choices: tuple[Choice, ...]
    doubtful: tuple[Stack, ...]
    remarks: tuple[str, ...]

    def settled(self, named: Collection[Modality] = ()) -> dict[Modality, Stack]:
        """The stacks to use, but for the sequences that the user named.

        Raises InputError when there is none, or a choice is a person's: between equals, or
        what a stack is whose witnesses disagree, where it may be a missing sequence.
        """
        wanted = [choice for choice in self.choices if choice.modality not in named]
        for choice in wanted:
            if choice.asked:
                raise InputError(choice.sentence)
        if not wanted and not named:
            raise InputError(
                f"the study of {self.study.text} holds no usable FLAIR, T1, T1Gd or T2; see what it holds with "
                "'mstkd series', convert the right series and name the files, e.g. --flair FILE."
            )
        lacking = missing([*named, *(choice.modality for choice in wanted)])
        for stack in self.doubtful:
            possible = [m for m in lacking if m in stack.recognition.candidates]
            if possible:
                raise InputError(
                    f"{stack.text} may be the missing {' or '.join(m.label for m in possible)}: "
                    f"{stack.recognition.conflict}; name it, e.g. --{possible[0].value} {stack.key}, or move it away."
                )
        return {choice.modality: choice.stack for choice in wanted}


def propose(study: Study, taken: Collection[Stack] = ()) -> Proposal:
    """The best stack of each sequence, by `mstkd.dicom.ranking`.

    Args:
        taken: Stacks that the user named; they are nothing else.
    """
    stacks = [stack for stack in study.stacks if all(stack is not other for other in taken)]
    choices, remarks = [], []
    for modality in CHANNELS:
        meant = [stack for stack in stacks if stack.sequence is modality]
        unfit = [(stack, reason) for stack in meant if (reason := _unfit(stack, study))]
        fit = [stack for stack in meant if all(stack is not other for other, _ in unfit)]
        if fit:
            choices.append(_choose(modality, fit, unfit))
        else:
            remarks += [f"{modality.label} is not {stack.text}, because {reason}." for stack, reason in unfit]
    doubtful = tuple(stack for stack in stacks if stack.recognition.conflict and not stack.refusal)
    remarks += [f"{stack.text} is left out, because {stack.recognition.conflict}." for stack in doubtful]
    return Proposal(study, tuple(choices), doubtful, tuple(remarks))


def _choose(modality: Modality, fit: Sequence[Stack], unfit: Sequence[tuple[Stack, str]]) -> Choice:
    best = [stack for stack in fit if not any(better(other, stack) for other in fit)] or list(fit)
    stack = max(best, key=lambda s: (s.acquired, s.number, s.part, s.layout.frames[0].uid))
    tied = tuple(other for other in best if other is not stack)
    beaten = [other for other in fit if all(other is not one for one in best)]
    rejected = [(other, next(filter(None, (better(one, other) for one in [stack, *fit])))) for other in beaten]
    return Choice(modality, stack, (*rejected, *unfit), tied)


def _unfit(stack: Stack, study: Study) -> str:
    """Why a stack cannot serve at all, as a clause; empty when it can."""
    if stack.refusal:
        return f"it {stack.refusal.rstrip('.')}"
    enhanced = [other for other in study.stacks if other.sequence is Modality.T1GD and _after(stack, other)]
    if stack.sequence is Modality.T1 and enhanced:
        return f"it was acquired after {enhanced[0].name}, when the contrast agent was given"
    return ""


def _after(stack: Stack, other: Stack) -> bool:
    times = stack.acquired[:_SECONDS], other.acquired[:_SECONDS]
    return min(map(len, times)) == _SECONDS and times[0] > times[1]
