import nibabel as nib
import numpy as np
import pytest
from geometry import centred_on, ellipsoid, grid_centre, head, oblique_grids, world_points
from hypothesis import given, settings
from hypothesis import strategies as st

from mstkd.errors import InputError
from mstkd.evaluation import dice
from mstkd.modalities import CHANNELS, COMBINATIONS
from mstkd.preprocessing import Grid, Volume, prepare, read_volume, resample

F, T1, GD, T2 = CHANNELS


def volume(grid, seed=0, source="a.nii.gz"):
    return Volume(head(grid, seed), grid.affine, source)


def plain_grid(spacing=2.0, shape=(48, 50, 52)):
    affine = np.diag([spacing, spacing, spacing, 1.0])
    affine[:3, 3] = [-48, -50, -52]
    return Grid(shape, affine)


@pytest.mark.parametrize("present", COMBINATIONS)
def test_every_subset_is_prepared_with_absent_channels_zero(present):
    patient = prepare({m: volume(plain_grid(), m.channel, m.value) for m in present})
    assert patient.mask == tuple(m in present for m in CHANNELS)
    for modality in CHANNELS:
        channel = patient.images[modality.channel]
        if modality in present:
            inside = channel[channel != 0]
            assert inside.mean() == pytest.approx(0, abs=0.05)
            assert inside.std() == pytest.approx(1, abs=0.05)
        else:
            assert not channel.any()


def test_the_reference_is_t1gd_then_flair_then_t1_then_t2_unless_chosen():
    volumes = {m: volume(plain_grid(), m.channel, m.value) for m in CHANNELS}
    order = []
    while volumes:
        chosen = prepare(volumes).reference_modality
        order.append(chosen)
        del volumes[chosen]
    assert order == [GD, F, T1, T2]
    pair = {F: volume(plain_grid(), 1, "f"), T2: volume(plain_grid(3.0), 2, "t2")}
    assert prepare(pair, reference=T2).reference.source == "t2"
    with pytest.raises(InputError, match="T1Gd is not among the given sequences"):
        prepare(pair, reference=GD)


@settings(max_examples=15)
@given(oblique_grids(), st.lists(oblique_grids(), min_size=1, max_size=3))
def test_sequences_on_their_own_grids_land_on_one_and_the_result_on_the_references(reference, others):
    # One head in space, seen by grids that differ in everything but where they are.
    grids = [reference, *(centred_on(g, grid_centre(reference)) for g in others)]
    centre = grid_centre(reference)
    modalities = [GD, F, T1, T2][: len(grids)]
    volumes = {}
    for modality, grid in zip(modalities, grids, strict=True):
        image = np.where(ellipsoid(grid, centre, np.full(3, 36.0)), 100.0, 1.0)
        image += 80 * ellipsoid(grid, centre + np.array([5, -8, 6]), np.full(3, 12.0)) + modality.channel
        volumes[modality] = Volume(image.astype(np.float32), grid.affine, modality.value)
    patient = prepare(volumes)
    expected = ellipsoid(patient.grid, centre + np.array([5, -8, 6]), np.full(3, 12.0))
    for modality in modalities:
        assert dice(patient.images[modality.channel] > 1, expected) > 0.85, (
            "each sequence shows the lesion in the same place"
        )
    labels = patient.labels_to_reference(expected.astype(np.uint8))
    assert labels.shape == reference.shape
    assert dice(labels > 0, ellipsoid(reference, centre + np.array([5, -8, 6]), np.full(3, 12.0))) > 0.9


@settings(max_examples=15)
@given(st.permutations(range(3)), st.tuples(*[st.booleans()] * 3))
def test_storing_the_axes_in_another_order_changes_nothing(order, flipped):
    original = volume(plain_grid())
    array, affine = original.array.transpose(order), original.affine[:, [*order, 3]]
    for axis in np.flatnonzero(flipped):
        array = np.flip(array, axis)
        affine = affine.copy()
        affine[:3, 3] += affine[:3, axis] * (array.shape[axis] - 1)
        affine[:3, axis] *= -1
    again = prepare({F: Volume(array, affine, "b")})
    first = prepare({F: original})
    np.testing.assert_allclose(again.grid.affine, first.grid.affine, atol=1e-6)
    np.testing.assert_allclose(again.images, first.images, atol=1e-3)


def test_an_axis_aligned_patient_is_what_nibabel_calls_canonical(sample_files):
    patient = prepare({F: read_volume(sample_files[F])})
    canonical = nib.as_closest_canonical(nib.load(sample_files[F]))
    start = np.rint(np.linalg.inv(canonical.affine) @ patient.grid.affine[:, 3]).astype(int)[:3]
    i, j, k = (slice(s, s + n) for s, n in zip(start, patient.grid.shape, strict=True))
    brain = np.asarray(canonical.dataobj)[i, j, k]
    ours = patient.images[F.channel]
    # Within the clip limits, the z-score is a straight line of the stored values.
    inside = (ours != 0) & (np.abs(ours) < 2.5)
    assert inside.mean() > 0.2
    assert np.corrcoef(ours[inside], brain[inside])[0, 1] > 0.9999


def test_one_image_in_two_places_is_refused():
    first = volume(plain_grid(), source="a.nii.gz")
    copy = Volume(first.array.copy(), first.affine, "b.nii.gz")
    with pytest.raises(InputError, match=r"b\.nii\.gz.*same image.*a\.nii\.gz"):
        prepare({F: first, T2: copy})


def test_patients_that_do_not_meet_in_space_are_refused():
    far = plain_grid()
    far.affine[:3, 3] += 300
    with pytest.raises(InputError, match="does not overlap"):
        prepare({F: volume(plain_grid(), 0, "f"), T1: volume(far, 1, "t1")})


def test_a_sequence_that_sees_half_the_head_is_accepted_with_a_warning():
    half = Grid((48, 50, 26), plain_grid().affine)
    patient = prepare(
        {F: volume(plain_grid(), 0, "f"), T1: Volume(head(plain_grid(), 1)[..., :26], half.affine, "t1")}, F
    )
    assert "T1 covers only" in patient.warnings[0]


def test_nothing_given_is_refused():
    with pytest.raises(InputError, match="at least one"):
        prepare({})


def test_other_anatomy_in_the_same_place_is_refused():
    grid = plain_grid()
    points = world_points(grid) - grid_centre(grid)
    corner = np.where(((points + 30) ** 2).sum(axis=-1) < 12**2, 90.0, 1.0).astype(np.float32)
    other = np.where(((points - 30) ** 2).sum(axis=-1) < 12**2, 80.0, 1.0).astype(np.float32)
    with pytest.raises(InputError, match="does not overlap"):
        prepare({F: Volume(corner, grid.affine, "f"), T1: Volume(other, grid.affine, "t1")})


def test_a_skull_stripped_volume_that_was_z_scored_keeps_its_air():
    grid = plain_grid()
    brain = ((world_points(grid) - grid_centre(grid)) ** 2).sum(axis=-1) < 36**2
    image = np.where(brain, np.random.default_rng(0).normal(size=grid.shape), 0).astype(np.float32)
    patient = prepare({F: Volume(image, grid.affine, "f")})
    there = resample(brain, grid, patient.grid) > 0.5
    assert dice(patient.images[F.channel] != 0, there) > 0.9
    assert max(patient.grid.shape) < 90, "cropped to the brain"
