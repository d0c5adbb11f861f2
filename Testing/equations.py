"""The paper's equations of sections 2.2 to 2.4 in plain NumPy, entry by entry."""

from statistics import fmean

import numpy as np


def evd(teacher, student, over):
    """Equations 2 to 4 with N A for A; ``over`` says where equation 2 looks for its extremes."""
    (batch, heads, n, _), layers = teacher[0].shape, len(teacher)

    def extreme_value(attentions, extreme, layer, b, h, p, q):
        if over == "heads":
            seen = [n * attentions[layer][b, other, p, q] for other in range(heads)]
        else:
            seen = [n * attentions[other][b, h, p, q] for other in range(layers)]
        return extreme(seen) * n * attentions[layer][b, h, p, q]

    total = 0.0
    for extreme in (max, min, fmean):
        for layer in range(layers):
            total += fmean(
                (extreme_value(teacher, extreme, layer, *at) - extreme_value(student, extreme, layer, *at)) ** 2
                for at in np.ndindex(batch, heads, n, n)
            )
    return total


def mst(teacher, student):
    """The second sum of equation 4."""
    return sum(np.sum((t - s) ** 2) / t.size for t, s in zip(teacher, student, strict=True))


def mse(teacher, student):
    """Equation 5."""
    return np.sum((teacher - student) ** 2) / teacher.size


def kl(teacher, student, tau):
    """Equations 6 and 7 at each voxel, then the mean over voxels, times tau^2 (equation 8)."""

    def q(logits):
        sigma = np.sqrt(np.mean((logits - np.mean(logits)) ** 2))
        e = np.exp((logits - np.mean(logits)) / ((sigma + 1e-7) * tau))
        return e / np.sum(e)

    batch, _, *size = teacher.shape
    voxels = []
    for b, x, y, z in np.ndindex(batch, *size):
        full, missing = q(teacher[b, :, x, y, z]), q(student[b, :, x, y, z])
        voxels.append(np.sum(full * np.log(full / missing)))
    return tau**2 * np.mean(voxels)


def cross_gram(a, b):
    """One M of equation 10 for a batch, divided once by HWD."""
    return np.einsum("bcxyz,bdxyz->bcd", a, b) / np.prod(a.shape[2:])


def style(teacher, student):
    """The second part of equation 11 with theta 1; each of the two is (f_enc, f_dec, f_t)."""
    total = 0.0
    for (enc, dec, t), (enc_s, dec_s, t_s) in zip(per_case(teacher), per_case(student), strict=True):
        for m, m_s in (
            (cross_gram(enc, dec), cross_gram(enc_s, dec_s)),
            (cross_gram(enc, t), cross_gram(enc_s, t_s)),
            (cross_gram(dec, t), cross_gram(dec_s, t_s)),
        ):
            total += np.sum((m - m_s) ** 2) / (4 * m.size)
    return total / len(teacher[0])


def per_case(features):
    """The cases of a batch, each as a batch of one."""
    return [[f[i : i + 1] for f in features] for i in range(len(features[0]))]


def probability(logits):
    """D's output from its logits."""
    return 1 / (1 + np.exp(-logits))


def adversarial(of_student):
    """Equation 9 for the student, who wants D to say teacher."""
    return np.mean(-np.log(probability(of_student)))


def discriminator(of_teacher, of_student):
    """Equation 9 for D, which wants to say teacher of the teacher and student of the student."""
    return np.mean(-np.log(probability(of_teacher))) + np.mean(-np.log(1 - probability(of_student)))
