"""Tables that show all their rows: the panel scrolls, they do not."""

from __future__ import annotations


def fitHeight(table) -> None:
    """Make a table as high as its rows."""
    table.resizeRowsToContents()
    height = table.horizontalHeader().sizeHint.height() + 2 * table.frameWidth
    table.setFixedHeight(height + sum(table.rowHeight(row) for row in range(table.rowCount)))
