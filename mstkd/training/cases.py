"""The cases of a run: those of its datalist, prepared and checked before its first step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from mstkd.data.cache import CachedCase, load_cached
from mstkd.data.datalist import Case, read_datalist
from mstkd.data.synthesis import Head, load_heads
from mstkd.errors import InputError
from mstkd.inference.memory import is_out_of_memory
from mstkd.runs.layout import DATALIST
from mstkd.training.config import TrainingConfig

Cases = tuple[list[CachedCase], list[CachedCase]]
"""For training, and for validation."""


def load_cases(
    run: Path,
    config: TrainingConfig,
    cache: Path,
    *,
    checking: Callable[[int, int], None],
    preparing: Callable[[int, int, str], None],
    stop: Callable[[], bool],
) -> Cases | None:
    """The run's training and validation cases from the cache; None when it was stopped.

    Args:
        checking: Told before each case how many are done, and of how many.
        preparing: Told also which case it is, where it is not in the cache yet, which takes time.

    Raises:
        InputError: A case is refused, or the cases do not fit the configuration.
    """
    cases = read_datalist(run / DATALIST)
    check_cases(cases, config, run / DATALIST)
    cases = [case for case in cases if case.split in ("train", "validation")]
    loaded = []
    for done, case in enumerate(cases):
        if stop():
            return None
        checking(done, len(cases))
        loaded.append(load_case(case, cache, partial(preparing, done, len(cases), case.id)))
    training, validation = ([c for c in loaded if c.case.split == split] for split in ("train", "validation"))
    return training, validation


def load_config_heads(config: TrainingConfig, cache: Path) -> list[Head]:
    """The heads of a configuration, prepared; none when it draws no synthetic patients."""
    return [] if config.drawn_heads is None else load_heads(config.drawn_heads, cache / "heads")


def check_cases(cases: Sequence[Case], config: TrainingConfig, source: Path) -> None:
    """Raise InputError when none is for training, or a data set that the configuration weighs is absent."""
    if not any(case.split == "train" for case in cases):
        raise InputError(f"{source} has no case with the split 'train'; add some.")
    known = sorted({case.dataset for case in cases})
    unknown = sorted(set(config.sampling.dataset_weights) - set(known))
    if unknown:
        raise InputError(
            f"{source} lacks the data set '{unknown[0]}', which the configuration weighs (it has {', '.join(known)}); "
            "correct it with --set sampling.dataset_weights={}."
        )


def load_case(case: Case, cache: Path, preparing: Callable[[], None] = lambda: None) -> CachedCase:
    """A case from the cache; whatever its files do to the libraries that read them ends in an InputError."""
    try:
        return load_cached(case, cache, preparing)
    except InputError as error:
        raise InputError(f"The patient {case.id} cannot be prepared: {error}") from error
    except OSError:
        raise
    except Exception as error:  # whatever a library makes of odd data; nobody should search 1,000 patients for it
        if is_out_of_memory(error):
            raise
        said = " ".join(str(error).split())[:200]
        raise InputError(
            f"The patient {case.id} cannot be prepared ({type(error).__name__}: {said}); check {case.label} and its "
            "images, or leave it out of the datalist."
        ) from error
