"""The engine's child process: `mstkd.worker`, JSON lines both ways."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

# A group of its own can be ended as a whole; on Windows, no console window either.
OWN_GROUP = (
    {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    if sys.platform == "win32"
    else {"start_new_session": True}
)
Progress = Callable[[float, str], None]


class EngineError(RuntimeError):
    """The engine refused the input or failed; the message is one sentence for a person."""


def engineFolder() -> Path:
    """The folder that holds the package `mstkd`: beside the modules, or a checkout's top folder."""
    here = Path(__file__).resolve()
    for folder in (here.parents[1], here.parents[2]):
        if (folder / "mstkd" / "worker").is_dir():
            return folder
    raise EngineError("The engine (mstkd) is not installed beside this module; reinstall the extension.")


def environment() -> dict[str, str]:
    """This process's environment with the engine on Python's path."""
    path = [str(engineFolder())] + [p for p in [os.environ.get("PYTHONPATH")] if p]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), "PYTHONUNBUFFERED": "1"}


def runEngine(request: dict[str, object], progress: Progress) -> dict:
    """Send one request to a fresh worker and wait; returns its `done` event.

    The child is ended when waiting is interrupted. What it says on standard error goes to
    a file, because an unread pipe would block it, and is quoted when it dies.

    Raises:
        EngineError: The worker refused the request, or ended without an answer.
    """
    python = shutil.which("PythonSlicer") or sys.executable
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints:
        process = subprocess.Popen(
            [python, "-u", "-m", "mstkd.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            encoding="utf-8",
            env=environment(),
            cwd=engineFolder(),  # `-m` looks in the working folder first
            **OWN_GROUP,
        )
        try:
            # Its input stays open: the worker takes the end of it for the end of its parent.
            process.stdin.write(json.dumps({"task": "segment", **request}) + "\n")
            process.stdin.flush()
            for line in process.stdout:
                answer = _parse(line)
                if answer.get("event") == "progress":
                    progress(answer["share"], answer["text"])
                elif answer.get("event") == "done":
                    return answer
                elif answer.get("event") == "error":
                    raise EngineError(answer["message"])
            code = process.wait()
            complaints.seek(0)
            lines = complaints.read().strip().splitlines()
            raise EngineError(explain(code, lines[-1] if lines else ""))
        except BrokenPipeError:
            raise EngineError("The engine ended before it took the request; check its installation.") from None
        finally:
            if process.poll() is None:
                endTree(process)
            process.stdout.close()
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            process.wait()


def endTree(process: subprocess.Popen) -> None:
    """End the process and all it started: PythonSlicer is a launcher, the interpreter is its child."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/PID", str(process.pid), "/T", "/F"], capture_output=True, check=False)
    else:
        os.killpg(process.pid, signal.SIGKILL)


def explain(code: int, lastLine: str) -> str:
    """One sentence on why a worker ended without an answer."""
    if code in (-9, 137):
        return "The engine was killed by the system, probably for lack of memory; close other programs and try again."
    if "No module named" in lastLine:
        return f"The engine cannot start ({lastLine}); install its Python packages."
    return f"The engine stopped with exit code {code} ({lastLine or 'no message'})."


def _parse(line: str) -> dict:
    try:
        answer = json.loads(line)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
