"""Synthetic patients: random tumours and contrasts in anatomical label maps of real heads.

Everything is a pure function of a head and a random generator, on whatever device the head
lies. After SynthSeg (Billot et al., Medical Image Analysis 2023), which draws contrasts at
random from label maps; the tumours are ours.
"""

from mstkd.data.synthesis.draw import synthesise
from mstkd.data.synthesis.heads import Head, head_files, load_heads

__all__ = ["Head", "head_files", "load_heads", "synthesise"]
