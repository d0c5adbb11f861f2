"""How good a model is: Dice and HD95 on patients it never saw, per combination of sequences."""

from mstkd.evaluation.dice import dice, region_dice
from mstkd.evaluation.hausdorff import hd95

__all__ = ["dice", "hd95", "region_dice"]
