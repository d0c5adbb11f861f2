"""Fixtures of the panel, for a conftest: `from panel_fixtures import panel`."""

from __future__ import annotations

import pytest


@pytest.fixture
def missing_packages(host, monkeypatch):
    """What the engine lacks; empty it to "install"."""
    from MSTKDLib import Dependencies

    packages = []
    monkeypatch.setattr(Dependencies, "missingRequirements", lambda: list(packages))
    return packages


@pytest.fixture
def open_panel(host, missing_packages, monkeypatch, tmp_path):
    """Opens the panel with a logic that only says what it is told."""
    import MSTKDSegmentLib
    from panel_parts import SaidLogic, agree

    monkeypatch.setattr(MSTKDSegmentLib, "SegmentLogic", SaidLogic)
    monkeypatch.setenv("MSTKD_MODELS", str(tmp_path / "models"))
    agree()

    def opened():
        widget = host.openModule("MSTKDSegment")
        widget.parent.show()
        return widget

    return opened


@pytest.fixture
def panel(open_panel):
    return open_panel()


@pytest.fixture
def patient_volumes(host):
    """FLAIR and T1Gd in the scene."""
    from panel_parts import volume

    return {"flair": volume("Patient FLAIR"), "t1gd": volume("Patient T1 post Gd")}
