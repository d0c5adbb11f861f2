"""Models come in verified, with consent, and whole; what is on disk is never half a model."""

import hashlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
import zipfile

import pytest
import torch
from conftest import card
from https_server import https_server
from test_cli import mstkd

import mstkd.store.download as download_room
from mstkd.errors import CancelledError, InputError
from mstkd.modalities import CHANNELS, Modality
from mstkd.models import load_package, write_package
from mstkd.network import MSTKDNet
from mstkd.store import (
    ExpectedDice,
    accept_staged,
    discard_staged,
    find_model,
    installed_models,
    needs_consent,
    problems,
    remove_model,
    shipped_model,
    stage_model,
)

CARD, WEIGHTS = "card.json", "weights.safetensors"


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    """The user's models folder, empty."""
    monkeypatch.setenv("MSTKD_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def package_zip(small_package, tmp_path):
    return zipped(tmp_path / "package.zip", {f"small/{p.name}": p.read_bytes() for p in small_package.iterdir()})


def zipped(path, members):
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def left_in(models):
    """What a user would find, but for the lock."""
    return {path.name for path in models.iterdir() if path.name != ".lock"} if models.exists() else set()


def install(source):
    return accept_staged(stage_model(source).folder)


def other_weights(folder, architecture, **changes):
    torch.manual_seed(1)
    write_package(folder, MSTKDNet(architecture), {**card(), **changes})
    return folder


def test_importing_store_and_batch_loads_only_the_standard_library():
    code = (
        "import sys; before = set(sys.modules); import mstkd.store, mstkd.batch;"
        "names = {name.partition('.')[0] for name in set(sys.modules) - before} - {'mstkd'};"
        "sys.exit(str(names - sys.stdlib_module_names) if names - sys.stdlib_module_names else 0)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr


def test_a_folder_is_staged_accepted_used_and_removed(small_package, models):
    (small_package / "README.md").write_text("Hello")
    for name in ("curves.png", "failures.png", "notes.txt"):
        (small_package / name).write_text("private" if name == "notes.txt" else "a picture")
    staged = stage_model(small_package)
    assert staged.card["name"] == "small"
    assert [model.name for model in installed_models() if not model.shipped] == [], "nothing is installed unasked"
    model = accept_staged(staged.folder)
    assert model.folder == models / "small-1"
    assert model.label == "small 1"
    assert left_in(models) == {"small-1"}
    assert {path.name for path in model.folder.iterdir()} == {CARD, WEIGHTS, "README.md", "curves.png", "failures.png"}
    assert stat.S_IMODE(model.folder.stat().st_mode) & 0o055 == 0o055, "others on this machine may use it"
    load_package(model.folder)
    assert find_model("small") == find_model("small-1") == model.folder
    assert problems() == []
    remove_model(model.folder)
    assert left_in(models) == set()


@pytest.mark.parametrize("prefix", ["", "small/"])
def test_a_zip_file_is_staged_with_its_files_at_the_top_or_in_one_folder(small_package, tmp_path, prefix):
    members = {f"{prefix}{p.name}": p.read_bytes() for p in small_package.iterdir()}
    members |= {
        f"{prefix}LICENSE": b"none",
        f"{prefix}curves.png": b"drawn",
        f"__MACOSX/{prefix}._card.json": b"of the Finder",
    }
    path = zipped(tmp_path / "a.zip", members)
    model = accept_staged(stage_model(path, sha256(path)).folder)
    assert {file.name for file in model.folder.iterdir()} == {CARD, WEIGHTS, "LICENSE", "curves.png"}


def test_a_discarded_model_leaves_nothing(small_package, models):
    discard_staged(stage_model(small_package).folder)
    assert left_in(models) == set()


def link(path):
    with zipfile.ZipFile(path, "a") as file:
        member = zipfile.ZipInfo("small/README")
        member.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(member, "/etc/passwd")


def cut(path):
    path.write_bytes(path.read_bytes()[:-200])


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def add(name):
    def change(path):
        with zipfile.ZipFile(path, "a") as file:
            file.writestr(name, "x")

    return change


def unusually_compressed(path):
    members = {name: zipfile.ZipFile(path).read(name) for name in zipfile.ZipFile(path).namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as file:
        for name, content in members.items():
            file.writestr(name, content)


def odd_name(path):
    add("small/README\u00fc")(path)
    path.write_bytes(path.read_bytes().replace("\u00fc".encode(), b"\xff\xff"))


BAD_ZIPS = {
    "absolute": (add("/tmp/card.json"), "does not belong"),
    "upwards": (add("../card.json"), "does not belong"),
    "a drive": (add("C:/card.json"), "does not belong"),
    "a script": (add("small/install.py"), "does not belong"),
    "too deep": (add("small/deep/README"), "does not belong"),
    "a link": (link, "does not belong"),
    "two packages": (add("other/card.json"), "several packages"),
    "cut off": (cut, "no whole zip file"),
    "LZMA": (unusually_compressed, "compressed in an unusual way"),
    "a name that is no UTF-8": (odd_name, "no whole zip file"),
    "damaged": (flip, "no whole zip file|is damaged"),
}


@pytest.mark.parametrize("kind", BAD_ZIPS)
def test_a_bad_zip_file_is_refused_in_one_sentence_and_leaves_nothing(package_zip, models, tmp_path, kind):
    damage, words = BAD_ZIPS[kind]
    damage(package_zip)
    before = {path for path in tmp_path.rglob("*") if models not in path.parents}
    with pytest.raises(InputError, match=words) as caught:
        stage_model(package_zip)
    assert str(package_zip) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert left_in(models) == set()
    assert {path for path in tmp_path.rglob("*") if models not in path.parents} - before <= {models}


def test_an_archive_that_swells_is_not_unpacked(tmp_path, models, monkeypatch):
    monkeypatch.setattr("mstkd.store.archive.MOST_BYTES", 1 << 20)
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(WEIGHTS, bytes(4 << 20))
    assert path.stat().st_size < 100_000
    with pytest.raises(InputError, match="unpacks to more than"):
        stage_model(path)
    assert left_in(models) == set()


def test_a_card_that_is_nested_without_end_is_refused(small_package, models):
    (small_package / CARD).write_text("[" * 200_000)
    with pytest.raises(InputError, match="no readable card"):
        stage_model(small_package)
    assert left_in(models) == set()
    shutil.copytree(small_package, models / "small-1")
    assert "no readable card" in problems()[0]


@pytest.mark.parametrize("wrong", [None, "high", {}])
def test_an_installed_card_with_a_wrong_threshold_is_a_problem_and_hides_no_other_model(small_package, models, wrong):
    changed = json.loads((small_package / CARD).read_text()) | {"least_part_probability": wrong}
    (small_package / CARD).write_text(json.dumps(changed))
    shutil.copytree(small_package, models / "small-1")
    assert "no readable card" in problems()[0]
    assert [model.shipped for model in installed_models()] == [True]


def test_a_package_with_wrong_weights_is_refused_by_the_name_the_user_gave(small_package, models):
    flip(small_package / WEIGHTS)
    with pytest.raises(InputError, match="SHA-256") as caught:
        stage_model(small_package)
    assert str(small_package) in str(caught.value)
    assert left_in(models) == set()


BAD_SOURCES = {
    "http": ("http://example.org/a.zip", "0" * 64, "https only"),
    "file address": ("file:///etc/passwd", "0" * 64, "https only"),
    "no hash": ("https://example.org/a.zip", None, "needs the SHA-256"),
    "half a hash": ("https://example.org/a.zip", "abc", "64 hexadecimal"),
    "two hashes": (f"https://example.org/a.zip#sha256={'1' * 64}", "0" * 64, "two different"),
    "nowhere": ("/no/such/file.zip", None, "does not exist"),
}


@pytest.mark.parametrize("kind", BAD_SOURCES)
def test_a_source_that_cannot_be_trusted_is_refused_before_anything_is_fetched(models, kind):
    source, given, words = BAD_SOURCES[kind]
    with pytest.raises(InputError, match=words):
        stage_model(source, given)


def test_a_hash_that_does_not_fit_is_refused_also_for_a_file(package_zip, models):
    with pytest.raises(InputError, match="SHA-256 differs"):
        stage_model(package_zip, "0" * 64)
    assert left_in(models) == set()


@pytest.mark.parametrize(
    "change", [*({"version": text} for text in ("../../evil", "1-2", "1.", "1\n", "")), {"name": "small\n"}]
)
def test_name_and_version_can_only_make_a_folder_of_their_own(small_package, change):
    changed = json.loads((small_package / CARD).read_text()) | change
    (small_package / CARD).write_text(json.dumps(changed))
    with pytest.raises(InputError, match=r"version:|name:"):
        stage_model(small_package)


def test_a_model_put_by_hand_into_the_folder_of_another_is_not_replaced(small_package, models):
    shutil.copytree(shipped_model(), models / "small-1")
    with pytest.raises(InputError, match="small-1 holds the model compact-student"):
        install(small_package)
    assert json.loads((models / "small-1" / CARD).read_text())["name"] == "compact-student"


def test_the_same_model_again_is_fine_and_another_under_its_name_refused(
    small_package, small_architecture, tmp_path, models
):
    first = install(small_package)
    assert install(small_package) == first
    other = other_weights(tmp_path / "other", small_architecture)
    with pytest.raises(InputError, match="small 1 is installed already as another model"):
        stage_model(other)
    changed = json.loads((small_package / CARD).read_text()) | {"least_part_probability": 0.8}
    (small_package / CARD).write_text(json.dumps(changed))
    with pytest.raises(InputError, match="small 1 is installed already as another model"):
        stage_model(small_package)
    assert left_in(models) == {"small-1"}
    assert installed_models()[-1].sha256 == first.sha256


def test_two_versions_lie_side_by_side_and_the_name_alone_is_then_asked_back(
    small_package, small_architecture, tmp_path
):
    install(small_package)
    install(other_weights(tmp_path / "other", small_architecture, version="2"))
    assert find_model("small-2").name == "small-2"
    with pytest.raises(InputError, match="small-1 or small-2"):
        find_model("small")


@pytest.mark.parametrize("damage", [flip, lambda path: path.unlink()])
def test_installing_again_repairs_a_damaged_model(small_package, damage):
    model = install(small_package)
    damage(model.folder / WEIGHTS)
    load_package(install(small_package).folder)


def test_a_damaged_model_is_told_with_its_folder_and_can_be_removed(small_package, models):
    folder = install(small_package).folder
    (folder / CARD).write_text("{}")
    assert [model for model in installed_models() if not model.shipped] == []
    assert len(problems()) == 1
    assert str(folder) in problems()[0]
    remove_model(folder)
    assert problems() == []


def test_only_what_was_installed_can_be_removed(small_package, models, tmp_path):
    models.mkdir()
    (models / "link").symlink_to(small_package)
    (models / "holiday").mkdir()
    for folder in (shipped_model(), small_package, models / "link", models, models / "holiday", models / ".."):
        with pytest.raises(InputError, match=r"stays|no model in"):
            remove_model(folder)
        assert folder.exists()
    assert (small_package / WEIGHTS).exists()


def test_what_is_not_staged_can_neither_be_accepted_nor_discarded(small_package, models):
    folder = install(small_package).folder
    for path in (small_package, folder, models / ".staged-gone"):
        with pytest.raises(InputError, match="waits to be installed"):
            discard_staged(path)
        with pytest.raises(InputError, match="waits to be installed"):
            accept_staged(path)
    assert folder.exists()


def test_a_cancelled_staging_leaves_nothing(package_zip, models):
    def cancel(share, text):
        raise CancelledError

    with pytest.raises(CancelledError):
        stage_model(package_zip, report=cancel)
    assert left_in(models) == set()


def test_what_a_killed_staging_left_is_swept_by_the_next_and_a_waiting_one_kept(small_package, models):
    code = (
        "import sys, time; from mstkd.store import stage_model;"
        "stage_model(sys.argv[1], report=lambda s, t: (print(t, flush=True), time.sleep(60)))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, small_package], stdout=subprocess.PIPE)
    process.stdout.readline()
    with pytest.raises(InputError, match="being installed right now"):
        stage_model(small_package)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(left_in(models)) == 1
    waiting = stage_model(small_package)
    assert left_in(models) == {waiting.folder.name}
    stage_model(small_package)
    assert waiting.folder.exists()
    old = time.time() - 2 * 24 * 3600
    os.utime(waiting.folder, (old, old))
    stage_model(small_package)
    assert not waiting.folder.exists(), "nobody answers after a day"


def test_a_models_folder_that_cannot_be_made_is_said(small_package, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MSTKD_MODELS", str(tmp_path / "file" / "models"))
    with pytest.raises(InputError, match="cannot be read or written"):
        stage_model(small_package)
    assert installed_models()[0].shipped


def test_only_plainly_permissive_licences_need_no_consent():
    for licence in ("Apache-2.0", "Apache License, Version 2.0", "MIT License", "CC BY 4.0", "BSD 3-Clause"):
        assert not needs_consent({"licence": licence}), licence
    for licence in ("CC BY-NC-SA 4.0", "none", "MIT, but not for companies"):
        assert needs_consent({"licence": licence}), licence
    assert needs_consent(installed_models()[0].card), "the shipped model is for non-commercial research"


def row(sequences, region, dice, cases):
    return {"sequences": sequences, "region": region, "dice": dice, "cases": cases}


def test_the_expected_dice_is_what_the_card_measured_for_just_these_sequences(small_architecture, tmp_path):
    whole = row("FLAIR, T1Gd", "WT", 0.7, 6) | {"dice_interval": [0.6, 0.75], "missed": 1}
    few = row("FLAIR, T1Gd", "ET", 0.4, 5) | {"dice_interval": [0.39, 0.41]}
    scans = row("T1", "WT", 0.9, 6) | {"dice_interval": [0.9, 0.9], "patients": 1}
    rows = [whole, row("all available", "WT", 0.8, 9), few, scans]
    model = install(other_weights(tmp_path / "measured", small_architecture, accuracy=rows))
    assert model.expected_dice([Modality.T1GD, Modality.FLAIR]) == ExpectedDice(0.7, (0.6, 0.75), 6, missed=1)
    assert model.expected_dice([Modality.FLAIR, Modality.T1GD], "ET") == ExpectedDice(0.4, None, 5), (
        "few say no interval"
    )
    assert model.expected_dice(CHANNELS) == ExpectedDice(0.8, None, 9)
    scans = ExpectedDice(0.9, None, 6)
    assert model.expected_dice([Modality.T1]) == scans, "of one patient, so its interval says nothing"
    assert model.expected_dice([Modality.T2]) is None
    assert model.expected_dice(CHANNELS, "TC") is None


@pytest.fixture
def server(package_zip, tmp_path, monkeypatch):
    """An https address that serves a package, and things that a download meets."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    body = package_zip.read_bytes()
    answers = {
        "/small.zip": (200, {}, body),
        "/moved.zip": (302, {"Location": "/small.zip"}, b""),
        "/insecure.zip": (302, {"Location": "http://localhost/small.zip"}, b""),
        "/short.zip": (200, {"Content-Length": str(len(body) + 1000), "Connection": "close"}, body),
        "/slow.zip": (200, {"Slowly": "1"}, body),
        "/huge.zip": (200, {"Content-Length": str(3 * 1000**3)}, b""),
    }
    with https_server(tmp_path, answers) as (address, certificate):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        monkeypatch.setenv("NO_PROXY", "localhost")
        yield address


@pytest.mark.parametrize("name", ["small.zip", "moved.zip"])
def test_a_model_is_downloaded_with_progress_and_verified(server, package_zip, name, monkeypatch):
    monkeypatch.setattr(download_room, "_CHUNK", 10_000)
    monkeypatch.setattr(download_room, "_EVERY_S", 0)
    said = []
    staged = stage_model(f"{server}/{name}#sha256={sha256(package_zip)}", report=lambda *event: said.append(event))
    assert accept_staged(staged.folder).name == "small"
    shares = [share for share, _ in said]
    assert shares == sorted(shares)
    assert len(shares) > 3
    assert "Downloading the model" in said[0][1]


def test_a_slow_download_is_no_silence(server, package_zip):
    said = []
    address = f"{server}/slow.zip#sha256={sha256(package_zip)}"
    discard_staged(stage_model(address, report=lambda *event: said.append(event)).folder)
    shares = [share for share, text in said if "Downloading" in text]
    assert 0 < shares[0] < 0.5
    assert shares[-1] == pytest.approx(0.9)


BAD_DOWNLOADS = {
    "insecure.zip": "not https",
    "short.zip": "broke off|IncompleteRead",
    "huge.zip": "more than 2 GB",
    "missing.zip": "404",
}


@pytest.mark.parametrize("name", BAD_DOWNLOADS)
def test_a_bad_download_is_one_sentence_and_leaves_nothing(server, package_zip, models, name):
    with pytest.raises(InputError, match=BAD_DOWNLOADS[name]) as caught:
        stage_model(f"{server}/{name}", sha256(package_zip))
    assert "\n" not in str(caught.value)
    assert left_in(models) == set()


def test_a_download_with_another_hash_is_refused(server, models):
    with pytest.raises(InputError, match="SHA-256 differs"):
        stage_model(f"{server}/small.zip", "0" * 64)
    assert left_in(models) == set()


def test_a_server_with_a_certificate_nobody_vouches_for_is_refused(server, package_zip, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(InputError, match="CERTIFICATE_VERIFY_FAILED"):
        stage_model(f"{server}/small.zip", sha256(package_zip))


def test_the_command_installs_only_with_consent_lists_and_removes(small_package, models):
    refused = mstkd("models", "install", small_package)
    assert refused.returncode == 2
    assert "Licence: none" in refused.stderr
    assert "--accept-licence" in refused.stderr
    assert left_in(models) == set()
    assert mstkd("models", "install", small_package, "--accept-licence").returncode == 0
    listed = mstkd("models", "list").stdout
    assert "small 1" in listed
    assert "compact-student" in listed
    assert mstkd("models", "remove", "compact-student").returncode == 2
    assert mstkd("models", "remove", "small").returncode == 0
    assert left_in(models) == set()
