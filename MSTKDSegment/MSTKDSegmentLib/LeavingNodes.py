"""Nodes that leave the scene: what was chosen and is gone stays empty."""

from __future__ import annotations

from collections.abc import Callable

import slicer
import vtk
from slicer.util import VTKObservationMixin

from .Parameters import NODES, Parameters

BEFORE_SELECTORS = 100.0
"""Priority of an observer that is called before those of the node selectors."""


class LeavingNodes(VTKObservationMixin):
    """Empties the parameters whose node is deleted.

    A node selector goes on to the next node when its own goes, and tells it like a choice of the user.

    Args:
        parameters: Gives the panel's parameters; None while it has none.
    """

    def __init__(self, parameters: Callable[[], Parameters | None]) -> None:
        VTKObservationMixin.__init__(self)
        self._parameters = parameters
        self._held: dict = {}
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.NodeAboutToBeRemovedEvent, self._onLeaving, priority=BEFORE_SELECTORS)
        self.addObserver(scene, scene.NodeRemovedEvent, self._onLeft)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _onLeaving(self, caller, event, node) -> None:
        parameters = self._parameters()
        if parameters is not None:
            self._held[node] = [name for name in NODES if getattr(parameters, name) is node]

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _onLeft(self, caller, event, node) -> None:
        parameters = self._parameters()
        for name in self._held.pop(node, ()):
            if parameters is not None:
                setattr(parameters, name, None)
