import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from small_run import write_patients

from mstkd.data.cache import content_key, load_cached
from mstkd.data.datalist import read_datalist
from mstkd.errors import InputError
from mstkd.regions import Region


@pytest.fixture
def datalist(tmp_path):
    return write_patients(tmp_path / "patients")


def test_the_cache_follows_content_not_names(tmp_path, datalist):
    case = read_datalist(datalist)[0]
    before = content_key(case)
    image = next(iter(case.images.values()))
    image.touch()
    assert content_key(case) == before
    image.write_bytes(image.read_bytes() + b"x")
    assert content_key(case) != before


def test_a_cached_case_carries_its_labels_to_the_working_grid(tmp_path, datalist):
    cached = load_cached(read_datalist(datalist)[0], tmp_path / "cache")
    assert cached.images.shape[1:] == cached.labels.shape
    counts = np.bincount(cached.labels.ravel(), minlength=4)
    assert counts[3] == pytest.approx(3**3 * 8, rel=0.05), "2 mm voxels of ET at 1 mm"
    assert cached.case.convention.regions[0] is Region.WT


@pytest.mark.parametrize(
    ("key", "value"), [("label", "nowhere.nii.gz"), ("labels", "brats1999"), ("split", "later"), ("id", "b")]
)
def test_a_wrong_datalist_is_refused(datalist, key, value):
    content = json.loads(datalist.read_text())
    content["cases"][0][key] = value
    datalist.write_text(json.dumps(content))
    with pytest.raises(InputError, match=str(datalist)):
        read_datalist(datalist)


def test_another_run_that_was_quicker_with_a_case_is_welcome(tmp_path, datalist, monkeypatch):
    case = read_datalist(datalist)[0]
    first = load_cached(case, tmp_path / "cache")
    entry = first.folder
    kept = entry.rename(tmp_path / "elsewhere")
    rename = Path.rename

    def late(self, target):
        shutil.copytree(kept, target)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", late)
    again = load_cached(case, tmp_path / "cache")
    np.testing.assert_array_equal(again.labels, np.load(kept / "labels.npy"))
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [entry.name], "no draft is left"


def test_a_damaged_case_in_the_cache_is_prepared_anew(tmp_path, datalist):
    case = read_datalist(datalist)[0]
    first = load_cached(case, tmp_path / "cache")
    images = np.array(first.images)
    (first.folder / "images.npy").unlink()
    np.testing.assert_array_equal(load_cached(case, tmp_path / "cache").images, images)
