"""What a trainer says of itself: whole whatever it says, and the first failure first."""

import pytest

from mstkd.runs import RunState, read_journal, read_run
from mstkd.training.failures import failures_told
from mstkd.training.journal import Journal
from mstkd.training.status import Status


def test_a_record_has_its_length_whatever_it_says(tmp_path):
    (tmp_path / "config.yaml").touch()
    status = Status(tmp_path, "cpu")
    with status.alive():
        for message in ("short", "ü" * 9000, "\x01" * 9000, "\udcff"):
            status.tell(message=message)
            assert (tmp_path / "status.json").stat().st_size == 4096
            assert read_run(tmp_path).message[:3] == message[:3].replace("\udcff", "?")


def test_what_a_later_failure_says_does_not_hide_the_first(tmp_path):
    (tmp_path / "config.yaml").touch()
    first, other = Status(tmp_path, "cpu"), Status(tmp_path, "cpu", speaks=False)
    with first.alive(), other.alive():
        other.tell(state="running")
        assert read_run(tmp_path).state is RunState.PREPARING, "one process speaks for the run"
        first.tell(step=7, steps=9)
        other.fail("The memory was too small.")
        first.fail("The connection to a process was lost.")
    told = read_run(tmp_path)
    assert (told.message, told.step, told.steps) == ("The memory was too small.", 7, 9)


def test_the_journal_tells_the_first_failure_too(tmp_path):
    (tmp_path / "config.yaml").touch()
    first, other = Status(tmp_path, "cpu"), Status(tmp_path, "cpu", speaks=False)

    def fail():
        with first.alive(), failures_told(tmp_path, first, Journal(tmp_path)):
            other.fail("The memory was too small.")
            raise RuntimeError("connection closed by peer")

    with pytest.raises(RuntimeError, match="by peer"):
        fail()
    assert read_journal(tmp_path)[-1]["message"] == read_run(tmp_path).message == "The memory was too small."
