"""A model package as a MONAI bundle: MONAI runs it, and the result is the one of `mstkd segment`."""

import hashlib
import importlib.util
import json
import subprocess
import sys

import nibabel as nib
import numpy as np
import pytest
import torch
from conftest import NAMES, card
from monai.bundle import ConfigParser, ConfigWorkflow, verify_net_in_out

from mstkd.bundle import export_bundle, load_model
from mstkd.errors import InputError
from mstkd.modalities import Modality, describe, missing
from mstkd.models import load_package, write_package
from mstkd.network import MSTKDNet
from mstkd.pipeline import segment_files
from mstkd.sources import find_sources
from mstkd.store import shipped_model

FLAIR, T1, T1GD, T2 = Modality
needs_fire = pytest.mark.skipif(importlib.util.find_spec("fire") is None, reason="MONAI's command line needs fire")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """The shipped model as a bundle."""
    folder = tmp_path_factory.mktemp("bundles") / "compact"
    export_bundle(shipped_model(), folder)
    return folder


@pytest.fixture
def box_files(tumour_box):
    return {modality: tumour_box / f"{NAMES[modality]}.nii.gz" for modality in Modality}


@pytest.fixture
def small_bundle(small_package, tmp_path):
    export_bundle(small_package, tmp_path / "bundle")
    return tmp_path / "bundle"


def monai_run(folder, **options):
    command = [sys.executable, "-m", "monai.bundle", "run", "--bundle_root", folder]
    command += ["--config_file", folder / "configs" / "inference.json"]
    command += ["--meta_file", folder / "configs" / "metadata.json"]
    command += [text for name, value in options.items() for text in (f"--{name}", value)]
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)


def run_here(folder, **overrides):
    """What MONAI's command runs, without its command line."""
    workflow = ConfigWorkflow(
        config_file=str(folder / "configs" / "inference.json"),
        workflow_type="infer",
        bundle_root=str(folder),
        **overrides,
    )
    workflow.initialize()
    workflow.run()


def assert_same_labels(theirs, ours, reference):
    theirs, ours = (nib.load(folder / "labels.nii.gz") for folder in (theirs, ours))
    assert np.array_equal(np.asarray(theirs.dataobj), np.asarray(ours.dataobj))
    assert np.asarray(theirs.dataobj).any(), "an empty label map would prove little"
    assert np.array_equal(theirs.affine, ours.affine)
    assert np.array_equal(theirs.affine, nib.load(reference).affine)


@needs_fire
def test_monai_gives_the_label_map_of_mstkd_segment_voxel_for_voxel(bundle, box_files, tmp_path):
    answer = monai_run(bundle, output_dir=tmp_path / "theirs", **{m.value: file for m, file in box_files.items()})
    assert answer.returncode == 0, answer.stderr
    assert all(str(file) in answer.stdout for file in box_files.values())
    assert "Research use only" in answer.stdout
    segment_files(find_sources(None, box_files), tmp_path / "ours")
    assert_same_labels(tmp_path / "theirs", tmp_path / "ours", box_files[T1GD])


@pytest.mark.parametrize("given", [(FLAIR, T1GD), (FLAIR,)], ids=describe)
def test_sequences_may_be_missing_and_are_named(bundle, box_files, tmp_path, capsys, given):
    files = {modality: box_files[modality] for modality in given}
    run_here(bundle, output_dir=str(tmp_path / "theirs"), **{m.value: str(file) for m, file in files.items()})
    assert f"Missing: {describe(missing(given))}" in capsys.readouterr().out
    segment_files(find_sources(None, files), tmp_path / "ours")
    assert_same_labels(tmp_path / "theirs", tmp_path / "ours", files[given[-1]])


@needs_fire
def test_without_a_sequence_monai_ends_in_one_sentence_and_writes_nothing(small_bundle, tmp_path):
    answer = monai_run(small_bundle, output_dir=tmp_path / "out")
    assert answer.returncode == 2
    assert answer.stderr.splitlines()[-1].startswith("mstkd: no sequence was given; give at least one of --flair")
    assert "Traceback" not in answer.stderr
    assert not (tmp_path / "out").exists()


def flip_a_byte(folder):
    data = bytearray((folder / "models" / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "models" / "model.safetensors").write_bytes(data)


def other_network(folder):
    config = json.loads((folder / "configs" / "inference.json").read_text())
    config["network_def"]["architecture"]["hidden"] = 32
    (folder / "configs" / "inference.json").write_text(json.dumps(config))


BAD = {
    "damaged weights": (flip_a_byte, {}, "SHA-256"),
    "no weights": (lambda folder: (folder / "models" / "model.safetensors").unlink(), {}, "lacks model.safetensors"),
    "sizes of another network": (other_network, {}, "leave network_def as it was"),
    "a file that is not there": (lambda folder: None, {"flair": "nothing.nii.gz"}, "nothing.nii.gz"),
    "an unknown device": (lambda folder: None, {"device": "abacus"}, "abacus"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_a_bundle_cannot_use_is_one_sentence(small_bundle, tumour_box, tmp_path, capsys, kind):
    damage, overrides, words = BAD[kind]
    damage(small_bundle)
    given = {"flair": str(tumour_box / "flair.nii.gz"), "output_dir": str(tmp_path / "out"), **overrides}
    with pytest.raises(SystemExit) as caught:
        run_here(small_bundle, **given)
    assert caught.value.code == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith("mstkd: ")
    assert words in said
    assert not (tmp_path / "out").exists()


def test_the_weights_are_the_package_s_and_nothing_in_the_bundle_is_a_pickle(bundle):
    files = {str(path.relative_to(bundle)) for path in bundle.rglob("*") if path.is_file()}
    assert files == {
        "LICENSE",
        "configs/inference.json",
        "configs/metadata.json",
        "docs/README.md",
        "models/LICENCE.md",
        "models/card.json",
        "models/curves.png",
        "models/failures.png",
        "models/model.safetensors",
    }
    shipped = json.loads((shipped_model() / "card.json").read_text())
    weights = (bundle / "models" / "model.safetensors").read_bytes()
    assert hashlib.sha256(weights).hexdigest() == shipped["weights"]["sha256"]
    assert shipped["licence"] in (bundle / "LICENSE").read_text()


def test_the_metadata_hold_what_monai_s_schema_asks_for(bundle):
    said = json.loads((bundle / "configs" / "metadata.json").read_text())
    texts = {"schema", "version", "monai_version", "pytorch_version", "numpy_version", "task", "description"}
    assert all(isinstance(said[name], str) and said[name] for name in texts | {"authors", "copyright", "intended_use"})
    assert "mstkd" in said["required_packages_version"]
    assert "Research use only" in said["intended_use"]
    stated = json.loads((shipped_model() / "card.json").read_text())["accuracy"]
    flair = next(row["dice"] for row in stated if (row["sequences"], row["region"]) == ("FLAIR", "WT"))
    assert said["eval_metrics"]["WT"]["FLAIR"] == pytest.approx(flair)
    assert set(said["network_data_format"]["inputs"]) == {"image", "mask"}
    for tensors in said["network_data_format"].values():
        for tensor in tensors.values():
            assert {"type", "format", "num_channels", "spatial_shape", "dtype", "value_range"} <= set(tensor)
    channels = said["network_data_format"]["inputs"]["image"]["channel_def"]
    assert channels == {"0": "FLAIR", "1": "T1", "2": "T1Gd", "3": "T2"}


def test_monai_finds_network_and_inferer_for_one_s_own_code(bundle):
    config, meta = (str(bundle / "configs" / name) for name in ("inference.json", "metadata.json"))
    verify_net_in_out("network_def", meta, config, "cpu", n=4, extra_forward_args={"mask": torch.ones(1, 4)})
    parser = ConfigParser()
    parser.read_config(config)
    network = load_model(parser.get_parsed_content("network_def"), bundle).network
    wanted = load_package(shipped_model()).network
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), wanted.parameters(), strict=True))
    images = np.random.default_rng(0).normal(size=(4, 24, 20, 16)).astype(np.float32)
    probabilities = parser.get_parsed_content("inferer")(network, images, (True,) * 4, device=torch.device("cpu"))
    with torch.no_grad():
        logits = wanted(torch.nn.functional.pad(torch.from_numpy(images)[None], (0, 0, 0, 4)), torch.ones(1, 4))
    expected = torch.softmax(logits, 1)[0, :, :, :20].numpy()
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)


def test_a_bundle_is_refused_with_a_network_that_lacks_the_second_look(bundle):
    shipped = load_package(shipped_model())
    assert shipped.card["enhancement_without"] == ["t2"]
    with pytest.raises(InputError, match="leave network_def as it was"):
        load_model(MSTKDNet(shipped.network.architecture), bundle)


@pytest.mark.parametrize("sign", ["$", "%", "@"])
def test_no_text_of_a_card_is_code_to_monai(small_architecture, tmp_path, sign):
    evil = f"{sign}__import__('pathlib').Path('{tmp_path}/done').touch() or 'Research use only'"
    words = dict.fromkeys(("summary", "intended_use", "licence", "citation"), evil)
    training = card()["training"] | {"data": [{"dataset": evil, "patients": {}, "licence": evil}]}
    write_package(tmp_path / "package", MSTKDNet(small_architecture), card() | words | {"training": training})
    export_bundle(tmp_path / "package", tmp_path / "bundle")
    parser = ConfigParser()
    parser.read_config(str(tmp_path / "bundle" / "configs" / "inference.json"))
    parser.read_meta(str(tmp_path / "bundle" / "configs" / "metadata.json"))
    assert evil in parser.get_parsed_content("_meta_::description")
    parser.get_parsed_content("_meta_")
    assert not (tmp_path / "done").exists()


def test_the_command_exports_by_name_and_a_folder_in_use_is_refused(tmp_path):
    (tmp_path / "bundle").mkdir()
    command = [sys.executable, "-m", "mstkd", "models", "export", "compact-student", "-o", str(tmp_path / "bundle")]
    subprocess.run(command, check=True)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    with pytest.raises(InputError, match="bundle is not an empty folder"):
        export_bundle(shipped_model(), tmp_path / "bundle")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_what_cannot_be_exported_leaves_nothing(small_package, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        export_bundle(small_package, tmp_path / "file" / "bundle")
    (small_package / "weights.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match="SHA-256"):
        export_bundle(small_package, tmp_path / "bundle")
    assert {path.name for path in tmp_path.iterdir()} == {"file", "package"}
