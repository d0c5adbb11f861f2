import numpy as np
from geometry import centred_on, ellipsoid, grid_centre, oblique_grids, world_points
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from nibabel.affines import apply_affine
from scipy import ndimage

from mstkd.evaluation import dice
from mstkd.preprocessing import Grid, bounding_box, resample, resample_labels, world_grid
from mstkd.preprocessing.grid import widened

offsets = st.tuples(*[st.floats(-12, 12)] * 3)
radii = st.tuples(*[st.floats(6.3, 20)] * 3)


@given(oblique_grids(shear=True))
def test_the_world_grid_covers_the_volume_in_ras_at_one_millimetre(grid):
    world = world_grid(grid)
    np.testing.assert_allclose(world.affine[:3, :3], np.eye(3))
    corners = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * (np.array(grid.shape) - 1)
    index = apply_affine(np.linalg.inv(world.affine), apply_affine(grid.affine, corners))
    assert (index > -0.5).all()
    assert (index < np.array(world.shape) - 0.5).all()


@given(oblique_grids(shear=True), oblique_grids(shear=True))
def test_resampling_agrees_with_scipy(source, target):
    image = np.random.default_rng(1).normal(size=source.shape).astype(np.float32)
    ours = resample(image, source, target, outside=-9)
    index = apply_affine(np.linalg.inv(source.affine), world_points(target))
    theirs = ndimage.map_coordinates(image, np.moveaxis(index, -1, 0), order=1, mode="nearest")
    inside = ((index > 0) & (index < np.array(source.shape) - 1)).all(axis=-1)
    beyond = ((index < -0.51) | (index > np.array(source.shape) - 0.49)).any(axis=-1)
    np.testing.assert_allclose(ours[inside], theirs[inside], atol=2e-2)
    assert (ours[beyond] == -9).all()


@given(
    st.permutations([0, 1, 2]),
    st.tuples(*[st.sampled_from([-1, 1])] * 3),
    st.tuples(*[st.integers(-9, 9)] * 3),
    st.tuples(*[st.integers(1, 9)] * 3),
    st.floats(0.3, 4),
)
def test_grids_that_share_their_voxel_centres_exchange_values_unchanged(order, signs, shift, shape, spacing):
    image = np.random.default_rng(2).normal(size=(5, 7, 6)).astype(np.float32)
    source = Grid(image.shape, np.diag([spacing, spacing, spacing, 1.0]))
    step = np.eye(3)[:, order] * signs
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = step * spacing, np.array(shift) * spacing
    target = Grid(shape, affine)
    index = np.rint(apply_affine(np.linalg.inv(source.affine), world_points(target)))
    expected = ndimage.map_coordinates(image, np.moveaxis(index, -1, 0), order=0, mode="constant", cval=-9)
    np.testing.assert_array_equal(resample(image, source, target, outside=-9), expected)


def test_a_rotation_about_one_axis_with_signed_zeros_is_resampled_right():
    # ITK's own inversion of this direction matrix fails and misplaces the image.
    affine = np.eye(4)
    affine[:3, :3] = [
        [4.9184321646368, -0.0, -0.0],
        [0, 0.6985307856728, -1.2452974798427],
        [0, 1.0402730165726, 0.8362022403088],
    ]
    source = Grid((20, 60, 60), affine)
    mask = ellipsoid(source, grid_centre(source), np.array([20, 15, 10]))
    world = world_grid(source)
    expected = ellipsoid(world, grid_centre(source), np.array([20, 15, 10]))
    assert dice(resample(mask, source, world) > 0.5, expected) > 0.95


@given(oblique_grids(), offsets, radii)
def test_a_label_map_survives_the_way_to_the_working_grid_and_back(grid, offset, radius):
    tumour = ellipsoid(grid, grid_centre(grid) + offset, np.array(radius))
    assume(tumour.sum() * abs(np.linalg.det(grid.affine[:3, :3])) > 1000)
    core = ellipsoid(grid, grid_centre(grid) + offset, np.array(radius) / 2)
    labels = np.where(core, 3, np.where(tumour, 2, 0)).astype(np.uint8)
    world = world_grid(grid)
    back = resample_labels(resample_labels(labels, grid, world), world, grid)
    assert back.shape == grid.shape
    assert dice(back > 0, tumour) > 0.95


@given(oblique_grids(), oblique_grids(), offsets)
def test_a_label_lies_where_the_object_lies_in_the_world(source, target, offset):
    centre = grid_centre(source)
    target = centred_on(target, centre + offset)
    radius = np.array([18.0, 18, 18])
    labels = ellipsoid(source, centre, radius).astype(np.uint8)
    assert dice(resample_labels(labels, source, target) > 0, ellipsoid(target, centre, radius)) > 0.9


def test_cropping_a_grid_keeps_each_voxel_in_its_place():
    grid = Grid((9, 8, 7), np.array([[0, -2.0, 0, 5], [1, 0, 0, 6], [0, 0, 3, 7], [0, 0, 0, 1]]))
    box = (slice(2, 7), slice(1, 8), slice(0, 3))
    np.testing.assert_allclose(world_points(grid.crop(box)), world_points(grid)[box])


@given(
    mask=arrays(bool, array_shapes(min_dims=2, max_dims=3, max_side=7)),
    margin=st.integers(0, 3),
)
def test_a_bounding_box_is_scipys_and_a_margin_stays_inside(mask, margin):
    found = bounding_box(mask, margin)
    inner = ndimage.find_objects(mask.astype(int))
    expected = inner[0] if inner else tuple(slice(0, n) for n in mask.shape)
    wider = tuple(
        slice(max(0, s.start - margin), min(n, s.stop + margin)) for s, n in zip(expected, mask.shape, strict=True)
    )
    assert found == wider


@given(
    arrays(bool, (9, 10, 11), elements=st.sampled_from([False, False, False, True])), st.sampled_from([1.0, 2.2, 3.0])
)
def test_a_widened_mask_reaches_as_far_as_it_says(mask, margin):
    assume(mask.any())
    far = ndimage.distance_transform_edt(~mask)
    grown = widened(mask, margin)
    assert grown[far <= round(margin)].all()
    assert not grown[far >= round(margin) + 1].any()
