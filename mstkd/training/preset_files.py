"""The configurations that come with the engine, by their names."""

from __future__ import annotations

import difflib
from pathlib import Path

from mstkd.errors import InputError
from mstkd.training.config import PRESET_FOLDER, TrainingConfig, read_config


def find_config(name: Path) -> Path:
    """The file itself, or the preset of that name when there is no such file.

    Raises:
        InputError: Neither exists.
    """
    if name.is_file():
        return name
    presets = sorted(path.stem for path in PRESET_FOLDER.glob("*.yaml"))
    if str(name) not in presets:
        near = difflib.get_close_matches(str(name), presets, n=1)
        hint = f"did you mean '{near[0]}'" if near else "give a file or one of them"
        raise InputError(f"there is no configuration {name} among files and presets ({', '.join(presets)}); {hint}.")
    return PRESET_FOLDER / f"{name}.yaml"


def read_presets() -> dict[str, tuple[str, TrainingConfig]]:
    """Each preset with the first comment of its file, the shortest training first."""
    presets = {path.stem: (_title(path), read_config(path)) for path in sorted(PRESET_FOLDER.glob("*.yaml"))}
    return dict(sorted(presets.items(), key=lambda item: item[1][1].steps))


def _title(preset: Path) -> str:
    return preset.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
