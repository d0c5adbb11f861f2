import pytest
import torch
import torch.nn.functional as F
from monai.losses import DiceLoss

from mstkd.regions import Region, Tissue
from mstkd.training.loss import TUMOUR, cross_entropy, dice_loss, segmentation_loss

ALL_KNOWN, WT_ONLY = torch.tensor([True, True, True]), torch.tensor([True, False, False])


@pytest.fixture
def logits():
    return torch.randn(1, 4, 8, 8, 8, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def labels():
    return torch.randint(0, 4, (1, 8, 8, 8), generator=torch.Generator().manual_seed(2))


def test_tumour_is_what_the_whole_tumour_is_made_of():
    assert tuple(list(Tissue)[TUMOUR]) == Region.WT.tissues


def test_cross_entropy_with_all_regions_known_is_torchs(logits, labels):
    ours = cross_entropy(torch.log_softmax(logits, 1), labels, ALL_KNOWN[None])
    torch.testing.assert_close(ours, F.cross_entropy(logits, labels))


def test_dice_with_all_regions_known_is_monais_on_the_summed_regions(logits, labels):
    p = torch.softmax(logits, 1)
    regions = torch.stack([p[:, 1:].sum(1), p[:, 1] + p[:, 3], p[:, 3]], 1)
    truth = torch.stack([labels > 0, (labels == 1) | (labels == 3), labels == 3], 1).float()
    theirs = DiceLoss(smooth_nr=100.0, smooth_dr=100.0)(regions, truth)
    torch.testing.assert_close(dice_loss(p, labels, ALL_KNOWN[None]), theirs)


def test_a_whole_tumour_reference_says_nothing_about_core_and_enhancement(logits, labels):
    whole = torch.where(labels > 0, 2, 0)
    swapped = logits[:, [0, 3, 1, 2]]
    first = segmentation_loss(logits, whole, WT_ONLY[None])
    torch.testing.assert_close(segmentation_loss(swapped, whole, WT_ONLY[None]), first)
    assert not torch.allclose(segmentation_loss(swapped, whole, ALL_KNOWN[None]), first)


def test_an_invented_region_is_penalised_the_more_the_larger_it_is():
    empty = torch.zeros(8, 8, 8, dtype=torch.long)
    losses = []
    for count in (0, 40, 200):
        p = torch.zeros(4, 512)
        p[0] = 1
        p[:, :count] = torch.tensor([0.0, 0, 0, 1])[:, None]
        losses.append(dice_loss(p.view(1, 4, 8, 8, 8), empty[None], ALL_KNOWN[None]).item())
    assert losses[0] == pytest.approx(0)
    assert losses[0] < losses[1] < losses[2]


def test_a_batch_is_the_mean_of_its_cases(logits, labels):
    two = torch.cat([logits, logits.flip(2)]), torch.cat([labels, torch.where(labels > 0, 2, 0)])
    known = torch.stack([ALL_KNOWN, WT_ONLY])
    single = [segmentation_loss(two[0][i : i + 1], two[1][i : i + 1], known[i : i + 1]) for i in (0, 1)]
    torch.testing.assert_close(segmentation_loss(*two, known), torch.stack(single).mean())
