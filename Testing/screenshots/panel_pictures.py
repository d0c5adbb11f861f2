"""Pictures of the panel for the README: the sample patient segmented by the real engine, and the panel in every state.

python Testing/screenshots/panel_pictures.py Resources/Screenshots
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageChops

TESTING = Path(__file__).parents[1]
sys.path[:0] = [str(TESTING), str(TESTING.parent / "MSTKDSegment")]
STATES = ("empty", "filled", "asking", "packages", "running", "cancelling", "failed", "done", "tissues")
COLUMNS = 3


def real_run(picture: Path) -> None:
    """Load the sample, click Segment, wait: the panel as a user then sees it."""
    from slicer_host import boot

    host = boot()
    host.setTesting(True)
    panel = host.openModule("MSTKDSegment")
    panel.ui.sampleButton.click()
    host.waitUntil(lambda: panel.logic.device is not None or not panel.logic.state.busy, seconds=60)
    host.answer("confirmOkCancel", True)  # the model's licence
    panel.ui.segmentButton.click()
    host.waitUntil(lambda: not panel.logic.state.busy, seconds=300)
    host.screenshot(panel, picture, (440, 900))
    _trimmed(Image.open(picture).convert("RGB")).quantize(256).save(picture, optimize=True)
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
        tiles = [_trimmed(Image.open(Path(folder) / f"panel-{state}.png").convert("RGB")) for state in STATES]
    rows = [tiles[start : start + COLUMNS] for start in range(0, len(tiles), COLUMNS)]
    heights = [max(tile.height for tile in row) for row in rows]
    sheet = Image.new("RGB", (COLUMNS * tiles[0].width, sum(heights)), tiles[0].getpixel((0, 0)))
    for number, row in enumerate(rows):
        for column, tile in enumerate(row):
            sheet.paste(tile, (column * tile.width, sum(heights[:number])))
    sheet.quantize(256).save(picture, optimize=True)


def _trimmed(picture: Image.Image) -> Image.Image:
    """Without the empty part below the panel."""
    plain = Image.new("RGB", picture.size, picture.getpixel((0, 0)))
    bottom = ImageChops.difference(picture, plain).getbbox()[3]
    return picture.crop((0, 0, picture.width, min(picture.height, bottom + 24)))


def main() -> None:
    folder = Path(sys.argv[1])
    real_run(folder / "panel.png")
    every_state(folder / "panel_states.png")


if __name__ == "__main__":
    main()
