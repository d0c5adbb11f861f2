"""Pictures of the panel for the README: the sample patient segmented by the real engine, and the panel in every state.

python Testing/screenshots/panel_pictures.py Resources/Screenshots
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

TESTING = Path(__file__).parents[1]
sys.path[:0] = [str(TESTING), str(TESTING.parent / "MSTKDSegment")]
STATES = ("empty", "filled", "asking", "packages", "running", "cancelling", "failed", "done", "tissues")
COLUMNS, SIZE = 3, (420, 760)


def real_run(picture: Path) -> None:
    """Load the sample, click Segment, wait: the panel as a user then sees it."""
    from slicer_host import boot

    host = boot()
    host.setTesting(True)
    panel = host.openModule("MSTKDSegment")
    panel.ui.sampleButton.click()
    host.waitUntil(lambda: panel.logic.device is not None or not panel.logic.state.busy, seconds=60)
    panel.ui.segmentButton.click()
    host.waitUntil(lambda: not panel.logic.state.busy, seconds=300)
    host.screenshot(panel, picture, (440, 680))
    host.closeModule(panel)


def every_state(picture: Path) -> None:
    """The pictures that the tests make, side by side."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", str(TESTING / "test_panel_pictures.py")],
            env={**os.environ, "PANEL_PICTURES": folder},
            cwd=TESTING.parent,
            check=True,
        )
        tiles = [Image.open(Path(folder) / f"panel-{state}.png").convert("RGB").resize(SIZE) for state in STATES]
    rows = -(-len(tiles) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * SIZE[0], rows * SIZE[1]))
    for number, tile in enumerate(tiles):
        sheet.paste(tile, (number % COLUMNS * SIZE[0], number // COLUMNS * SIZE[1]))
    sheet.quantize(64).save(picture, optimize=True)


def main() -> None:
    folder = Path(sys.argv[1])
    real_run(folder / "panel.png")
    every_state(folder / "panel_states.png")


if __name__ == "__main__":
    main()
