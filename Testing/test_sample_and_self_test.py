"""The sample patient in Sample Data and in the panel, and the module's self-test with the real engine."""

import unittest

import pytest
import slicer


@pytest.fixture
def module(host):
    host.setTesting(True)  # no engine is warmed up
    import MSTKDSegmentLib.Sample as Sample

    panel = host.openModule("MSTKDSegment")
    return panel, Sample


def test_the_sample_is_offered_in_sample_data_and_loads_with_its_checksums(module):
    import SampleData

    _panel, sample = module
    nodes = SampleData.SampleDataLogic().downloadSamples("BraTS2021_01479")
    assert [node.GetName() for node in nodes] == sample.nodeNames()
    (source,) = slicer.modules.sampleDataSources[sample.CATEGORY]
    assert source.thumbnailFileName.endswith("BraTS2021_01479.png")


def test_one_click_loads_the_sample_and_fills_the_selectors(module):
    panel, _sample = module
    panel.ui.sampleButton.click()
    names = [getattr(panel.ui, f"{name}Selector").currentNode().GetName() for name in ("flair", "t1", "t1gd", "t2")]
    assert names == [f"BraTS2021_01479_{label}" for label in ("FLAIR", "T1", "T1Gd", "T2")]


def test_the_self_test_passes_with_the_real_engine(module, tumour_box, monkeypatch):
    _panel, sample = module
    monkeypatch.setattr(sample, "sampleFolder", lambda: tumour_box)
    slicer.selfTests["MSTKDSegment"]()


@pytest.mark.parametrize(("name", "tests"), [("MSTKDSegment", 3), ("MSTKDTrain", 1)])
def test_ctest_finds_the_modules_own_tests_and_skips_them_without_packages(host, monkeypatch, name, tests):
    import MSTKDLib.SelfTest

    host.openModule(name)
    monkeypatch.setattr(MSTKDLib.SelfTest, "missingRequirements", lambda: ["monai>=1.5"])
    suite, result = unittest.TestLoader().loadTestsFromName(name), unittest.TestResult()
    suite.run(result)
    assert (result.testsRun, len(result.skipped), result.errors, result.failures) == (tests, tests, [], [])


def test_the_training_modules_self_test_passes_with_the_real_engine(host):
    host.openModule("MSTKDTrain")
    slicer.selfTests["MSTKDTrain"]()


def test_the_module_is_in_the_menu_with_what_a_user_must_know(module):
    parent = slicer.modules.mstkdsegment
    assert parent.title == "Brain Tumor Segmentation (MST-KDNet)"
    assert parent.categories == ("Segmentation",)
    assert not parent.hidden
    assert "Research use only, not for diagnosis or treatment" in parent.helpText
    assert "#readme" in parent.helpText
    assert "MICCAI 2025" in parent.acknowledgementText
