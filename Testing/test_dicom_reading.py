"""Slices to volumes: geometry, grey values, encodings, and what is wrong with a series."""

import os
import random
import shutil
from pathlib import Path

import highdicom
import numpy as np
import pytest
import SimpleITK as sitk
from dicom_study import ENHANCED_MR, Visit, save, set_pixels, slice_dataset
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)
from scipy.spatial.transform import Rotation

from mstkd.dicom import choose_study, propose, read_folder, read_stack
from mstkd.errors import InputError

ARRAY = np.random.default_rng(0).integers(0, 3000, (24, 20, 30)).astype(np.uint16)
AFFINE = np.array([[-4.0, 0, 0, 40], [0, -5, 0, 60], [0, 0, 3, -20], [0, 0, 0, 1]])


@pytest.fixture
def visit(tmp_path):
    return Visit(tmp_path / "export")


def stacks(visit):
    return choose_study(read_folder(visit.folder)).stacks


def only_volume(visit):
    (stack,) = stacks(visit)
    return read_stack(stack)


def check(volume, array=ARRAY, affine=AFFINE):
    np.testing.assert_array_equal(volume.array, array)
    np.testing.assert_allclose(volume.affine, affine, atol=1e-6)


def refused(visit, words):
    (stack,) = stacks(visit)
    with pytest.raises(InputError, match=words) as caught:
        read_stack(stack)
    message = str(caught.value)
    assert message.startswith("series 3 't2' (DICOM) ")
    assert message.endswith(".")
    assert "\n" not in message
    return message


def change(path, **values):
    image = dcmread(path)
    for keyword, value in values.items():
        setattr(image, keyword, value)
    image.save_as(path)


@st.composite
def geometries(draw):
    """Any rotation, axis order and handedness; anisotropic spacing with gaps; a few slices."""
    spacing = np.array([draw(st.floats(4, 9)) for _ in range(3)])
    turn = Rotation.from_euler("xyz", [draw(st.floats(-180, 180)) for _ in range(3)], degrees=True).as_matrix()
    affine = np.eye(4)
    affine[:3, :3] = turn * spacing * [1, 1, draw(st.sampled_from([-1.0, 1.0]))]
    affine[:3, 3] = [draw(st.floats(-150, 150)) for _ in range(3)]
    return tuple(draw(st.integers(6, 9)) for _ in range(3)), affine


@hypothesis_settings(max_examples=25)
@given(geometry=geometries(), seed=st.integers(0, 2**32), signed=st.booleans())
def test_any_orientation_spacing_and_order_of_files_comes_back(tmp_path_factory, geometry, seed, signed):
    shape, affine = geometry
    visit = Visit(tmp_path_factory.mktemp("oblique"), names=random.Random(seed))
    array = np.random.default_rng(seed).integers(-900 if signed else 0, 900, shape)
    array = array.astype(np.int16 if signed else np.uint16)
    visit.write(3, "t2", array, affine, InstanceNumber=1)
    volume = only_volume(visit)
    if np.linalg.det(affine[:3, :3]) > 0:  # slices were written along the normal in LPS+, a proper rotation of RAS+
        check_world(volume, array, affine)
    else:
        last = affine.copy()
        last[:3, 3] += (shape[2] - 1) * affine[:3, 2]
        last[:3, 2] *= -1
        check_world(volume, array[:, :, ::-1], last)


def check_world(volume, array, affine):
    np.testing.assert_array_equal(volume.array, array)
    np.testing.assert_allclose(volume.affine, affine, atol=1e-5)
    assert volume.warnings == ()


@pytest.mark.parametrize("tilt", [0, 10, 30])
def test_planes_are_named_by_the_normal(visit, tilt):
    turn = Rotation.from_euler("x", tilt, degrees=True).as_matrix()
    affine = AFFINE.copy()
    affine[:3, :3] = turn @ AFFINE[:3, :3]
    visit.write(3, "t2", ARRAY, affine)
    (stack,) = stacks(visit)
    assert stack.plane == "axial"
    assert stack.spacing == pytest.approx((4, 5, 3))


def test_grey_values_are_rescaled_slice_by_slice(visit):
    signed = ARRAY.astype(np.int16) - 1000
    for k, path in enumerate(visit.write(3, "t2", signed, AFFINE)):
        change(path, RescaleSlope=1 + k / 4, RescaleIntercept=-k)
    scale = 1 + np.arange(ARRAY.shape[2]) / 4
    check(only_volume(visit), signed * scale - np.arange(ARRAY.shape[2]))


def recode(path, syntax):
    save(dcmread(path), path, syntax)


def recode_with_itk(path, compressor):
    """Pixels compressed by GDCM, whose coder pydicom does not have, in the scanner's own header."""
    image, compressed = dcmread(path), path.with_name("compressed.dcm")
    writer = sitk.ImageFileWriter()
    writer.SetFileName(str(compressed))
    writer.UseCompressionOn()
    writer.SetCompressor(compressor)
    writer.SetImageIO("GDCMImageIO")
    writer.Execute(sitk.GetImageFromArray(image.pixel_array[None]))
    coded = dcmread(compressed)
    compressed.unlink()
    image.PixelData = coded.PixelData
    image["PixelData"].is_undefined_length = True
    image.file_meta.TransferSyntaxUID = coded.file_meta.TransferSyntaxUID
    assert image.file_meta.TransferSyntaxUID.is_compressed
    image.save_as(path)


ENCODINGS = {
    "implicit": lambda path: recode_plain(path, ImplicitVRLittleEndian),
    "deflated": lambda path: recode_plain(path, DeflatedExplicitVRLittleEndian),
    "RLE": lambda path: recode(path, RLELossless),
    "JPEG-LS": lambda path: recode(path, JPEGLSLossless),
    "JPEG lossless": lambda path: recode_with_itk(path, "JPEG"),
    "JPEG 2000": lambda path: recode_with_itk(path, "JPEG2000"),
}


def recode_plain(path, syntax):
    image = dcmread(path)
    image.file_meta.TransferSyntaxUID = syntax
    image.save_as(path, implicit_vr=syntax.is_implicit_VR, little_endian=True)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_lossless_encoding_gives_the_same_values(visit, encoding):
    small = ARRAY[:, :, :8]
    for k, path in enumerate(visit.write(3, "t2", small, AFFINE, RescaleSlope=2.5)):
        change(path, RescaleIntercept=k)
        ENCODINGS[encoding](path)
    check(only_volume(visit), small * 2.5 + np.arange(8))


@pytest.mark.parametrize("encoding", ["RLE", "JPEG-LS", "implicit", "deflated"])
@pytest.mark.parametrize("lost", [1, 400])
def test_a_truncated_file_is_named_and_its_series_refused_but_no_other(visit, encoding, lost):
    path = visit.write(3, "t2", ARRAY[:, :, :8], AFFINE)[4]
    visit.write(4, "t2 again", ARRAY, AFFINE)
    ENCODINGS[encoding](path)
    if encoding != "implicit":
        lost += 8  # the end mark of the sequence and the padding of a deflated file, which alone would be no loss
    os.truncate(path, path.stat().st_size - lost)
    found = read_folder(visit.folder)
    study = choose_study(found)
    (choice,) = propose(study).choices
    said = " ".join([*found.problems, choice.sentence])
    assert str(path) in said
    assert "damaged" in said or "truncated" in said
    assert choice.stack.number == 4
    check(read_stack(choice.stack))
    if encoding != "deflated":  # there not even the series is known
        with pytest.raises(InputError, match=str(path)):
            read_stack(study.series[0].stacks[0])


def test_a_file_cut_within_its_header_is_named(visit):
    path = visit.write(3, "t2", ARRAY, AFFINE)[0]
    whole = path.read_bytes()
    os.truncate(path, 300)
    assert str(path) in read_folder(visit.folder).problems[0]
    path.write_bytes(whole[: whole.index(b"MONOCHROME2")])
    refused(visit, f"holds truncated files \\({path}\\)")


def test_a_whole_copy_of_a_truncated_file_is_enough(visit):
    path = visit.write(3, "t2", ARRAY, AFFINE)[4]
    shutil.copy(path, visit.folder / "copy")
    os.truncate(path, path.stat().st_size - 100)
    check(only_volume(visit))


def test_a_missing_slice_is_filled_and_loudly_said(visit):
    paths = visit.write(3, "t2", ARRAY, AFFINE)
    paths[11].unlink()
    volume = only_volume(visit)
    expected = ARRAY.astype(np.float32)
    expected[:, :, 11] = (expected[:, :, 10] + expected[:, :, 12]) / 2
    check(volume, expected)
    assert volume.warnings == (
        "series 3 't2' (DICOM) misses 1 of its 30 slices (at 13.0 mm along its normal); each was filled with the mean "
        "of its neighbours and shows no anatomy of its own.",
    )


@pytest.mark.parametrize("missing", [[11, 12], [3, 8, 15, 22]], ids=["neighbours", "many"])
def test_several_missing_slices_are_refused(visit, missing):
    paths = visit.write(3, "t2", ARRAY, AFFINE)
    for k in missing:
        paths[k].unlink()
    assert f"misses {len(missing)} of its 30 slices" in refused(visit, "too many to bridge; export")


def test_uneven_distances_are_refused(visit):
    paths = visit.write(3, "t2", ARRAY, AFFINE)
    change(paths[-1], ImagePositionPatient=[-40, -60, 68.5])
    refused(visit, "uneven distances")


def test_positions_rounded_to_a_tenth_of_a_millimetre_are_even_enough(visit):
    affine = AFFINE.copy()
    affine[2, 2] = 1.037
    for path in visit.write(3, "t2", ARRAY, affine):
        change(path, ImagePositionPatient=[round(float(mm), 1) for mm in dcmread(path).ImagePositionPatient])
    np.testing.assert_allclose(only_volume(visit).affine, affine, atol=0.01)


def test_gaps_between_slices_are_in_the_spacing_whatever_the_thickness_says(visit):
    visit.write(3, "t2", ARRAY, AFFINE, SliceThickness=2, SpacingBetweenSlices=2)
    assert only_volume(visit).spacing == pytest.approx([4, 5, 3])


def test_slices_that_drift_sideways_are_read_sheared(visit):
    affine = AFFINE.copy()
    affine[1, 2] = 0.9
    visit.write(3, "t2", ARRAY, affine)
    volume = only_volume(visit)
    check(volume, affine=affine)
    assert "shift sideways by 0.90 mm" in volume.warnings[0]


@pytest.mark.parametrize("same_uid", [True, False])
def test_a_slice_that_is_there_twice_is_used_once(visit, same_uid):
    path = visit.write(3, "t2", ARRAY, AFFINE)[4]
    shutil.copy(path, visit.folder / "copy")
    if not same_uid:
        change(visit.folder / "copy", SOPInstanceUID=generate_uid(), InstanceNumber=77)
    volume = only_volume(visit)
    check(volume)
    assert "holds 1 of its slices twice with the same pixels" in volume.warnings[0]


def test_different_slices_at_one_position_are_refused_by_name(visit):
    path = visit.write(3, "t2", ARRAY, AFFINE)[4]
    shutil.copy(path, visit.folder / "copy")
    image = dcmread(path)
    set_pixels(image, image.pixel_array + np.uint16(1))
    image.save_as(path)
    message = refused(visit, "different images at one position")
    assert str(path) in message
    assert str(visit.folder / "copy") in message


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        ({"AcquisitionNumber": 1}, {"AcquisitionNumber": 2}, "acquisition"),
        ({"TemporalPositionIdentifier": 1}, {"TemporalPositionIdentifier": 2}, "time point"),
        ({"EchoTime": 20}, {"EchoTime": 100}, "echo time"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "M"]}, {"ImageType": ["ORIGINAL", "PRIMARY", "P"]}, "image type"),
        ({"FrameOfReferenceUID": "1.2.3"}, {"FrameOfReferenceUID": "1.2.4"}, "frame of reference"),
    ],
)
def test_a_series_of_several_stacks_is_divided_and_said(visit, first, second, what):
    uid = generate_uid()
    visit.write(3, "t2", ARRAY, AFFINE, uid=uid, **first)
    visit.write(3, "t2", ARRAY[::-1], AFFINE, uid=uid, **second)
    study = choose_study(read_folder(visit.folder))
    assert f"holds 2 stacks that differ in {what}; each is taken by itself." in study.series[0].problems
    arrays = [read_stack(stack).array for stack in study.stacks]
    assert any(np.array_equal(array, ARRAY) for array in arrays)
    assert any(np.array_equal(array, ARRAY[::-1]) for array in arrays)
    assert {stack.name for stack in study.stacks} == {"series 3 't2' part 1", "series 3 't2' part 2"}


def test_acquisition_numbers_of_interleaved_slices_do_not_divide_a_stack(visit):
    for k, path in enumerate(visit.write(3, "t2", ARRAY, AFFINE)):
        change(path, AcquisitionNumber=k % 2 + 1)
    check(only_volume(visit))


def test_a_scout_of_another_orientation_in_the_series_is_set_apart(visit):
    paths = visit.write(3, "t2", ARRAY, AFFINE)
    change(paths[29], ImageOrientationPatient=[0, 1, 0, 0, 0, -1])
    whole, scout = sorted(stacks(visit), key=lambda s: -s.slices)
    check(read_stack(whole), ARRAY[:, :, :29])
    assert (scout.slices, "too few" in scout.refusal) == (1, True)


@pytest.mark.parametrize("pixels", ["colour", "no position", "constant"])
def test_images_that_are_no_slices_of_tissue_are_refused_with_the_reason(visit, pixels):
    visit.write(4, "t2 good", ARRAY, AFFINE)
    paths = visit.write(3, "t2", np.full_like(ARRAY, 7) if pixels == "constant" else ARRAY, AFFINE)
    for path in paths:
        if pixels == "colour":
            change(path, SamplesPerPixel=3, PhotometricInterpretation="RGB", PixelData=dcmread(path).PixelData * 3)
        elif pixels == "no position":
            image = dcmread(path)
            del image.ImagePositionPatient
            image.save_as(path)
    series = choose_study(read_folder(visit.folder)).series[0]
    if pixels == "constant":
        with pytest.raises(InputError, match=r"series 3 't2' .* is empty"):
            read_stack(series.stacks[0])
    else:
        assert series.stacks == ()
        assert {"colour": "not plain greyscale (RGB)", "no position": "where they lie"}[pixels] in series.problems[0]


def test_a_legacy_converted_enhanced_image_is_the_series_it_was_made_from(visit):
    paths = visit.write(3, "t2", ARRAY, AFFINE, Manufacturer="Maker", AccessionNumber="", ReferringPhysicianName="")
    order = list(paths)
    random.Random(3).shuffle(order)
    images = [dcmread(path) for path in order]
    for image in images:
        image.PatientSex, image.StudyTime = "O", "100000"
    enhanced = highdicom.legacy.LegacyConvertedEnhancedMRImage(images, generate_uid(), 3, generate_uid(), 1)
    shutil.rmtree(visit.folder)
    visit.folder.mkdir()
    enhanced.save_as(visit.folder / "IM1")
    check(only_volume(visit))


def group(**values):
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return [item]


def enhanced_mr(path: Path, echoes: dict[float, np.ndarray]) -> None:
    """One file with a stack for each echo time, frames in falling order, each with its own slope."""
    image, frames = slice_dataset(ARRAY[:, :, 0], AFFINE, 0), []
    shared, image.PerFrameFunctionalGroupsSequence = Dataset(), []
    shared.PixelMeasuresSequence = group(PixelSpacing=image.PixelSpacing, SliceThickness=1)
    shared.PlaneOrientationSequence = group(ImageOrientationPatient=image.ImageOrientationPatient)
    for k in reversed(range(ARRAY.shape[2])):
        for echo, array in echoes.items():
            own = Dataset()
            place = slice_dataset(array[:, :, k], AFFINE, k).ImagePositionPatient
            own.PlanePositionSequence = group(ImagePositionPatient=place)
            own.MREchoSequence = group(EffectiveEchoTime=echo)
            own.PixelValueTransformationSequence = group(RescaleSlope=k + 1, RescaleIntercept=echo)
            image.PerFrameFunctionalGroupsSequence.append(own)
            frames.append(array[:, :, k].T)
    for keyword in ("PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient"):
        delattr(image, keyword)
    image.SharedFunctionalGroupsSequence, image.NumberOfFrames = [shared], len(frames)
    image.PixelData, image.SOPClassUID = np.stack(frames).astype("<u2").tobytes(), ENHANCED_MR
    image.PatientID, image.StudyInstanceUID, image.SeriesInstanceUID = "P", generate_uid(), generate_uid()
    image.SeriesNumber, image.SeriesDescription = 3, "t2"
    save(image, path)


def test_an_enhanced_image_of_two_echoes_is_two_stacks_with_their_own_slopes(visit):
    echoes = {20.0: ARRAY, 100.0: ARRAY[::-1]}
    enhanced_mr(visit.folder / "IM1", echoes)
    found = {stack.layout.frames[0].contrast[1]: read_stack(stack) for stack in stacks(visit)}
    assert set(found) == set(echoes)
    for echo, array in echoes.items():
        check(found[echo], array * np.arange(1.0, 31) + echo)


def test_a_truncated_enhanced_image_is_named(visit):
    enhanced_mr(visit.folder / "IM1", {20.0: ARRAY})
    os.truncate(visit.folder / "IM1", (visit.folder / "IM1").stat().st_size - 1)
    study = read_folder(visit.folder).studies[0]
    assert f"holds truncated files ({visit.folder / 'IM1'})" in study.damage[0]


def test_a_file_that_starts_like_dicom_but_is_not_is_reported(visit):
    visit.write(3, "t2", ARRAY, AFFINE)
    (visit.folder / "noise").write_bytes(bytes(128) + b"DICM" + random.Random(0).randbytes(4000))
    found = read_folder(visit.folder)
    assert str(visit.folder / "noise") in found.problems[0]
    check(read_stack(found.studies[0].stacks[0]))
