"""What the module does, without its panel: volumes in, one segmentation out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from MSTKDLib.Engine import CancelledError, EngineError
from MSTKDLib.Segments import checkVoxels
from MSTKDLib.Session import Session
from MSTKDLib.Steps import Background, Steps, runToEnd
from MSTKDLib.Translation import _
from MSTKDLib.Volumes import prepareReading

from .Batch import folderSteps
from .Patient import Patient, Result, check, checkVolume, segmentSteps
from .States import State


class SegmentLogic:
    """Segments a glioma from up to four volume nodes of one scene; one run at a time.

    Example, in Slicer's Python console::

        logic = SegmentLogic()
        node = logic.segment({"flair": getNode("FLAIR"), "t1gd": getNode("T1Gd")})
        outcomes = logic.segmentFolder("/data/studies", "/data/results")
        logic.close()

    The engine's child process is kept for the next patient, until `close`.

    Attributes:
        state: What is being done.
        share: The finished share of the run, 0 to 1.
        text: One line on what is being done.
        message: The sentence that the last run failed with, else empty.
        result: What the last `segment` gave; None from the start of a run until it succeeded.
        onChange: Called, on the main thread, when any of these changed.
    """

    def __init__(self) -> None:
        prepareReading()
        self.state = State.IDLE
        self.share, self.text, self.message = 0.0, "", ""
        self.result: Result | None = None
        self.onChange: Callable[[], None] | None = None
        self._session = Session()
        self._background: Background | None = None
        self._warming: Background | None = None

    @property
    def summary(self) -> dict | None:
        """The engine's report on the last patient: volumes in mL, diameters, missing sequences, warnings."""
        return self.result.summary if self.result else None

    @property
    def device(self) -> dict | None:
        """What the engine computes on, once it has said so: device, device_name, threads, versions."""
        return self._session.device

    def segment(
        self,
        volumes: dict,
        *,
        reference: str | None = None,
        align: bool = True,
        brainMask=None,
        output=None,
        report: Path | str | None = None,
        model: Path | str | None = None,
        device: str = "auto",
        waitForCompletion: bool = True,
    ):
        """Segment one patient; returns the segmentation node with segments WT, TC and ET.

        The engine runs in a child process. The scene is changed only if it succeeds.

        Args:
            volumes: Sequence name ("flair", "t1", "t1gd", "t2") to scalar volume node;
                any non-empty subset.
            reference: Whose grid carries the result; None takes T1Gd, else FLAIR, T1, T2.
            align: Whether volumes that moved against the reference are brought onto it, for
                the segmentation only; the nodes stay where they are.
            brainMask: A volume node with your own brain mask; None lets the engine find the brain.
            output: A segmentation node whose segments are replaced; None adds a new one.
            report: A folder for the report on this patient (``report.html``); None writes none.
            model: A model package; None takes the default one.
            device: "auto", "cpu" or "cuda".
            waitForCompletion: False returns None at once: follow `state` and `result` through `onChange`.

        Raises:
            EngineError: One sentence on what is wrong and what to do. Without waiting, what is
                found later ends in state FAILED with the sentence in `message`.
        """
        given = {name: node for name, node in volumes.items() if node is not None}
        check(given)
        if brainMask is not None:
            checkVolume("brainMask", brainMask)
        if output is not None:
            checkVoxels(output)
        if reference is not None and reference not in given:
            raise EngineError(
                _("The reference '{reference}' is none of the volumes given; choose one of {names}.").format(
                    reference=reference, names=", ".join(given)
                )
            )
        self.result = None
        patient = Patient(given, reference, align, brainMask, output, _absolute(report), _absolute(model), device)
        return self._run(segmentSteps(patient, self._session, self._say), waitForCompletion, self._keep)

    def segmentFolder(
        self,
        inputFolder: Path | str,
        outputFolder: Path | str,
        *,
        align: bool = True,
        model: Path | str | None = None,
        device: str = "auto",
        waitForCompletion: bool = True,
    ):
        """Segment every study of a folder, each sub-folder being one, without the scene.

        Each gets a folder of results; ``results.csv`` in the output folder has one row for each.
        What is finished is skipped when called again, recognised by its content. A study that
        fails never stops the rest.

        Returns:
            The outcomes in the order of the studies: ``study``, ``status`` ("done", "skipped",
            "failed"), ``message``, ``summary``; None without waiting.

        Raises:
            EngineError: No studies, or the engine cannot be started.
        """
        wishes = {"model": _absolute(model), "device": device, "align": align}
        steps = folderSteps(Path(inputFolder), Path(outputFolder).resolve(), wishes, self._session, self._say)
        return self._run(steps, waitForCompletion, lambda outcomes: outcomes)

    def stageModel(self, source: str, sha256: str | None, onDone: Callable[[dict], None]) -> None:
        """Fetch and verify a model package in the background; nothing is installed yet.

        Args:
            onDone: Called with ``staged`` (its folder) and ``card``; see `mstkd.store`.
        """
        request = {"task": "stage_model", "source": source, "sha256": sha256}
        self._run(self._asked(request), False, onDone)

    def cancel(self) -> None:
        """Stop the run; within about a second the engine's processes are gone and the state is IDLE."""
        if self.state.busy:
            self._session.cancelRequested = True
            self._say(State.CANCELLING, self.share, _("Cancelling"))

    def warmUp(self) -> None:
        """Start the engine in the background, so that the first run need not wait for it."""
        if self._warming is None and not self.state.busy and not self._session.running:
            self._warming = Background(self._session.warmUp(), self._warmed)

    def close(self) -> None:
        """End the run, the engine and every timer at once; temporary files are gone."""
        self._session.cancelRequested = self.state.busy
        self._session.close()  # first: Windows deletes no file that is still open
        for work in filter(None, (self._background, self._warming)):
            work.stop()
        self._background = self._warming = None
        if self.state.busy:
            self._finish(State.IDLE, "")

    def _asked(self, request: dict[str, object]) -> Steps:
        answer = yield from self._session.ask(request, lambda share, text: self._say(State.RUNNING, share, text))
        return answer

    def _run(self, steps: Steps, wait: bool, keep: Callable[[Any], Any]):
        """Start a run; `keep` takes its value to what the caller gets."""
        if self.state.busy:
            raise EngineError(_("A segmentation is running; wait for it or cancel it."))
        if self._warming is not None:  # both would read the worker's answers
            self._warming.stop()
            self._warming = None
        self._session.cancelRequested = False
        self.message = ""
        self._say(State.PREPARING, 0.0, _("Preparing"))

        def end(value: Any, error: Exception | None) -> Any:
            self._background = None
            failed = error is not None and not isinstance(error, CancelledError)
            try:
                return keep(value) if error is None else None
            finally:
                self._finish(State.FAILED if failed else State.IDLE, _sentence(error) if error else "")

        if not wait:
            self._background = Background(steps, end)
            return None
        try:
            value = runToEnd(steps)
        except BaseException as error:
            end(None, error if isinstance(error, Exception) else CancelledError())
            if not isinstance(error, Exception):  # Ctrl-C in a script: no process may be left
                self._session.close()
            raise
        return end(value, None)

    def _keep(self, result: Result):
        self.result = result
        return result.segmentation

    def _warmed(self, _value: Any, _error: Exception | None) -> None:
        self._warming = None
        self._changed()

    def _say(self, state: State, share: float, text: str) -> None:
        cancelling = self._session.cancelRequested
        self.state, self.share, self.text = State.CANCELLING if cancelling else state, share, text
        self._changed()

    def _finish(self, state: State, message: str) -> None:
        self.state, self.share, self.text, self.message = state, 0.0, "", message
        self._changed()

    def _changed(self) -> None:
        if self.onChange is not None:
            self.onChange()


def _absolute(path: Path | str | None) -> str | None:
    """The engine works in a folder of its own."""
    return str(Path(path).resolve()) if path else None


def _sentence(error: Exception) -> str:
    if isinstance(error, EngineError):
        return str(error)
    logging.error("MSTKDSegment failed", exc_info=error)
    return _("The module failed ({kind}: {reason}); please report it.").format(kind=type(error).__name__, reason=error)
