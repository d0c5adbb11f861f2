"""Training runs as their folders tell of them: state, journal, curves, and what may be asked of a trainer.

Importing it needs only the standard library, so that Slicer's own process may. It reads; the
trainer (`mstkd.training`) writes, and alone.
"""

from mstkd.runs.asking import ask_pause, ask_resume, ask_stop
from mstkd.runs.curves import Curves
from mstkd.runs.journal import Event, JournalReader, read_journal, spent
from mstkd.runs.state import Run, RunState, list_runs, read_run
from mstkd.runs.watch import RunWatch

__all__ = [
    "Curves",
    "Event",
    "JournalReader",
    "Run",
    "RunState",
    "RunWatch",
    "ask_pause",
    "ask_resume",
    "ask_stop",
    "list_runs",
    "read_journal",
    "read_run",
    "spent",
]
