"""The training panel: its frame, the plan and the runs, as a user sees them."""

from __future__ import annotations

import pytest


@pytest.fixture
def train_panel(host, missing_packages):
    widget = host.openModule("MSTKDTrain")
    widget.parent.show()
    return widget


def test_the_module_opens_with_its_sections_and_nothing_to_say(train_panel):
    titles = [getattr(train_panel.ui, f"{name}Section").text for name in ("data", "settings", "training", "progress")]
    assert titles == ["Data", "Settings", "Training", "Progress"]
    assert not train_panel.ui.trainMessageLabel.isVisible()
    assert not train_panel.ui.questionRow.isVisible()
    assert not train_panel.ui.packagesRow.isVisible()


def test_missing_packages_are_named_and_can_be_installed(host, train_panel, missing_packages):
    missing_packages.append("monai>=1.5")
    host.enter(train_panel)
    assert "monai>=1.5" in train_panel.ui.trainMessageLabel.text
    assert train_panel.ui.installButton.isVisible()
