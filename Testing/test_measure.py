"""Diameters against formulas of ellipses, and against another algorithm on random shapes."""

import itertools
from dataclasses import astuple

import contourpy
import numpy as np
import pytest
from geometry import oblique_grids
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from mstkd.regions import REGIONS, Region, Tissue
from mstkd.results.measure import Measurement, axial_axis, measure, measure_regions


def close(one, other):
    return astuple(one) == pytest.approx(astuple(other), abs=1e-5)


def in_slice(grid):
    """The axis across the slices, the other two, and an orthonormal basis of the slices' plane (3, 2)."""
    axis = axial_axis(grid.affine)
    others = [a for a in range(3) if a != axis]
    u, v = grid.affine[:3, others].T
    first = u / np.linalg.norm(u)
    second = v - (v @ first) * first
    return axis, others, np.stack([first, second / np.linalg.norm(second)], axis=1)


def ellipse(grid, half, angle, shift=(0.0, 0.0)):
    """An ellipse of given half axes (mm) and direction in three of a grid's axial slices, in world coordinates."""
    axis, others, basis = in_slice(grid)
    middle = [(n - 1) / 2 for n in grid.shape]
    index = np.indices([grid.shape[a] for a in others]).reshape(2, -1).T - [middle[a] for a in others]
    points = index @ grid.affine[:3, others].T @ basis - shift
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    inside = (((points @ turn.T) / half) ** 2).sum(axis=1) <= 1
    mask = np.zeros(grid.shape, bool)
    view = np.moveaxis(mask, axis, 0)
    view[1:4] = inside.reshape(view.shape[1:])
    return mask


ellipses = st.tuples(
    oblique_grids(shear=True),
    st.floats(10, 30),
    st.floats(0.4, 0.9),
    st.floats(0, np.pi),
    st.tuples(st.floats(-3, 3), st.floats(-3, 3)),
)


@given(ellipses)
def test_an_ellipses_axes_come_out_within_a_pixel_on_any_grid(drawn):
    grid, long, ratio, angle, shift = drawn
    _, others, _ = in_slice(grid)
    steps = grid.affine[:3, others]
    pixel = max(np.linalg.norm(steps.sum(axis=1)), np.linalg.norm(steps[:, 0] - steps[:, 1]))
    mask = ellipse(grid, (long, long * ratio), angle, shift)
    found = measure(mask, grid.affine)
    assert found.longest_mm == pytest.approx(2 * long, abs=pixel)
    # A slightly turned longest diameter makes the perpendicular at most this much longer.
    assert found.perpendicular_mm == pytest.approx(2 * long * ratio, abs=1.2 * pixel)
    assert found.ml == pytest.approx(mask.sum() * abs(np.linalg.det(grid.affine[:3, :3])) / 1000)


def test_the_axes_of_many_ellipses_are_right_on_average_to_half_a_pixel():
    random = np.random.default_rng(0)
    errors = []
    for _ in range(150):
        angle, (x, y) = random.uniform(0, np.pi), random.uniform(-1, 1, 2)
        long, ratio = random.uniform((8, 0.5), (25, 0.9))
        i, j = np.indices((64, 64)) - 31.5
        along = (i - x) * np.cos(angle) + (j - y) * np.sin(angle)
        across = (j - y) * np.cos(angle) - (i - x) * np.sin(angle)
        found = measure(((along / long) ** 2 + (across / (long * ratio)) ** 2 <= 1)[..., None], np.eye(4))
        errors.append((found.longest_mm - 2 * long, found.perpendicular_mm - 2 * long * ratio))
    assert np.abs(np.mean(errors, axis=0)).max() < 0.6
    assert np.abs(errors).max() < 1.0


def plain_diameters(part, in_plane):
    """Another algorithm: contourpy's outline, all pairs of points, a loop over the positions along each diameter."""
    lines = contourpy.contour_generator(z=np.pad(part, 1).astype(float)).lines(0.5)  # (x, y) = (column, row)
    lines = [line[:, ::-1] @ in_plane.T for line in lines]
    points = np.concatenate(lines)
    lengths = np.linalg.norm(points[:, None] - points[None], axis=2)
    longest = lengths.max()
    widths = []
    for a, b in np.argwhere(lengths > longest - 1e-6):
        d = (points[b] - points[a]) / longest
        n = np.array([-d[1], d[0]])
        for t in points @ d:
            levels = []
            for line in lines:
                for p, q in itertools.pairwise(line):
                    tp, tq = p @ d, q @ d
                    if min(tp, tq) - 1e-9 <= t <= max(tp, tq) + 1e-9:
                        if abs(tq - tp) < 1e-9:
                            levels += [p @ n, q @ n]
                        else:
                            levels.append(((t - tp) * (q @ n) + (tq - t) * (p @ n)) / (tq - tp))
            widths.append(max(levels) - min(levels))
    return longest, max(widths)


@given(
    hnp.arrays(bool, (5, 6), elements=st.booleans()),
    st.floats(0.5, 3),
    st.floats(0.5, 3),
    st.floats(-0.4, 0.4),
)
def test_any_small_shape_is_measured_as_by_trying_everything(mask, height, wide, shear):
    affine = np.diag([height, wide, 2.0, 1.0])
    affine[0, 1] = shear
    parts, count = ndimage.label(mask, structure=np.ones((3, 3)))
    in_plane = affine[:2, :2]
    expected = max((plain_diameters(parts == n, in_plane) for n in range(1, count + 1)), default=(0, 0))
    found = measure(mask[..., None], affine)
    assert found.longest_mm == pytest.approx(expected[0], abs=1e-5)
    assert found.perpendicular_mm == pytest.approx(expected[1], abs=1e-4)


def test_a_pixel_and_a_row_of_pixels_have_their_own_extent():
    affine = np.diag([1.0, 2.0, 5.0, 1.0])
    mask = np.zeros((9, 9, 3), bool)
    assert measure(mask, affine) == Measurement(0, 0, 0)
    mask[4, 4, 1] = True
    assert close(measure(mask, affine), Measurement(0.01, 2, 1))
    mask[1:8, 4, 1] = True
    assert measure(mask, affine).longest_mm == pytest.approx(7)
    assert measure(mask, affine).perpendicular_mm == pytest.approx(2)


def test_both_diameters_are_of_one_part_in_one_slice():
    mask = np.zeros((40, 40, 4), bool)
    mask[2:22, 5:8, 1] = True  # long and thin
    mask[30:39, 20:30, 1] = True  # another part
    mask[5:14, 5:14, 2] = True  # another slice
    found = measure(mask, np.eye(4))
    assert found.longest_mm == pytest.approx(np.hypot(20, 3), abs=1)
    assert found.perpendicular_mm < 4


def test_a_ring_is_as_wide_as_what_it_encloses():
    index = np.indices((50, 50)) - 24.5
    radius = np.hypot(*index)
    found = measure(((radius < 20) & (radius > 15))[..., None], np.eye(4))
    assert found.longest_mm == pytest.approx(40, abs=1)
    assert found.perpendicular_mm == pytest.approx(40, abs=1)


@given(st.permutations(range(3)), st.tuples(*[st.booleans()] * 3), st.integers(0, 20))
def test_the_order_and_direction_of_the_axes_do_not_matter(order, flips, seed):
    mask = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(14, 12, 9)), 1.5) > 0.05
    affine = np.diag([1.0, 1.3, 3.0, 1.0])
    before = measure(mask, affine)
    axes = [a for a in range(3) if flips[a]]
    turned = np.flip(mask, axes).transpose(order)
    other = affine[:, [*order, 3]] * np.array([*[-1.0 if flips[a] else 1.0 for a in order], 1.0])
    assert close(measure(turned, other), before)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (1.0, 1.0, 4.0), (1.0, 4.0, 1.0)])
@given(order=st.permutations(range(3)), flips=st.tuples(*[st.booleans()] * 3))
def test_nor_do_they_at_exactly_45_degrees(spacing, order, flips):
    mask = np.zeros((12, 12, 12), bool)
    mask[2:10, 3:9, 5:7] = True
    half = np.sqrt(0.5)
    turn = np.array([[1, 0, 0], [0, half, -half], [0, half, half]])
    affine = np.eye(4)
    affine[:3, :3] = turn * spacing
    before = measure(mask, affine)
    axes = [a for a in range(3) if flips[a]]
    other = affine[:, [*order, 3]] * np.array([*[-1.0 if flips[a] else 1.0 for a in order], 1.0])
    assert close(measure(np.flip(mask, axes).transpose(order), other), before)
    if max(spacing) > 1:
        assert spacing[axial_axis(affine)] == 4, "thick slices are measured as they are stored"


def test_regions_are_measured_as_unions_of_their_tissues():
    tissues = np.zeros((30, 30, 3), np.uint8)
    tissues[5:25, 5:15, 1] = Tissue.SNFH
    tissues[10:16, 6:12, 1] = Tissue.NETC
    found = measure_regions(tissues, np.eye(4))
    assert tuple(found) == REGIONS
    assert found[Region.WT].ml == pytest.approx(0.2)
    assert found[Region.TC].ml == pytest.approx(0.036)
    assert found[Region.ET] == Measurement(0, 0, 0)
