"""Several models may come with the program; one of them, named in one place, is the default."""

import shutil

import pytest
from conftest import card

from mstkd.errors import InputError
from mstkd.models import write_package
from mstkd.network import MSTKDNet
from mstkd.store import DEFAULT_MODEL, find_model, installed_models, places, remove_model, shipped_model


@pytest.fixture
def shipped(small_architecture, tmp_path, monkeypatch):
    """What comes with the program: the default, and one that goes before it in the alphabet."""
    folder = tmp_path / "shipped"
    shutil.copytree(shipped_model(), folder / DEFAULT_MODEL)
    write_package(folder / "another-student", MSTKDNet(small_architecture), card() | {"name": "another-student"})
    monkeypatch.setattr(places, "_SHIPPED", (folder,))
    monkeypatch.setenv("MSTKD_MODELS", str(tmp_path / "models"))
    return folder


def test_every_shipped_model_is_listed_the_default_first(shipped):
    assert [model.folder for model in installed_models()] == [shipped / DEFAULT_MODEL, shipped / "another-student"]
    assert all(model.shipped for model in installed_models())


def test_a_second_shipped_model_is_chosen_by_name_and_the_default_without(shipped):
    assert find_model("another-student") == find_model("another-student-1") == shipped / "another-student"
    assert find_model(DEFAULT_MODEL) == find_model(None) == shipped / DEFAULT_MODEL


def test_no_shipped_model_can_be_removed(shipped):
    for model in installed_models():
        with pytest.raises(InputError, match="came with the program"):
            remove_model(model.folder)


def test_the_panel_offers_both_and_begins_with_the_default(shipped, open_panel):
    combo = open_panel().ui.modelCombo
    assert combo.count == 2
    assert combo.currentText.startswith(DEFAULT_MODEL)
    combo.currentIndex = 1
    assert combo.currentText == "another-student 1"
