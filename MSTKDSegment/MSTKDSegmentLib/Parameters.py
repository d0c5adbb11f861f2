"""What the panel keeps: in the scene what belongs to the patient, in the settings what belongs to the computer."""

from __future__ import annotations

from slicer import vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode, vtkMRMLVolumeNode
from slicer.parameterNodeWrapper import parameterNodeWrapper

from MSTKDLib.Memory import Memory


@parameterNodeWrapper
class Parameters:
    """Saved with the scene.

    Attributes:
        flair, t1, t1gd, t2: The chosen volumes; None where a sequence is missing.
        touched: Those of the four that the user set himself, also to none, separated by spaces.
        reference: The sequence whose voxels carry the result; empty lets the engine choose.
        align: Whether sequences that moved are brought onto the reference.
        brainMask: The user's own brain mask; None lets the engine find the brain.
        output: The segmentation to write into; None makes a new one.
        result: The segmentation whose measurements the panel shows.
    """

    flair: vtkMRMLScalarVolumeNode
    t1: vtkMRMLScalarVolumeNode
    t1gd: vtkMRMLScalarVolumeNode
    t2: vtkMRMLScalarVolumeNode
    touched: str = ""
    reference: str = ""
    align: bool = True
    brainMask: vtkMRMLVolumeNode
    output: vtkMRMLSegmentationNode
    result: vtkMRMLSegmentationNode


NODES = ("flair", "t1", "t1gd", "t2", "brainMask", "output", "result")
"""The parameters that are nodes."""

_MEMORY = Memory("MSTKDSegment")
remembered, remember = _MEMORY.remembered, _MEMORY.remember
"""Settings of this computer: the model, the device, the folder for reports, seconds of the last run."""
