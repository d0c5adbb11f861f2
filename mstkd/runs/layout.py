"""What lies where in a run's folder; trainer and readers agree on it here."""

from __future__ import annotations

CONFIG, DATALIST, JOURNAL = "config.yaml", "datalist.json", "journal.jsonl"
STATUS, STOP, PAUSE, LOCK = "status.json", "stop", "pause", "lock"
VALIDATION = "validation.csv"
"""Dice of each case at the last validation."""
SAMPLES, INDEX = "samples", "index.json"
CACHE = "cache"
"""Folder of prepared patients beside the runs: as many folders as patients, and no run among them."""
ARM = "run"
"""What the folder of an ablation's arm calls its run."""
HEADS = "heads of synthetic patients"
"""What descriptions and cards call the label maps that synthetic patients are drawn from, beside the data sets."""
FOLD = "fold-"
"""How the runs of a candidate of a cross-validation are called, with the fold's number."""

STATUS_BYTES = 4096
"""The status is as long as this from its first writing on, so that a full disk cannot refuse a later one."""
BEAT_S = 2.0
"""How often a living trainer touches its status."""
STALE_S = 30.0
"""A status untouched for so long is that of a trainer that died without a word."""
