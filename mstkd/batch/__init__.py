"""Many studies, one result folder each; what is finished is not done again.

Importing it needs only the standard library, so that Slicer's own process may; `run_study` imports
the engine when a study is segmented.
"""

from mstkd.batch.outcome import Outcome
from mstkd.batch.run import run_study
from mstkd.batch.studies import find_studies, ignored_files
from mstkd.batch.table import TABLE, write_table

__all__ = ["TABLE", "Outcome", "find_studies", "ignored_files", "run_study", "write_table"]
