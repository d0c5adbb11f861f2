"""The panel: hands what the user does to the logic, and shows what the logic says."""

from __future__ import annotations

import slicer
import vtk
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleWidget
from slicer.util import VTKObservationMixin

from MSTKDLib.PackagesView import PackagesView
from MSTKDLib.Translation import _
from MSTKDLib.Views import showInViews
from MSTKDLib.Words import LABELS

from .Controls import Situation, controls
from .ControlsView import showControls
from .InputsView import InputsView
from .LeavingNodes import LeavingNodes
from .ModelDialogs import ModelDialogs
from .ModelView import ModelView
from .Parameters import Parameters
from .ResultsView import ResultsView
from .Sample import loadSample
from .Sentences import expectationSentence
from .WishesView import WishesView

AFTER_SELECTORS = -100.0
"""Priority of an observer that is called after those of the node selectors."""


class SegmentWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The module's panel."""

    def __init__(self, parent=None) -> None:
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self._dialogs = ModelDialogs()
        self._parameters = None
        self._guiTag = None
        self._message, self._dismissed = "", ""
        self._shown = None

    def makeLogic(self):
        """The logic of the module; called once."""
        raise NotImplementedError  # the door's class says: the logic has the name that Slicer looks for

    def setup(self) -> None:
        """Build the panel; called once by Slicer."""
        ScriptedLoadableModuleWidget.setup(self)
        panel = slicer.util.loadUI(self.resourcePath("UI/MSTKDSegment.ui"))
        self.layout.addWidget(panel)
        self.ui = slicer.util.childWidgetVariables(panel)
        panel.setMRMLScene(slicer.mrmlScene)
        self.logic = self.makeLogic()
        self.logic.onChange = self._onLogicChange
        self._inputs = InputsView(self.ui, self._refresh, self._onTouched)
        self._models = ModelView(self.ui, self.logic, self._dialogs, self._try, self._refresh)
        self._packages = PackagesView(self.ui, self._dialogs, self._try)
        self._wishes = WishesView(self.ui, self._onReferenceChosen, self._refresh)
        self._results = ResultsView(self.ui, self._say)
        self._connect()
        self._packages.refresh()
        self._models.refresh()
        self.initializeParameterNode()
        self._refresh()

    def _connect(self) -> None:
        ui = self.ui
        ui.segmentButton.connect("clicked(bool)", lambda: self._onSegmentOrCancel())
        ui.recogniseButton.connect("clicked(bool)", lambda: self._inputs.recogniseAgain())
        ui.sampleButton.connect("clicked(bool)", lambda: self._onSample())
        slicer.app.connect("aboutToQuit()", self.logic.close)
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(scene, scene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(scene, scene.NodeAddedEvent, self._onNodeAdded)
        self.addObserver(scene, scene.StartImportEvent, self.onSceneStartImport)
        self.addObserver(scene, scene.EndImportEvent, self.onSceneEndImport, priority=AFTER_SELECTORS)
        self._leaving = LeavingNodes(lambda: self._parameters)

    def cleanup(self) -> None:
        """Called when the panel goes; nothing of it stays behind."""
        self._inputs.close()
        self.setParameterNode(None)
        self.removeObservers()
        self._leaving.removeObservers()
        slicer.app.disconnect("aboutToQuit()", self.logic.close)
        self.logic.onChange = None
        self.logic.close()

    def enter(self) -> None:
        """Called when the user opens the module."""
        self.initializeParameterNode()
        self._packages.refresh()
        self._models.refresh()
        self._inputs.fillEmpty()
        self._refresh()
        if not self._packages.missing and not slicer.app.testingEnabled():
            self.logic.warmUp()  # the first run need not wait for it

    def exit(self) -> None:
        """Called when the user opens another module; a run goes on."""
        self._inputs.fillNoMore()

    def onSceneStartClose(self, caller, event) -> None:
        """The scene's nodes are about to go, also those a run works with."""
        self.logic.cancel()
        self._inputs.fillNoMore()
        self.setParameterNode(None)

    def onSceneEndClose(self, caller, event) -> None:
        """A new scene: everything in it starts afresh."""
        self._inputs.forgetTouches()
        self._message, self._dismissed = "", self.logic.message
        self.initializeParameterNode()
        self._refresh()

    def onSceneStartImport(self, caller, event) -> None:
        """The selectors take no nodes until the import is over; what they lack must not be stored."""
        self.setParameterNode(None)

    def onSceneEndImport(self, caller, event) -> None:
        """Show what was loaded."""
        self.initializeParameterNode()
        self._onLogicChange()

    def initializeParameterNode(self) -> None:
        """Use the scene's own parameter node."""
        if self._parameters is None:
            self.setParameterNode(Parameters(self.logic.getParameterNode()))

    def setParameterNode(self, parameters: Parameters | None) -> None:
        """Connect the panel to what the scene keeps; None disconnects it."""
        if self._parameters is not None:
            self._parameters.disconnectGui(self._guiTag)
            self.removeObserver(self._parameters, vtk.vtkCommand.ModifiedEvent, self._onParametersModified)
        self._parameters = parameters
        if parameters is not None:
            named = {widget.property("SlicerParameterName"): widget for widget in vars(self.ui).values()}
            named.pop(None, None)
            # connectGui would do the same, but gives no tag back, so that nothing could be undone
            self._guiTag = parameters.connectParametersToGui(named)
            self.addObserver(parameters, vtk.vtkCommand.ModifiedEvent, self._onParametersModified)
            self._onParametersModified()

    def _onParametersModified(self, caller=None, event=None) -> None:
        self._inputs.touched = set(self._parameters.touched.split())
        self._wishes.showReference(self._parameters.reference)
        self._results.show(self._parameters.result)
        self._refresh()

    def onReload(self) -> None:
        """Reload the library too, not only the module's file."""
        import sys

        for name in [name for name in sys.modules if name.split(".")[0] in (__package__, "MSTKDLib")]:
            del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _onNodeAdded(self, caller, event, node) -> None:
        if self.parent.isEntered and node.IsA("vtkMRMLScalarVolumeNode"):
            self._inputs.fillSoon()

    def _onTouched(self, names: str) -> None:
        if self._parameters is not None:
            self._parameters.touched = names

    def _onReferenceChosen(self, reference: str) -> None:
        self._parameters.reference = reference

    def _onSegmentOrCancel(self) -> None:
        if self.logic.state.busy:
            self.logic.cancel()
            return
        if not self._models.agreed():
            self._say(_("The model is used only under its licence; agree to it or choose another model."))
            return
        self._try(
            lambda: self.logic.segment(
                self._inputs.chosen,
                **self._wishes.wishes(self._parameters),
                model=self._models.model.folder,
                device=self._models.device,
                waitForCompletion=False,
            )
        )

    def _onLogicChange(self) -> None:
        if self.logic.state.busy:
            self._dismissed = ""  # the run's own message may be the same again
        result = self.logic.result
        new = result is not None and result is not self._shown
        if new and not self.logic.state.busy and self._parameters is not None:
            self._shown = result
            self._onResult(result)
        self._refresh()

    def _onResult(self, result) -> None:
        self._models.rememberDuration(result.seconds)
        self._results.keep(result)
        self._parameters.result = result.segmentation
        self._parameters.output = None  # else the next patient's would replace it
        self._results.show(result.segmentation)  # also when it is the same node as before
        showInViews(result, list(self._inputs.chosen.values()))

    def _onSample(self) -> None:
        self._try(lambda: self._inputs.choose(dict(zip(LABELS, loadSample(), strict=True))))

    def _say(self, message: str) -> None:
        self._message = message
        self._refresh()

    def _try(self, work) -> None:
        """Do it; a refusal becomes the message, and the panel goes on."""
        from mstkd.errors import InputError

        self._message = ""
        try:
            work()
        except (InputError, OSError, RuntimeError) as error:  # the logic's EngineError is a RuntimeError
            self._message = str(error)
        self._packages.refresh()
        self._models.refresh()
        self._refresh()

    def _situation(self) -> Situation:
        model = self._models.model
        return Situation(
            chosen={name: node.GetID() for name, node in self._inputs.chosen.items()},
            mixed=self._inputs.mixed,
            reference=self._parameters.reference if self._parameters is not None else "",
            missingPackages=self._packages.missing,
            model=model.label if model else "",
            removable=model is not None and not model.shipped,
            device=self._models.deviceSentence(),
            report=self._wishes.reportFolder,
            share=self.logic.share,
            text=self.logic.text,
            message=self._message or ("" if self.logic.message == self._dismissed else self.logic.message),
        )

    def _refresh(self) -> None:
        """Show everything anew from what is known."""
        ui, situation = self.ui, self._situation()
        shown = controls(self.logic.state, situation)
        showControls(ui, shown)
        self._inputs.setEnabled(shown.inputsEnabled)
        ui.expectationLabel.text = expectationSentence(situation.chosen, self._models.expectedDice(situation.chosen))
