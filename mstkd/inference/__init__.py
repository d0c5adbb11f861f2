"""From prepared images to a label map: the network's passes, clean-up and results."""

from mstkd.inference.device import choose_device
from mstkd.inference.predictor import predict
from mstkd.inference.segment import Segmentation, segment

__all__ = ["Segmentation", "choose_device", "predict", "segment"]
