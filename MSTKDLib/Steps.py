"""Long work cut into short steps, so that Slicer stays usable.

The work is a generator: each step takes well under 100 ms, and the generator's return
value is the work's. A timer drives it in the background; a loop drives it when the
caller waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import Any

import slicer

Steps = Generator[None, None, Any]
INTERVAL_MS = 20


def runToEnd(steps: Steps) -> Any:
    """Drive the steps and wait; Slicer's windows stay alive meanwhile. Returns the work's value."""
    try:
        while True:
            next(steps)
            keepAlive()
            time.sleep(INTERVAL_MS / 1000)
    except StopIteration as end:
        return end.value
    finally:
        steps.close()


def keepAlive() -> None:
    """Let Slicer handle its events, where there is an application."""
    application = getattr(slicer, "app", None)
    if application is not None:
        application.processEvents()


class Background:
    """Drives steps from a timer.

    Args:
        steps: The work.
        onEnd: Called with the work's value and None, or with None and the exception that ended it.
    """

    def __init__(self, steps: Steps, onEnd: Callable[[Any, Exception | None], None]) -> None:
        import qt  # only where there is an application

        self._steps, self._onEnd = steps, onEnd
        self._timer = qt.QTimer()
        self._timer.setInterval(INTERVAL_MS)
        self._timer.connect("timeout()", self._step)
        self._timer.start()

    def stop(self) -> None:
        """Abandon the work: its `finally` clauses run, `onEnd` is not called."""
        self._timer.stop()
        self._timer.disconnect("timeout()", self._step)
        self._steps.close()

    def _step(self) -> None:
        try:
            next(self._steps)
        except StopIteration as end:
            self.stop()
            self._onEnd(end.value, None)
        except Exception as error:  # a slot's exception would only be printed, and the panel stuck
            self.stop()
            self._onEnd(None, error)
