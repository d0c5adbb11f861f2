"""The configurations that a cross-validation chooses among."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from mstkd.errors import InputError
from mstkd.training.config import TrainingConfig, read_config

BASE = "base"
"""The configuration itself, which all others are compared with."""
Candidates = dict[str, tuple[str, TrainingConfig]]
"""What each candidate changes, in words, and its whole configuration."""


def read_candidates(path: Path, changes: Sequence[str], tries: Sequence[str]) -> Candidates:
    """The base, and each of ``tries`` such as ``wide: sampling.batch_size=4 ema_decay=0.9``, by name.

    A run validates once, after its last step.

    Args:
        path: The base's configuration (YAML).
        changes: Settings to replace in all, as `read_config` takes them.
        tries: Each a name and what it replaces besides; a value with a space stands in quotes.

    Raises:
        InputError: A name is no name or is used twice, a setting is refused, or one would be measured
            by other combinations than the base.
    """
    found: Candidates = {BASE: ("", _validated_once(read_config(path, changes)))}
    for text in tries:
        name, settings = _parsed(text)
        if name in found:
            raise InputError(f"--try {name} is there already; give each candidate another name, and none '{BASE}'.")
        try:
            config = _validated_once(read_config(path, [*changes, *settings]))
        except InputError as error:
            raise InputError(f"--try {name}: {error}") from error
        if config.validation.subsets != found[BASE][1].validation.subsets:
            raise InputError(f"--try {name} changes how it is measured; change validation.combinations with --set.")
        found[name] = (shlex.join(settings), config)
    return found


def _parsed(text: str) -> tuple[str, list[str]]:
    name, _, rest = text.partition(":")
    try:
        settings = shlex.split(rest)
    except ValueError:  # a quotation mark without its other
        settings = []
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name) or not settings:
        raise InputError(
            f"--try '{text}' is no candidate; write \"NAME: a.b=value c.d=value\", NAME of a-z, 0-9, _ and -, values "
            "with a space in quotes."
        )
    return name, settings


def _validated_once(config: TrainingConfig) -> TrainingConfig:
    at_end = config.validation.model_copy(update={"every": config.steps})
    return config.model_copy(update={"validation": at_end})
