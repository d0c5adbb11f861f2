"""Fixtures for a conftest: the host, and the modules `qt` and `ctk` as a scripted module sees them."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture
def host():
    """Slicer with an empty scene; the test fails at its end on an exception in a slot or a dialog not as expected."""
    from slicer_host import boot  # only tests that ask for Slicer pay for Qt

    slicer_host = boot()
    slicer_host.reset()
    yield slicer_host
    slicer_host.newScene()
    slicer_host.process()
    errors, unexpected = list(slicer_host.slotErrors), list(slicer_host.unexpectedDialogs)
    missed = slicer_host.unusedAnswers
    slicer_host.reset()
    assert not errors, f"exceptions in slots: {errors}"
    assert not unexpected, f"unexpected dialogs: {unexpected}"
    assert not missed, f"dialogs that were expected and did not come: {missed}"


@pytest.fixture
def qt(host):
    return sys.modules["qt"]


@pytest.fixture
def ctk(host):
    return sys.modules["ctk"]
