"""The brain mask of a patient: given, read off a skull-stripped image, or found in a whole head."""

from mstkd.preprocessing.brain.brain import Brain, Method
from mstkd.preprocessing.brain.find import available, extractors, find_brain, preferred
from mstkd.preprocessing.brain.given import place_brain_mask, read_brain_mask
from mstkd.preprocessing.brain.stripped import is_stripped

__all__ = [
    "Brain",
    "Method",
    "available",
    "extractors",
    "find_brain",
    "is_stripped",
    "place_brain_mask",
    "preferred",
    "read_brain_mask",
]
