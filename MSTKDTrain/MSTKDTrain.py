"""The door of the module: metadata for Slicer, and its widget, logic and self-test by the names Slicer looks for.

The work is done in MSTKDTrainLib.
"""

from MSTKDTrainLib import SelfTest, TrainLogic
from MSTKDTrainLib.Widget import TrainWidget
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import ScriptedLoadableModule, ScriptedLoadableModuleLogic

DOCUMENTATION = "https://github.com/SlicerMSTKD/SlicerBrainTumorMSTKD#readme"


class MSTKDTrain(ScriptedLoadableModule):
    """Metadata shown in the module's help."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("Brain Tumor Training (MST-KDNet)")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        parent.dependencies = ["Segmentations", "Plots", "Tables"]
        parent.contributors = ["BrainTumorMSTKD contributors"]
        parent.helpText = _(
            "Trains the networks that segment gliomas from whichever of FLAIR, T1, T1Gd and T2 a patient has: choose "
            "data and settings, train, watch, install the model. A run goes on when Slicer is closed. Research use "
            'only, not for diagnosis or treatment.<p><a href="{url}">Documentation and tutorial</a></p>'
        ).format(url=DOCUMENTATION)
        parent.acknowledgementText = _(
            "The method is MST-KDNet: Zhu S, Chen Y, et al., Bridging the Gap in Missing Modalities: Leveraging "
            "Knowledge Distillation and Style Matching for Brain Tumor Segmentation, MICCAI 2025. This is an "
            "independent implementation."
        )


class MSTKDTrainLogic(ScriptedLoadableModuleLogic, TrainLogic):
    """`TrainLogic` under the name that Slicer looks for."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleLogic.__init__(self, parent)
        TrainLogic.__init__(self)


class MSTKDTrainWidget(TrainWidget):
    """The panel under the name that Slicer looks for."""

    def makeLogic(self):
        """One logic for one panel."""
        return MSTKDTrainLogic()


class MSTKDTrainTest(SelfTest.TrainSelfTest):
    """The self-test under the name that Slicer looks for."""

    def makeLogic(self):
        """A logic of its own."""
        return MSTKDTrainLogic()
