"""Twenty studies through the module's batch, three of them broken; killed half way and started again."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from MSTKDSegmentLib import SegmentLogic
from synthetic_studies import write_studies, write_study

from MSTKDLib.Engine import EngineError

BROKEN = {"study_03", "study_09", "study_15"}
STUDIES = [f"study_{number:02d}" for number in range(20)]
BATCH = "import sys; from MSTKDSegmentLib import SegmentLogic; SegmentLogic().segmentFolder(sys.argv[1], sys.argv[2])"


def rows(results: Path) -> list[dict[str, str]]:
    with (results / "results.csv").open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def start_and_kill(studies: Path, results: Path, after: int) -> None:
    """Run the batch in a process of its own and kill that process when some studies are in the table."""
    path = os.pathsep.join(map(str, [Path(__file__).parents[1] / "MSTKDSegment", *filter(None, sys.path)]))
    batch = subprocess.Popen(
        [sys.executable, "-c", BATCH, str(studies), str(results)], env={**os.environ, "PYTHONPATH": path}
    )
    patience = time.monotonic() + 300
    while not ((results / "results.csv").exists() and len(rows(results)) >= after):
        assert batch.poll() is None
        assert time.monotonic() < patience
        time.sleep(0.05)
    workers = psutil.Process(batch.pid).children(recursive=True)
    batch.send_signal(signal.SIGKILL)
    batch.wait()
    gone, alive = psutil.wait_procs(workers, timeout=30)
    assert gone
    assert not alive  # the worker notices that nobody listens any more


def written(results: Path) -> dict[str, int]:
    return {path.parent.name: path.stat().st_mtime_ns for path in results.glob("*/labels.nii.gz")}


@pytest.fixture(scope="module")
def halfway(tmp_path_factory):
    """Studies and results of a batch that was killed half way."""
    folder = tmp_path_factory.mktemp("batch")
    write_studies(folder / "studies", len(STUDIES), broken=(3, 9, 15))
    start_and_kill(folder / "studies", folder / "results", after=10)
    return folder / "studies", folder / "results"


def test_a_killed_batch_does_exactly_what_is_missing_and_its_table_is_whole(halfway):
    studies, results = halfway
    before = written(results)
    assert 8 <= len(before) < 17
    said = []
    logic = SegmentLogic()
    logic.onChange = lambda: said.append((logic.share, logic.text))
    outcomes = logic.segmentFolder(studies, results)
    logic.close()

    assert [outcome.study for outcome in outcomes] == STUDIES
    assert {o.study for o in outcomes if o.status == "failed"} == BROKEN
    assert {o.study for o in outcomes if o.status == "skipped"} == set(before)
    after = written(results)
    assert after.keys() == set(STUDIES) - BROKEN
    assert {name: after[name] for name in before} == before

    table = rows(results)
    assert [row["study"] for row in table] == STUDIES
    for row, outcome in zip(table, outcomes, strict=True):
        assert row["status"] == ("failed" if outcome.status == "failed" else "done")
        if outcome.status == "failed":
            assert row["study"] in row["message"]
        else:
            assert float(row["WT_ml"]) == pytest.approx(outcome.summary["measurements"]["WT"]["ml"], abs=0.01)
    assert any(text.startswith("20 of 20, study_19") for _, text in said)


def test_a_renamed_study_is_known_by_its_content_and_a_changed_one_is_done_again(halfway):
    studies, results = halfway
    (studies / "study_00").rename(studies / "study_00_renamed")
    (studies / "study_01" / "t1.nii.gz").unlink()
    (studies / "study_01").rmdir()
    write_study(studies / "study_01", 31)  # the same sequence of another head
    logic = SegmentLogic()
    status = {outcome.study: outcome.status for outcome in logic.segmentFolder(studies, results)}
    logic.close()
    assert status["study_00_renamed"] == "skipped"
    assert status["study_01"] == "done"
    assert list(status.values()).count("done") == 1


def test_a_folder_without_studies_is_refused_in_words(tmp_path):
    with pytest.raises(EngineError, match="holds no"):
        SegmentLogic().segmentFolder(tmp_path, tmp_path / "out")
