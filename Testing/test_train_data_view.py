"""The training module's data: checked on the user's wish, told in a table, questions answered in the panel."""

from types import SimpleNamespace

import data_sets
import pytest
from train_data_parts import AskedLogic, Attempts, engine_answer, plain_answer, plain_case

from mstkd.data.datalist import read_datalist
from mstkd.regions import CONVENTIONS
from MSTKDLib.Words import LABELS


@pytest.fixture
def opened(host, tmp_path):
    from MSTKDTrainLib.DataView import DataView

    logic, attempt, changes = AskedLogic(tmp_path / "runs"), Attempts(), []
    dialogs = SimpleNamespace(confirm=lambda question: True, folder=lambda title: "")
    view = DataView(logic, dialogs, attempt, lambda: changes.append(view.datalist))
    view.widget.show()
    yield SimpleNamespace(view=view, logic=logic, attempt=attempt, changes=changes, ui=view._ui, host=host)
    view.close()


def check(opened, path, answer=None):
    """What a user does: give a path, press Check, wait."""
    opened.ui.dataPathEdit.text = str(path)
    opened.view.refresh()
    opened.ui.dataCheckButton.click()
    answered(opened, answer)


def answered(opened, answer=None):
    request = opened.logic.asked[-1]
    opened.logic.answer(answer or engine_answer(request))
    opened.host.waitUntil(lambda: not opened.view._table.filling)


def rows(opened):
    table = opened.ui.dataTable
    return [[table.item(row, column).text() for column in range(table.columnCount)] for row in range(table.rowCount)]


def row_of(opened, name):
    return next(number for number, row in enumerate(rows(opened)) if row[0] == name)


def clinic(root, patients=10):
    """A clinic's own folder: nothing tells what its labels mean; one patient has no T2, one no segmentation."""
    for number in range(patients):
        data_sets.case(root / f"Clinic_{number}", labels=(1, 2, 3))
    (root / "Clinic_3" / "Clinic_3_t2.nii.gz").unlink()
    (root / "Clinic_5" / "Clinic_5_seg.nii.gz").unlink()
    return root


def test_a_known_data_set_is_checked_and_its_list_written_beside_the_runs(opened, tmp_path):
    for number in range(10):
        data_sets.case(tmp_path / "set" / f"BraTS2021_{number:05d}")
    check(opened, tmp_path / "set")
    assert opened.view.datalist.parent == tmp_path / "runs" / "datalists"
    assert len(read_datalist(opened.view.datalist)) == 10
    assert opened.changes[-1] == opened.view.datalist
    assert opened.view.datasets == ["BraTS2021"]
    assert opened.ui.dataSummaryLabel.text == (
        "10 patients, 10 usable; 7 train, 1 validate, 2 test; FLAIR in all, T1 in all, T1Gd in all, T2 in all."
    )
    assert [path.name for path in (tmp_path / "set").iterdir() if path.suffix == ".json"] == []


def test_the_table_tells_what_a_patient_lacks_and_what_is_wrong(opened, tmp_path):
    check(opened, clinic(tmp_path / "set"))
    table = {row[0]: row[1:] for row in rows(opened)}
    assert table["Clinic_0"][:5] == ["✓", "✓", "✓", "✓", "undecided"]
    assert table["Clinic_3"][:4] == ["✓", "✓", "✓", "-"]
    assert table["Clinic_5"][4:6] == ["no label map", "left out"]
    assert "no segmentation" in table["Clinic_5"][6]


def test_the_sentences_of_the_selected_patient_are_shown_in_full(opened):
    problem, remark = "t2.nii.gz is damaged; copy it again.", "seg.nii.gz is empty; remove it if not meant."
    bad = plain_case(1, problems=[problem], remarks=[remark], usable=False, images={}, label=None)
    check(opened, "/data", plain_answer([plain_case(0), bad]))
    assert not opened.ui.dataDetailsLabel.visible
    opened.ui.dataTable.selectRow(1)
    assert opened.ui.dataDetailsLabel.text == f"{problem}\n{remark}"
    opened.ui.dataTable.selectRow(0)
    assert opened.ui.dataDetailsLabel.text == ""


def test_the_meaning_of_labels_is_asked_and_choosing_checks_again(opened, tmp_path):
    check(opened, clinic(tmp_path / "set"))
    assert opened.view.datalist is None
    assert "what the labels mean" in opened.ui.dataRefusalLabel.text
    box = opened.ui.dataQuestionsBox
    assert box.visible
    label, combo = box.findChildren("QLabel")[0], box.findChildren("QComboBox")[0]
    assert label.text == "Clinic: what do the labels 1, 2, 3 mean?"
    combo.setCurrentIndex(combo.findData("brats2023"))
    combo.activated(combo.currentIndex)
    assert opened.logic.asked[-1]["labels"] == ["Clinic=brats2023"]
    answered(opened)
    assert {case.convention.name for case in read_datalist(opened.view.datalist)} == {"brats2023"}
    assert not opened.ui.dataRefusalLabel.visible
    assert box.visible, "the answer can be changed"
    assert box.findChildren("QComboBox")[0].currentData == "brats2023"


def test_every_convention_of_the_engine_is_offered_with_what_it_means():
    from MSTKDTrainLib.Cases import MEANINGS

    assert list(MEANINGS) == list(CONVENTIONS)


def test_another_share_or_folder_makes_the_list_invalid_until_checked_again(opened, tmp_path):
    check(opened, "/data", plain_answer([plain_case(0)]))
    assert opened.view.datalist is not None
    opened.ui.dataTestSpin.value = 30
    assert opened.view.datalist is None
    assert opened.changes[-1] is None
    assert "press Check" in opened.ui.dataSummaryLabel.text
    opened.ui.dataTestSpin.value = 20
    assert opened.view.datalist is not None, "the wishes are those that were checked"
    opened.ui.dataPathEdit.text = "/other"
    assert opened.view.datalist is None


def test_two_wishes_never_write_the_same_list(opened):
    check(opened, "/data", plain_answer([plain_case(0)]))
    opened.ui.dataSeedSpin.value = 1
    check(opened, "/data", plain_answer([plain_case(0)]))
    first, second = (request["output"] for request in opened.logic.asked)
    assert first != second


def test_while_the_engine_is_busy_nothing_is_asked(opened):
    opened.ui.dataPathEdit.text = "/data"
    opened.logic.busy = True
    opened.view.refresh()
    assert not opened.ui.dataCheckButton.enabled


def test_sorting_by_a_column_keeps_each_row_its_patient(opened):
    cases = [plain_case(0, problems=["b"], usable=False), plain_case(1), plain_case(2, remarks=["a"])]
    check(opened, "/data", plain_answer(cases))
    opened.ui.dataTable.sortItems(3 + len(LABELS))
    for case in cases:
        opened.ui.dataTable.selectRow(row_of(opened, case["id"]))
        assert opened.view._table.selected is case


def test_thousands_of_rows_are_filled_in_while_the_panel_stays_alive(opened):
    cases = [plain_case(number) for number in range(1350)]
    opened.ui.dataPathEdit.text = "/data"
    opened.ui.dataCheckButton.click()
    opened.logic.answer(plain_answer(cases))
    assert opened.view._table.filling, "not in one go"
    opened.host.waitUntil(lambda: not opened.view._table.filling, seconds=60)
    assert [row[0] for row in rows(opened)] == [case["id"] for case in cases]


def test_cases_of_one_patient_are_counted_as_one_patient(host):
    from MSTKDTrainLib.Cases import summarySentence

    cases = [plain_case(0), plain_case(1, patient="BraTS2021_00000", images={"flair": "f"})]
    assert summarySentence(cases).startswith("1 patients, 2 cases, 2 usable; 2 train, 0 validate, 0 test; FLAIR in all")
    assert summarySentence(cases).endswith("T1Gd in 1, T2 in 1.")
