"""The layouts of the public data sets: from a folder or a list to the cases it names.

One file per layout, each with a function ``find``. ``known.py`` describes the sets with
one folder per case by data.
"""

from mstkd.data.layouts.entry import Entry, Finding
from mstkd.data.layouts.find import find_cases

__all__ = ["Entry", "Finding", "find_cases"]
