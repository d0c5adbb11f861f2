"""The test host's node selector follows a real scene as qMRMLNodeComboBox does."""

import pytest
import slicer


@pytest.fixture
def selector(host):
    made = slicer.qMRMLNodeComboBox()
    made.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    made.noneEnabled = True
    made.setMRMLScene(host.scene)
    return made


def volume(host, name, kind="vtkMRMLScalarVolumeNode"):
    return host.scene.AddNewNodeByClass(kind, name)


def shown(selector):
    combo = selector.findChild("QComboBox")
    return [combo.itemText(i) for i in range(combo.count)]


def test_nodes_that_come_go_and_are_renamed_are_followed(host, selector):
    flair, t1 = volume(host, "FLAIR"), volume(host, "T1")
    volume(host, "Tumour", "vtkMRMLSegmentationNode")
    assert shown(selector) == ["None", "FLAIR", "T1"]
    t1.SetName("T1Gd")
    assert shown(selector) == ["None", "FLAIR", "T1Gd"]
    host.scene.RemoveNode(flair)
    assert shown(selector) == ["None", "T1Gd"]
    assert selector.nodeCount() == 1
    assert selector.nodeFromIndex(0) is t1


def test_the_signals_pass_the_node_its_id_or_none(host, selector):
    nodes, ids = [], []
    assert selector.connect("currentNodeChanged(vtkMRMLNode*)", nodes.append)
    assert selector.connect("currentNodeIDChanged(QString)", ids.append)
    assert not selector.connect("currentNodeChanged(PyObject)", ids.append)
    flair = volume(host, "FLAIR")
    assert nodes == []
    selector.setCurrentNode(flair)
    selector.setCurrentNode(flair)
    selector.currentNodeID = ""
    selector.setCurrentNodeID(flair.GetID())
    host.scene.RemoveNode(flair)
    assert nodes == [flair, None, flair, None]
    assert ids == ["vtkMRMLScalarVolumeNode1", "", "vtkMRMLScalarVolumeNode1", ""]


def test_without_none_the_first_node_is_chosen(host, selector):
    selector.noneEnabled = False
    flair, t1 = volume(host, "FLAIR"), volume(host, "T1")
    assert selector.currentNode() is flair
    host.scene.RemoveNode(flair)
    assert selector.currentNode() is t1


def test_a_chosen_node_that_goes_is_followed_by_its_neighbour(host, selector):
    nodes = [volume(host, name) for name in ("FLAIR", "T1", "T2")]
    selector.setCurrentNode(nodes[1])
    host.scene.RemoveNode(nodes[0])
    assert selector.currentNode() is nodes[1]
    host.scene.RemoveNode(nodes[1])
    assert selector.currentNode() is nodes[2]
    nodes[0] = volume(host, "T1Gd")
    selector.setCurrentNode(nodes[0])
    host.scene.RemoveNode(nodes[0])
    assert selector.currentNode() is nodes[2]
    host.scene.RemoveNode(nodes[2])
    assert selector.currentNode() is None


def test_a_closed_scene_empties_it(host, selector):
    selector.setCurrentNode(volume(host, "FLAIR"))
    host.scene.Clear(0)
    assert selector.currentNode() is None
    assert selector.currentNodeID == ""
    assert shown(selector) == ["None"]


def test_types_hidden_nodes_and_attributes_decide_what_is_offered(host, selector):
    volume(host, "Labels", "vtkMRMLLabelMapVolumeNode")
    hidden = volume(host, "Hidden")
    hidden.SetHideFromEditors(True)
    hidden.Modified()
    assert shown(selector) == ["None", "Labels"]
    selector.showChildNodeTypes = False
    selector.showHidden = True
    assert shown(selector) == ["None", "Hidden"]
    selector.addAttribute("vtkMRMLScalarVolumeNode", "sequence", "FLAIR")
    assert shown(selector) == ["None"]
    volume(host, "FLAIR").SetAttribute("sequence", "FLAIR")
    assert shown(selector) == ["None", "FLAIR"]


def test_a_node_created_by_the_user_is_named_and_chosen(host, selector):
    selector.baseName = "Tumour"
    made = selector.addNode()
    assert made.GetName() == "Tumour"
    assert selector.currentNode() is made
    selector.removeCurrentNode()
    assert selector.currentNode() is None


def test_a_user_chooses_in_the_list(host, selector):
    flair, chosen = volume(host, "FLAIR"), []
    selector.connect("nodeActivated(vtkMRMLNode*)", chosen.append)
    combo = selector.findChild("QComboBox")
    combo.setCurrentIndex(1)
    combo.activated.emit(1)
    assert selector.currentNode() is flair
    assert chosen == [flair]


def test_a_value_of_the_wrong_kind_is_refused(host, selector):
    for wrong in (host.scene, ["vtkMRMLScalarVolumeNode1"]):
        with pytest.raises(ValueError, match="wrong arguments"):
            selector.setCurrentNode(wrong)


def test_a_destroyed_selector_no_longer_follows(host, selector):
    selector.delete()
    volume(host, "FLAIR")
    assert not host.slotErrors


def test_3d_can_be_asked_for_once_there_is_a_segment(host):
    button = slicer.qMRMLSegmentationShow3DButton()
    node = host.scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Tumour")
    button.setSegmentationNode(node)
    assert not button.enabled
    node.GetSegmentation().AddEmptySegment("WT")
    button.setSegmentationNode(node)
    assert button.enabled
