"""Short questions to the engine's child process, one at a time, in the background."""

from __future__ import annotations

import logging
from collections.abc import Callable

from MSTKDLib.Engine import CancelledError, EngineError
from MSTKDLib.Session import Session
from MSTKDLib.Steps import Background, Steps, runToEnd
from MSTKDLib.Translation import _

LOOKS = ("describe_training", "check_config", "unpack_case")
"""Questions whose answers are had again in a moment."""


class Questions:
    """Asks `mstkd.worker`; the worker is kept for the next question, until `close`.

    Attributes:
        busy: Whether a question is under way.
        share: How much of it is done, 0 to 1.
        text: One line on what is being done.
        message: The sentence that the last question failed with, else empty.
        onChange: Called, on the main thread, when any of these changed.
    """

    def __init__(self) -> None:
        self.share, self.text, self.message = 0.0, "", ""
        self.onChange: Callable[[], None] | None = None
        self._session = Session()
        self._question: Background | None = None
        self._task = ""

    @property
    def busy(self) -> bool:
        return self._question is not None

    @property
    def isWorking(self) -> bool:
        """Whether a question is under way whose answer the user would miss."""
        return self.busy and self._task not in LOOKS

    def ask(self, request: dict, onDone: Callable[[dict], None]) -> None:
        """Ask; a refusal or failure ends in `message`, and `onDone` is not called.

        Args:
            request: See `mstkd.worker`.
            onDone: Called with the `done` event, when the next question may be asked.

        Raises:
            EngineError: A question is under way.
        """
        if self.busy:
            raise EngineError(_("The engine is busy ({text}); wait for it or cancel it.").format(text=self.text))
        self._session.cancelRequested = False
        self.message, self._task = "", request["task"]
        self._question = Background(self._steps(request), lambda answer, error: self._end(answer, error, onDone))
        self._progress(0.0, _("Asking the engine"))

    def answer(self, request: dict) -> dict:
        """Ask and wait for the `done` event; Slicer's windows stay alive meanwhile.

        Raises:
            EngineError: A question is under way, or the engine refuses or fails.
        """
        if self.busy:
            raise EngineError(_("The engine is busy ({text}); wait for it or cancel it.").format(text=self.text))
        self._session.cancelRequested = False
        return runToEnd(self._steps(request))

    def cancel(self) -> None:
        """Stop the question; within about a second the engine's processes are gone. Runs go on."""
        if self.busy:
            self._session.cancelRequested = True
            self._progress(self.share, _("Cancelling"))

    def close(self) -> None:
        """End the question and the worker at once; temporary files are gone. Runs go on."""
        self._session.close()  # first: Windows deletes no file that is still open
        if self._question is not None:
            self._question.stop()
            self._question = None

    def _steps(self, request: dict) -> Steps:
        answer = yield from self._session.ask(request, self._progress)
        return answer

    def _progress(self, share: float, text: str) -> None:
        self.share = share
        self.text = _("Cancelling") if self._session.cancelRequested else text
        self._changed()

    def _end(self, answer: dict | None, error: Exception | None, onDone: Callable[[dict], None]) -> None:
        self._question = None
        self.share, self.text = 0.0, ""
        try:
            if error is not None:
                raise error
            onDone(answer)
        except CancelledError:
            self.message = ""
        except (EngineError, OSError) as refusal:
            self.message = str(refusal)
        except Exception as failure:
            logging.exception("MSTKDTrain failed")
            self.message = _("The module failed ({kind}: {reason}); please report it.").format(
                kind=type(failure).__name__, reason=failure
            )
        self._changed()

    def _changed(self) -> None:
        if self.onChange is not None:
            self.onChange()
