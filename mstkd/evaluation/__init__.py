"""How good a model is: Dice on patients it never saw, per subset of sequences."""

from mstkd.evaluation.dice import dice, region_dice

__all__ = ["dice", "region_dice"]
