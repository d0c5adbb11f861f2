"""A file appears whole, whoever else writes it."""

import os
import time

import pytest

from mstkd.files import whole_file, whole_folder


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


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    folder = tmp_path / "new" / "bundle"
    with pytest.raises(FileNotFoundError), whole_folder(folder) as draft:
        (draft / "half" / "file").touch()
    assert list(folder.parent.iterdir()) == []
    folder.mkdir()
    with whole_folder(folder) as draft:
        (draft / "part").mkdir()
        (draft / "part" / "file").write_text("whole")
        assert list(folder.iterdir()) == []
    assert list(folder.parent.iterdir()) == [folder]
    assert (folder / "part" / "file").read_text() == "whole"


def test_what_a_killed_export_left_is_removed_after_a_day(tmp_path):
    (tmp_path / ".bundle.1.part").mkdir()
    (tmp_path / ".bundle.1.part" / "half").touch()
    os.utime(tmp_path / ".bundle.1.part", (time.time() - 2 * 24 * 3600,) * 2)
    with whole_folder(tmp_path / "bundle"):
        pass
    assert list(tmp_path.iterdir()) == [tmp_path / "bundle"]
