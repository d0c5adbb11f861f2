"""A file appears whole, whoever else writes it."""

import os
import time

from mstkd.files import whole_file


def test_two_writers_of_one_file_do_not_mix_their_drafts(tmp_path):
    path = tmp_path / "results.csv"
    with whole_file(path) as slow:
        slow.write_text("slow")
        with whole_file(path) as quick:
            quick.write_text("quick")
        assert path.read_text() == "quick"
    assert path.read_text() == "slow"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_writer_left_is_removed_after_a_day_and_no_other_file(tmp_path):
    kept = {tmp_path / ".a.csv.1.part", tmp_path / ".b.csv.1.part"}
    old = tmp_path / ".a.csv.2.part"
    for path in (*kept, old):
        path.touch()
    for path in (old, tmp_path / ".b.csv.1.part"):
        os.utime(path, (time.time() - 2 * 24 * 3600,) * 2)
    with whole_file(tmp_path / "a.csv") as draft:
        draft.touch()
    assert set(tmp_path.iterdir()) == {*kept, tmp_path / "a.csv"}
