"""The command line, one file per group of commands; importing it imports no torch."""

from mstkd.cli import data, evaluate, segment, series, training
from mstkd.cli.shared import app


def main() -> None:
    """Entry point of ``mstkd`` and ``python -m mstkd``."""
    app()


__all__ = ["data", "evaluate", "main", "segment", "series", "training"]
