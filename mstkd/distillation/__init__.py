"""The knowledge distillation of the paper (sections 2.2 to 2.5), one file per term.

Every term is a pure function of tensors, teacher first. Each is a mean over the batch, so
that several processes with a share of the batch each give what one with all of it gives.
"""

from mstkd.distillation.objective import Objective, Terms
from mstkd.distillation.style import Discriminator

__all__ = ["Discriminator", "Objective", "Terms"]
