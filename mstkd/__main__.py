"""``python -m mstkd`` is the command ``mstkd``."""

from mstkd.cli import main

main()
