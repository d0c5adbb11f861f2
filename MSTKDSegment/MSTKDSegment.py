"""The door of the module: metadata for Slicer, and its widget, logic and self-test by the names Slicer looks for.

The work is done in MSTKDSegmentLib.
"""

import slicer
from MSTKDSegmentLib import SegmentLogic, SelfTest
from MSTKDSegmentLib.Sample import registerSampleData
from MSTKDSegmentLib.Widget import SegmentWidget
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import ScriptedLoadableModule, ScriptedLoadableModuleLogic

DOCUMENTATION = "https://github.com/SlicerMSTKD/SlicerBrainTumorMSTKD#readme"


class MSTKDSegment(ScriptedLoadableModule):
    """Metadata shown in the module's help."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("Brain Tumor Segmentation (MST-KDNet)")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        parent.dependencies = ["Segmentations", "SampleData"]
        parent.contributors = ["BrainTumorMSTKD contributors"]
        parent.helpText = _(
            "Segments gliomas (whole tumour, tumour core, enhancing tumour) from whichever of FLAIR, T1, T1Gd and T2 "
            "a patient has. Research use only, not for diagnosis or treatment."
            '<p><a href="{url}">Documentation and tutorial</a></p>'
        ).format(url=DOCUMENTATION)
        parent.acknowledgementText = _(
            "The method is MST-KDNet: Zhu S, Chen Y, et al., Bridging the Gap in Missing Modalities: Leveraging "
            "Knowledge Distillation and Style Matching for Brain Tumor Segmentation, MICCAI 2025. This is an "
            "independent implementation. The sample patient is from BraTS 2021 (CC BY 4.0)."
        )
        slicer.app.connect("startupCompleted()", registerSampleData)


class MSTKDSegmentLogic(ScriptedLoadableModuleLogic, SegmentLogic):
    """`SegmentLogic` under the name that Slicer looks for."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleLogic.__init__(self, parent)
        SegmentLogic.__init__(self)


class MSTKDSegmentWidget(SegmentWidget):
    """The panel under the name that Slicer looks for."""

    def makeLogic(self):
        """One logic for one panel."""
        return MSTKDSegmentLogic()


class MSTKDSegmentTest(SelfTest.SegmentSelfTest):
    """The self-test under the name that Slicer looks for."""

    def makeLogic(self):
        """A logic of its own."""
        return MSTKDSegmentLogic()
