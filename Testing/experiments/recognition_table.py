"""Recognition over the acceptance table: accuracy and refusals of each set of rows as JSON.

.venv/bin/python Testing/experiments/recognition_table.py [--failures development]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from recognition_rows import answer, counts, rows, verdict


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--failures",
        choices=["heldout", "found", "found again", "found at last", "development"],
        help="Print this set's failures too.",
    )
    chosen = parser.parse_args().failures
    table = rows()
    for row in table:
        given = answer(row)
        if row["set"] == chosen and verdict(row, given) != "right":
            print(f"{verdict(row, given)}: {row['name']} is {row['expected']}, not {given}", file=sys.stderr)
    report = {
        name: counts(row for row in table if row["set"] == name)
        for name in ("heldout", "found", "found again", "found at last", "development")
    }
    for figures in report.values():
        if figures["rows"]:
            figures["accuracy"] = round(figures["right"] / figures["rows"], 4)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
