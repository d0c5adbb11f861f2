"""The panel in every state fits a narrow dock; ``PANEL_PICTURES=FOLDER`` keeps the pictures."""

import os
from pathlib import Path

import pytest
from MSTKDSegmentLib.States import State
from panel_parts import DOUBT, click, result_on, volume

WIDTH, HEIGHT = 420, 1060
"""Of the pictures; in Slicer the panel scrolls where it is higher than its dock."""
LONG = "sub-0042_ses-20260412_acq-mprage_ce-gadolinium_desc-preprocessed_T1w Gd of an outside hospital"
LEFT_OUT = (
    "2.4 mL that may be tumour were left out, 31 mm to the patient's right, 44 mm posterior and 6 mm superior of the "
    "brain's middle: "
    "the model is not sure enough of them (mean probability under 80 %); look there."
)


def _empty(panel):
    pass


def _filled(panel):
    volume("Patient FLAIR")
    volume(LONG)
    click(panel.ui.recogniseButton)


def _asking(panel):
    volume("Other FLAIR")
    _filled(panel)


def _running(panel):
    _filled(panel)
    click(panel.ui.segmentButton)
    panel.logic.say(State.RUNNING, 0.42, "Finding the brain")


def _cancelling(panel):
    _running(panel)
    click(panel.ui.segmentButton)


def _failed(panel):
    _running(panel)
    panel.logic.say(State.FAILED, message=f"{LONG} holds no image; load it again.")


def _done(panel):
    _running(panel)
    panel.logic.device = {"device": "cpu", "device_name": "x86_64", "threads": 8}
    panel.logic.finish(result_on(panel.ui.t1gdSelector.currentNode(), [DOUBT, LEFT_OUT]))


def _tissues(panel):
    _done(panel)
    panel.ui.tissuesRadio.checked = True


def _everything_open(panel):
    _done(panel)
    panel.ui.modelSection.collapsed = panel.ui.advancedSection.collapsed = False


STATES = (_empty, _filled, _asking, _running, _cancelling, _failed, _done, _tissues, _everything_open)


@pytest.mark.parametrize("go", STATES, ids=lambda go: go.__name__.strip("_"))
def test_in_every_state_the_panel_fits_a_narrow_dock(host, panel, go, tmp_path):
    go(panel)
    host.process()
    assert panel.parent.minimumSizeHint.width() <= WIDTH
    folder = Path(os.environ.get("PANEL_PICTURES", tmp_path))
    host.screenshot(panel, folder / f"panel-{go.__name__.strip('_')}.png", (WIDTH, HEIGHT))


def test_the_panel_without_its_packages_fits_a_narrow_dock(host, missing_packages, open_panel, tmp_path):
    missing_packages.append("torch>=2.2")
    panel = open_panel()
    _filled(panel)
    assert panel.parent.minimumSizeHint.width() <= WIDTH
    host.screenshot(panel, Path(os.environ.get("PANEL_PICTURES", tmp_path)) / "panel-packages.png", (WIDTH, HEIGHT))
