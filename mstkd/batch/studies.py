"""Which folders are studies."""

from __future__ import annotations

from pathlib import Path

from mstkd.errors import InputError


def find_studies(folder: Path, output_root: Path | None = None) -> list[Path]:
    """Every direct sub-folder, by name; hidden ones and the results' folder are none.

    Raises:
        InputError: No folder, no study in it, or results that would lie in a study.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; give the folder that holds one sub-folder for each study.")
    studies = [
        path
        for path in sorted(folder.iterdir())
        if path.is_dir()
        and not path.name.startswith(".")
        and not (output_root is not None and path.resolve() == output_root.resolve())
    ]
    if not studies:
        raise InputError(f"{folder} holds no sub-folder; every direct sub-folder is taken as one study.")
    if output_root is not None:
        for study in studies:
            check_apart(study, output_root)
    return studies


def ignored_files(folder: Path) -> str:
    """A sentence when files lie beside the studies, which are not read; else empty."""
    files = [path.name for path in sorted(folder.iterdir()) if path.is_file() and not path.name.startswith(".")]
    if not files:
        return ""
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return f"{files[0]}{more} in {folder} belongs to no study and is not read; every study is a sub-folder."


def check_apart(study: Path, output_root: Path) -> None:
    """Raise InputError when results would be written into a study: they would change what it holds."""
    inside = study.resolve() in (root := output_root.resolve(), *root.parents)
    if inside or (output_root / study.name).resolve() == study.resolve():
        raise InputError(f"the results of {study} would lie in that study itself; choose another output folder.")
