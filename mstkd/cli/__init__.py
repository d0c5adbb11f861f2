"""The command line, one file per group of commands; importing it imports no torch."""

from mstkd.cli import batch, cross_validation, data, evaluate, models, segment, series, training
from mstkd.cli.shared import app


def main() -> None:
    """Entry point of ``mstkd`` and ``python -m mstkd``."""
    app()


__all__ = ["batch", "cross_validation", "data", "evaluate", "main", "models", "segment", "series", "training"]
