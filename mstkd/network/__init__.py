"""The network of the paper (section 2.1): encoder, multi-scale transformer, decoder."""

from mstkd.network.architecture import PRESETS, Architecture
from mstkd.network.enhancement import EnhancementWithout
from mstkd.network.mst_kdnet import MSTKDNet, Taps

__all__ = ["PRESETS", "Architecture", "EnhancementWithout", "MSTKDNet", "Taps"]
