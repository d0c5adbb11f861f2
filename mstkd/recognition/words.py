"""The words that names of series and files are made of, by language: the place to teach a new one.

Words are lower case, without accents, and separated by commas; ``dark fluid`` also stands
for dark-fluid and dark_fluid. Scanner acronyms after the vendors' own protocol names.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto


class Meaning(Enum):
    """What one word of a name speaks of."""

    T1 = auto()
    T2 = auto()
    FLAIR = auto()
    PD = auto()
    DUAL_ECHO = auto()
    """A spin echo with two echoes: proton density and T2."""
    T1_NATIVE = auto()
    """A word for a T1 without contrast."""
    T1_ENHANCED = auto()
    """A word for a T1 with contrast."""
    T1_METHOD = auto()
    """An acquisition that is a T1 unless the name says otherwise."""
    INVERSION = auto()
    """An inversion recovery, which beside T2 makes a FLAIR or a STIR."""
    GRADIENT = auto()
    """A gradient echo, which beside T2 makes a T2*."""
    AGENT = auto()
    """Contrast, or an agent's name."""
    AGENT_AFTER_T1 = auto()
    """Speaks of contrast only behind the word for T1: ``T1 C``, ``T1 IV``."""
    AFTER = auto()
    """After contrast when the word for it is left out: ``T1 post``."""
    NATIVE = auto()
    """Without contrast when the word for it is left out: ``T1 pre``."""
    WITHOUT = auto()
    """Without what follows, which is contrast unless another thing is named."""
    WITH_AND_WITHOUT = auto()
    REFORMAT = auto()
    """Slices cut anew through a 3D image."""
    MPR = auto()
    """MPRAGE right behind T1 (``t1_mpr_sag``), else multiplanar reformats."""
    OTHER = auto()
    """A series of another kind."""
    WEAK_OTHER = auto()
    """A series of another kind unless a sequence is named too."""
    NEUTRAL = auto()
    """Says nothing here, but may be glued to words that do: ``AXT1``, ``t2w3d``."""


_SEQUENCES: dict[Meaning, dict[str, str]] = {
    Meaning.T1: {"any": "t1, t1w, t1wi"},
    Meaning.T2: {"any": "t2, t2w, t2wi"},
    Meaning.FLAIR: {
        "any": "flair, fla, t2f",
        "Siemens": "dark fluid, darkfluid, da fl, dafl",
    },
    Meaning.PD: {"any": "pd, pdw, proton density, dp", "fr": "densite protonique, densite de proton"},
    Meaning.DUAL_ECHO: {"any": "dual, dual echo, dualecho, double echo, doubleecho"},
    Meaning.T1_NATIVE: {"any": "t1n"},
    Meaning.T1_ENHANCED: {"any": "t1c, t1ce, t1gd, t1km, ct1, cet1, ct1w, cet1w, gdt1, t1wce, t1cw"},
    Meaning.T1_METHOD: {
        "any": "mprage, mp rage, mp2rage, memprage, spgr",
        "Siemens": "vibe, mpr3d, tfl, tfl3d1, turboflash",
        "GE": "fspgr, fsgpr, bravo, ir fspgr, irfspgr, efgre3d, lava",
        "Philips": "tfe, t1tfe, thrive",
        "Canon": "fast fe, ffe3d",
    },
    Meaning.INVERSION: {"any": "tirm, tir, ir"},
    Meaning.GRADIENT: {"any": "gre, ffe, fl2d, fl3d, fl2d1, medic, mffe", "fr": "eg, echo de gradient"},
}

_CONTRAST: dict[Meaning, dict[str, str]] = {
    Meaning.AGENT: {
        "any": "ce, gd, gad, gado, gdi, gd dtpa, contrast, contrasted, enhanced, enh, +c, c+, +gd, +gad, "
        "+gado, gd+, gad+, +ce, ce+, gadolinium, c ax, c sag, c cor",
        "de": "km, kontrast, kontrastmittel, +km, km+, kmgabe",
        "fr": "injection, injecte, injectee, inj, iv gado, pdc, prise de contraste, "
        "produit de contraste, injection de produit de contraste",
        "es": "contraste, gadolinio, civ, con gd, c c",
        "agents": "gadobutrol, gadovist, gadavist, dotarem, gadoterate, gadoteric, clariscan, magnevist, "
        "gadopentetate, multihance, gadobenate, prohance, gadoteridol, omniscan, gadodiamide, gadopiclenol, elucirem, "
        "vueway, optimark, artirem, dotagraf, pixxoscan, cyclolux, magnegita, eovist, primovist, ablavar, vasovist",
    },
    Meaning.AGENT_AFTER_T1: {"any": "c, iv, +"},
    Meaning.AFTER: {
        "en": "post, postcontrast, postgad, postgado, postgd, delayed, pc",
        "de": "nach km, postkm",
        "fr": "apres",
        "es": "postcontraste, despues, poscontraste, poscontrast, pos contraste, pos gd, pos gad, pos gado",
    },
    Meaning.NATIVE: {
        "en": "pre, precontrast, pregad, pregado, pregd, prekm, plain, unenhanced, nonenhanced, non enhanced, "
        "noncontrast, nocontrast, nongad, c-, -c, -gd, -gad, -gado, -ce, -km, before",
        "de": "nativ, native, vor, pra, prakontrast",
        "fr": "avant, natif, s injection, s inj, s gado",
        "es": "simple, precontraste, antes, s contraste, s civ, s gadolinio",
    },
    Meaning.WITH_AND_WITHOUT: {
        "en": "w wo, w w o, wo w, w o w, wo and w, w o and w, with and without, without and with, wwo",
        "de": "mit und ohne",
        "fr": "avec et sans",
        "es": "con y sin",
    },
    Meaning.WITHOUT: {
        "en": "without, no, non, not, w o, wo, wout",
        "de": "ohne, o km",
        "fr": "sans",
        "es": "sin, s c",
    },
}

_PLACES: dict[Meaning, dict[str, str]] = {
    Meaning.REFORMAT: {
        "any": "rfmt, reformat, reformats, reformatted, reform, ref mpr, recon, reconstruction, mprs, mpv",
        "de": "rekonstruktion, rek, reko",
        "fr": "reformatage, reformation",
        "es": "reconstruccion, reformateo",
    },
    Meaning.MPR: {"any": "mpr"},
    Meaning.NEUTRAL: {
        "any": "ax, axial, tra, trans, transversal, sag, sagittal, cor, kor, coronal, koronar, 3d, 2d, tse, fse, "
        "oax, osag, ocor, axl, axi, brain, head, adni, propeller, blade, frfse, mv, opt, vista, cube, space, fs, "
        "fatsat, w, weighted, iso, reg, to, bias, "
        "bias field corrected, bias field correction, biasfield corrected, biasfield correction",
    },
}

_OTHER: dict[str, dict[str, str]] = {
    "a localiser": {
        "en": "loc, localizer, localiser, localizers, scout, survey, 3 plane, 3plane, 3 pl, 3pl, tri plane, plan scan, "
        "aahead, aascout, smartbrain, smart brain, local, surview, locator, topogram, pilot",
        "de": "lokalizer, lokalisation, ubersicht, planung",
        "fr": "reperage, localisateur, centrage",
        "es": "localizador, localizadores, loca",
    },
    "diffusion": {
        "en": "dwi, dwie, edwi, ddwi, dw, dti, dki, dif, diff, diffusion, adc, eadc, dadc, adcmap, trace, tracew, "
        "dwibs, fa, colfa, isodwi, dreg, apparent diffusion, exponential apparent, hardi, noddi, dmri, tensor, "
        "zoomit, resolve, fractional aniso, fractional anisotropy, average dc",
        "de": "diffusionsgewichtet",
        "es": "difusion",
    },
    "an echo-planar series": {"any": "ep2d, epi, epse, epfid, ep"},
    "susceptibility-weighted or T2*": {
        "en": "t2*, t2w*, t2star, t2 star, t2starw, r2*, r2star, swi, swan, swip, swis, fsbb, venbold, ven bold, "
        "hemo, haemo, heme, qsm, suscept, susceptibility, mag images, magnitude, pha, pha images, phase images, "
        "esswan, swim, merge, mpgr",
        "fr": "t2 etoile, t2etoile",
        "de": "hamo, suszeptibilitat",
        "es": "hemosiderina, susceptibilidad",
    },
    "perfusion": {
        "en": "perf, perfusion, dsc, dce, asl, pasl, pcasl, casl, cbf, cbv, rcbf, rcbv, relcbf, relcbv, relmtt, mtt, "
        "ttp, tmax, pbp, gbp, ktrans, dyn, dynamic, twist dyn, leakage, pwi, neuroperfusion, grasp, psr",
        "de": "dynamisch, dynamik",
        "fr": "dynamique",
        "es": "perfusion, dinamico, dinamica",
    },
    "angiography": {
        "en": "mra, mrv, tof, angio, angiogram, angiography, venogram, venography, veno, pca, phase contrast, fl pc, "
        "inhance, cemra, tricks, twist, mip, minip, mips, 3dpc, 2dpc, pc3d, cow, carotid, carotids, 2d pc, 3d pc",
        "de": "angiographie, venographie, gefasse",
        "fr": "angiographie, arm, polygone",
        "es": "angiografia, arteriografia, angiorm, venografia",
    },
    "spectroscopy": {"any": "mrs, mrsi, svs, csi, spectro, spectroscopy, press, steam, spectroscopie, spektroskopie"},
    "functional MRI": {"any": "bold, fmri, rsfmri, rfmri, rest, resting, restingstate, sbref"},
    "a double inversion recovery": {"any": "dir, double inversion, double ir"},
    "fat-suppressed by a short inversion time (STIR)": {"any": "stir"},
    "magnetisation transfer": {"any": "mt, mtc, mtr, mton, mtoff, mtsat, ihmt, cest, apt, aptw"},
    "a field map": {
        "any": "fieldmap, field map, field mapping, fieldmapping, spinechofieldmap, b0map, b1map, b0 map, b1 map, "
        "tb1afi, b0, b1, fmap"
    },
    "a quantitative map": {
        "any": "t1map, t2map, t1 map, t2 map, t1 mapping, t2 mapping, map, maps, mapping, t1 maps, t2 maps, qt1, qt2, "
        "relaxometry, t1rho, t2 mapit, mapit, inv1, inv2, t2relax"
    },
    "a derived map": {
        "en": "probability, probabilities, prob, probmap, posterior, bias field, biasfield, inu field, mask, masks, "
        "label, labels, segmentation, uncertainty, entropy, jacobian",
    },
    "a subtraction": {
        "en": "sub, subs, subtract, subtracted, subtraction, minus, subt, difference, differences, diff image",
        "de": "subtraktion, subtr",
        "fr": "soustraction",
        "es": "sustraccion, resta, substraccion",
    },
    "a fat image": {"any": "dixon f, dixon fat, mdixon f, mdixon fat, fat only, fatonly"},
    "a balanced steady-state series": {"any": "ciss, fiesta, trufi, truefisp, true fisp, bffe, bfe, psif, ssfp, bssfp"},
    "not a head": {
        "any": "spine, cspine, lspine, tspine, wirbelsaule, hws, lws, bws, rachis, columna, myelo",
    },
    "a picture for a report": {
        "any": "screenshot, screenshots, screen save, screen saves, screensave, screen capture, report, dose, "
        "dose report, key images, presentation, summary, fusion, fused, phoenixzipreport, rgb, colour, color",
    },
}

_WEAK_OTHER: dict[str, dict[str, str]] = {
    "a computed tomography": {"any": "ct, cct, cta, tac, ncct"},
    "an emission tomography": {"any": "pet, fet, fdg, spect, pt, tep"},
    "a calibration": {
        "any": "cal, calib, calibration, asset, ref scan, refscan, sense ref, senseref, coil, shim, prescan"
    },
    "susceptibility-weighted or T2*": {"any": "gre"},
}


def _entries(table: dict[str, str]) -> Iterator[str]:
    for words in table.values():
        yield from (word.strip() for word in words.split(","))


KIND: dict[str, str] = {
    word: kind for tables in (_WEAK_OTHER, _OTHER) for kind, table in tables.items() for word in _entries(table)
}
"""Which other kind of series a word speaks of."""

LEXICON: dict[str, Meaning] = {
    **{word: Meaning.WEAK_OTHER for table in _WEAK_OTHER.values() for word in _entries(table)},
    **{word: Meaning.OTHER for table in _OTHER.values() for word in _entries(table)},
    **{
        word: meaning
        for part in (_PLACES, _CONTRAST, _SEQUENCES)
        for meaning, table in part.items()
        for word in _entries(table)
    },
}
"""The meaning of each word and phrase; what it says of sequences goes before its KIND (``gre`` alone is a T2*)."""
