"""Questions to the engine and its answers; the worker is kept for the next question."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator

from .Engine import CancelledError, EngineError
from .Translation import _
from .Worker import WorkerProcess, startWorker

Progress = Callable[[float, str], None]
SILENT_SECONDS = 120
"""A worker that works gives a sign of life every few seconds."""
CANCEL_SECONDS = 1.0
"""How long a worker may take to stop by itself before its processes are ended."""


class EngineStartError(EngineError):
    """The worker ended before it was ready, as it would for every other patient."""


class Session:
    """The engine as one sees it from Slicer: asked one thing at a time.

    Attributes:
        cancelRequested: Set from outside; the question under way then ends in CancelledError.
        device: What the worker computes on (its `ready` event), once known.
    """

    def __init__(self) -> None:
        self.cancelRequested = False
        self.device: dict | None = None
        self._worker: WorkerProcess | None = None

    @property
    def running(self) -> bool:
        """Whether there is a worker process."""
        return self._worker is not None and self._worker.running

    def start(self) -> WorkerProcess:
        """The worker; a new one where there is none, or the last one has died.

        Raises:
            EngineError: It cannot be started.
        """
        if self._worker is not None and not self._worker.running:
            self.close()
        if self._worker is None:
            self._worker = startWorker()
        return self._worker

    def warmUp(self) -> Generator[None, None, None]:
        """Start the worker and wait until it is ready; if it dies, the next question says why."""
        worker = self.start()
        while worker is self._worker and worker.running and worker.ready is None:
            worker.events()
            self.device = worker.ready
            yield

    def ask(self, request: dict[str, object], progress: Progress) -> Generator[None, None, dict]:
        """Ask and wait for the answer, step by step; returns the `done` event.

        Raises:
            CancelledError: As was wished; no process is left.
            EngineError: The worker refused the request, died or hung; one sentence.
        """
        worker = self.start()
        worker.send(request)
        try:
            answer = yield from self._answer(worker, progress)
        except BaseException:  # what is still to come must never be taken for the next question's answer
            self.close()
            raise
        if answer["event"] == "error":
            raise EngineError(answer["message"])
        return answer

    def _answer(self, worker: WorkerProcess, progress: Progress) -> Generator[None, None, dict]:
        """The event that ends the question: `done` or `error`."""
        if worker.ready is None:
            progress(0.0, _("Starting the engine"))
        while True:
            if worker is not self._worker:  # closed meanwhile
                raise CancelledError
            if self.cancelRequested:
                yield from self._stop(worker)
            running = worker.running  # before reading: what a dying worker said last is not missed
            for event in worker.events():
                if event["event"] == "progress":
                    progress(event["share"], event["text"])
                elif event["event"] in ("done", "error"):
                    return event
            self.device = worker.ready or self.device
            if not running:
                self._explainDeath(worker)
            if worker.silence > SILENT_SECONDS:
                raise EngineError(
                    _("The engine gave no sign of life for {seconds} s and was ended; try again.").format(
                        seconds=SILENT_SECONDS
                    )
                )
            yield

    def close(self) -> None:
        """End the worker and all its processes."""
        if self._worker is not None:
            worker, self._worker = self._worker, None
            worker.end()

    def _stop(self, worker: WorkerProcess) -> Generator[None, None, None]:
        worker.send({"task": "cancel"})
        patience = time.monotonic() + CANCEL_SECONDS
        while worker.running and time.monotonic() < patience:
            yield
        raise CancelledError

    def _explainDeath(self, worker: WorkerProcess) -> None:
        kind = EngineError if worker.ready else EngineStartError
        raise kind(worker.explainEnd())
