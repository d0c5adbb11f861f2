"""TEMPORARY"""

from pathlib import Path

import numpy as np

from mstkd.modalities import Modality
from mstkd.preprocessing.brain import deep_bet
from mstkd.preprocessing.brain.brain import Brain, Method
from mstkd.preprocessing.brain.stripped import is_stripped
from mstkd.preprocessing.volume import Volume


def preferred(present):
    for m in (Modality.T1GD, Modality.T1, Modality.T2, Modality.FLAIR):
        if m in present:
            return m


def find_brain(image, air, modality, method, device):
    if is_stripped(image, air):
        return Brain(image != air, Method.STRIPPED)
    from mstkd.preprocessing.grid import Grid

    v = Volume(image, np.diag([1.0, 1, 1, 1]), "x")
    return Brain(deep_bet.find(v, device), Method.DEEPBET)


def read_brain_mask(path, grid): ...
