"""What every tissue looks like in the four sequences: random, within the order that physics gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mstkd.data.synthesis.anatomy import Anatomy
from mstkd.modalities import CHANNELS, Modality

Array = np.ndarray
LESIONS = 3
"""NETC, SNFH and ET follow the healthy tissues in every table."""
NETC, SNFH, ET = (len(Anatomy) + n for n in range(LESIONS))
MISMATCH = 0.15
"""Share of the low-grade cores that hold free water: bright in T2, dark in FLAIR."""
UNUSUAL = 0.05
"""Share of the sequences whose healthy tissues have any grey values."""


@dataclass(frozen=True)
class Contrast:
    """Grey values by sequence and tissue, white matter's being about 1.

    Attributes:
        means: ``(4, 27)``; the last three are NETC, SNFH and ET.
        deviations: ``(4, 27)``, of texture within a tissue.
    """

    means: Array
    deviations: Array


def draw_contrast(kind: str, rng: np.random.Generator) -> Contrast:
    """Grey values of one examination of a patient with a tumour of this kind."""
    t1 = _t1(rng)
    tables = {
        Modality.FLAIR: _flair(rng),
        Modality.T1: t1,
        Modality.T1GD: _t1gd(t1 if rng.random() < 0.7 else _t1(rng), rng),
        Modality.T2: _t2(rng),
    }
    for modality in tables:
        if rng.random() < UNUSUAL:
            tables[modality] = _unusual(rng)
    _lesions(tables, kind, rng)
    _age(tables, rng)
    means = np.stack([tables[modality] for modality in CHANNELS])
    texture = rng.uniform(0.01, 0.05, (len(CHANNELS), 1)) * rng.uniform(0.6, 1.4, means.shape)
    texture[:, [NETC, SNFH, ET]] *= rng.uniform((2, 1.5, 3), (6, 4, 8), (len(CHANNELS), LESIONS))
    texture[:, [Anatomy.SOFT, Anatomy.MUCOSA, Anatomy.MARROW, Anatomy.FAT]] *= 4
    texture[:, [Anatomy.AIR, Anatomy.CAVITY]] = 0
    return Contrast(means, texture * np.maximum(means, 0.3))


def _table(white: float, cortex: float, deep: float, fluid: float, rng: np.random.Generator) -> Array:
    """A table whose brain follows from these four; the rest of the head is still empty."""
    table = np.zeros(len(Anatomy) + LESIONS)
    near = rng.uniform(0.96, 1.04, 4)
    table[Anatomy.WHITE], table[Anatomy.CORTEX], table[Anatomy.DEEP] = white, cortex, deep
    table[Anatomy.CEREBELLAR_WHITE] = (white + rng.uniform(0, 0.3) * (cortex - white)) * near[0]
    table[Anatomy.CEREBELLAR_CORTEX] = cortex * near[1]
    table[Anatomy.STEM] = (white + rng.uniform(0.1, 0.5) * (cortex - white)) * near[2]
    table[Anatomy.VENTRICLE] = fluid
    table[Anatomy.CSF] = fluid + rng.uniform(0, 0.2) * (cortex - fluid)
    table[Anatomy.CHOROID] = fluid + rng.uniform(0.3, 0.9) * (cortex - fluid)
    table[Anatomy.EYE] = fluid * near[3]
    table[Anatomy.SKULL] = rng.uniform(0.05, 0.3)
    table[Anatomy.DURA] = rng.uniform(0.2, 0.7)
    table[[Anatomy.AIR, Anatomy.CAVITY]] = rng.uniform(0, 0.05)
    return table


def _unusual(rng: np.random.Generator) -> Array:
    white, cortex, deep, fluid = rng.uniform(0.4, 1.3, 4)
    table = _table(white, cortex, deep, fluid, rng)
    others = slice(Anatomy.MARROW, Anatomy.VESSEL + 1)
    table[others] = rng.uniform(0.2, 2, others.stop - others.start)
    return table


def _t1(rng: np.random.Generator) -> Array:
    cortex = rng.uniform(0.66, 0.95)
    deep = cortex + rng.uniform(0.2, 0.7) * (1 - cortex)
    table = _table(1, cortex, deep, cortex * rng.uniform(0.25, 0.7), rng)
    table[Anatomy.FAT], table[Anatomy.MARROW] = rng.uniform(1.2, 2.6), rng.uniform(0.7, 1.8)
    table[Anatomy.SOFT], table[Anatomy.MUCOSA] = rng.uniform(0.5, 0.95), rng.uniform(0.5, 0.95)
    table[Anatomy.VESSEL] = rng.uniform(0.3, 1.0)
    return table


def _t1gd(t1: Array, rng: np.random.Generator) -> Array:
    table = t1 * rng.uniform(0.97, 1.03, t1.shape)
    table[Anatomy.VESSEL], table[Anatomy.MUCOSA] = rng.uniform(1.3, 2.4), rng.uniform(1.2, 2.0)
    table[Anatomy.CHOROID], table[Anatomy.DURA] = rng.uniform(1.1, 1.8), rng.uniform(0.6, 1.4)
    return table


def _t2(rng: np.random.Generator) -> Array:
    cortex = rng.uniform(1.15, 1.6)
    deep = 1 + rng.uniform(0.0, 0.7) * (cortex - 1)
    table = _table(1, cortex, deep, cortex * rng.uniform(1.6, 3.2), rng)
    table[Anatomy.FAT], table[Anatomy.MARROW] = rng.uniform(0.8, 2.2), rng.uniform(0.6, 1.5)
    table[Anatomy.SOFT], table[Anatomy.MUCOSA] = rng.uniform(0.4, 0.9), rng.uniform(1.5, 3)
    table[Anatomy.VESSEL] = rng.uniform(0.2, 0.8)
    return table


def _flair(rng: np.random.Generator) -> Array:
    cortex = rng.uniform(1.05, 1.35)
    deep = 1 + rng.uniform(0.0, 0.8) * (cortex - 1)
    table = _table(1, cortex, deep, rng.uniform(0.1, 0.5), rng)
    table[Anatomy.FAT], table[Anatomy.MARROW] = rng.uniform(0.8, 2.2), rng.uniform(0.6, 1.5)
    table[Anatomy.SOFT], table[Anatomy.MUCOSA] = rng.uniform(0.5, 1.0), rng.uniform(1.0, 2.0)
    table[Anatomy.VESSEL] = rng.uniform(0.3, 1.0)
    return table


def _lesions(tables: dict[Modality, Array], kind: str, rng: np.random.Generator) -> None:
    """Fill in NETC, SNFH and ET.

    T1 and T2 lie between white matter and fluid by the share of water; FLAIR is bright where
    water is bound and dark where it is free; contrast agent brightens ET in T1Gd.
    """
    necrotic = kind not in ("low grade", "diffuse")
    wet = rng.uniform(0.25, 0.65)
    core = rng.uniform(0.35, 0.95) if necrotic else rng.uniform(0.25, 0.75)
    solid = rng.uniform(0.15, 0.55)
    for modality in (Modality.T1, Modality.T1GD, Modality.T2):
        table = tables[modality]
        brain, fluid = _range(table, modality)
        for lesion, water in ((NETC, core), (SNFH, wet), (ET, solid)):
            # Water dims T1 less than it brightens T2.
            share = water * rng.uniform(0.9, 1.1) * (1.0 if modality is Modality.T2 else 0.8)
            table[lesion] = brain + share * (fluid - brain)
    gd = tables[Modality.T1GD]
    brain, _ = _range(gd, Modality.T1GD)
    gd[ET] = brain * (1.15 + rng.gamma(2.0, 0.22))
    gd[NETC] += rng.uniform(0, 0.15) * (gd[ET] - gd[NETC]) * necrotic
    flair = tables[Modality.FLAIR]
    brain, fluid = _range(flair, Modality.FLAIR)
    flair[SNFH] = brain * rng.uniform(1.3, 2.1)
    if necrotic or rng.random() < MISMATCH:
        flair[NETC] = flair[SNFH] + rng.uniform(-0.1, 1.0) * (fluid - flair[SNFH])
    else:
        flair[NETC] = brain + rng.uniform(0.6, 1.2) * (flair[SNFH] - brain)
    flair[ET] = brain + rng.uniform(0.2, 1.0) * (flair[SNFH] - brain)


def _age(tables: dict[Modality, Array], rng: np.random.Generator) -> None:
    """How wide sulci and ventricles are, and how white matter has aged; neither is a tumour."""
    age = rng.uniform()
    narrow, wide, rim = (age * np.array((1.0, 1.6, 2.0)) + rng.uniform(-0.3, 0.3, 3)).clip((0.1, 0.2, 0), 1)
    beside, spots = rng.uniform(0, 0.6, 2) * (rng.random(2) < age)
    for table in tables.values():
        cortex, csf, white = table[Anatomy.CORTEX], table[Anatomy.CSF], table[Anatomy.WHITE]
        table[Anatomy.NARROW_SULCUS] = cortex + narrow * (csf - cortex)
        table[Anatomy.SULCUS] = cortex + wide * (csf - cortex)
        table[Anatomy.VENTRICLE_RIM] = white + (rim > 0.5) * (table[Anatomy.VENTRICLE] - white)
        table[Anatomy.PERIVENTRICULAR] = white + beside * (table[SNFH] - white)
        table[Anatomy.SPOT] = white + spots * (table[SNFH] - white)


def _range(table: Array, modality: Modality) -> tuple[float, float]:
    """What normal brain and free water look like, also where the healthy tissues are unusual."""
    parenchyma = table[[Anatomy.WHITE, Anatomy.CORTEX, Anatomy.DEEP]]
    if modality is Modality.T2:
        brain = float(parenchyma.max()) if parenchyma.max() > table[Anatomy.VENTRICLE] else float(table[Anatomy.WHITE])
        return brain, max(float(table[Anatomy.VENTRICLE]), 1.6 * brain)
    if modality is Modality.FLAIR:
        brain = float(max(table[Anatomy.WHITE], 0.8 * parenchyma.max()))
        return brain, min(float(table[Anatomy.VENTRICLE]), 0.5 * brain)
    brain = float(parenchyma.max())
    return brain, min(float(table[Anatomy.VENTRICLE]), 0.7 * brain)
