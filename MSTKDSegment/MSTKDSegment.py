"""The door of the module: metadata for Slicer, and its logic.

The work is done in MSTKDSegmentLib, which runs in Slicer's Python console and, without
Qt, on the slicer-core wheel.
"""

from MSTKDSegmentLib import SegmentLogic
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import ScriptedLoadableModule, ScriptedLoadableModuleLogic


class MSTKDSegment(ScriptedLoadableModule):
    """Metadata shown in the module's help."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("Brain Tumor Segmentation (MST-KDNet)")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        parent.contributors = ["BrainTumorMSTKD contributors"]
        parent.helpText = _(
            "Segments gliomas (whole tumour, tumour core, enhancing tumour) from whichever of FLAIR, T1, T1Gd and T2 "
            "a patient has. Research use only, not for diagnosis or treatment."
        )
        parent.acknowledgementText = _(
            "The method is MST-KDNet: Zhu et al., Bridging the Gap in Missing Modalities, MICCAI 2025."
        )
        # The logic is for the Python console; a module without a panel stays out of the menu.
        parent.hidden = True


class MSTKDSegmentLogic(ScriptedLoadableModuleLogic, SegmentLogic):
    """`SegmentLogic` under the name that Slicer looks for."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleLogic.__init__(self, parent)
        SegmentLogic.__init__(self)
