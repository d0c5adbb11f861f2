"""Rigid co-registration of a patient's sequences to the reference."""

from mstkd.preprocessing.alignment.alignment import Alignment, Verdict, align, align_all, apply

__all__ = ["Alignment", "Verdict", "align", "align_all", "apply"]
