"""The form of all settings: it holds every setting of the engine, and gives back what it was shown."""

from __future__ import annotations

import copy
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from MSTKDTrainLib.Differences import differences
from MSTKDTrainLib.FieldText import MisfitError, textOf, valueOf
from MSTKDTrainLib.Schema import readSchema
from pydantic import Field, create_model

from mstkd.settings import Settings
from mstkd.training.config import NAMED, Phase, TrainingConfig
from mstkd.training.preset_files import read_presets

PRESETS = {name: config.as_dict() for name, (_title, config) in read_presets().items()}
SCHEMA = TrainingConfig.model_json_schema()


@pytest.fixture
def make_form(host):
    from MSTKDTrainLib.SettingsForm import SettingsForm

    def made(schema=SCHEMA):
        return SettingsForm(readSchema(schema), list(PRESETS.values()), lambda: None)

    return made


@pytest.fixture
def form(make_form):
    form = make_form()
    form.show(PRESETS["compact"])
    return form


def labelled(form, label):
    """The inputs that stand beside a label, from top to bottom."""
    found = []
    for layout in form.widget.findChildren("QFormLayout"):
        for row in range(layout.rowCount()):
            item = layout.itemAt(row, 0)
            if item is not None and item.widget().text == f"{label}:":
                found.append(layout.itemAt(row, 1).widget())
    return found


def frames(form):
    return {box.title: box for box in form.widget.findChildren("QGroupBox")}


# Every setting


def leaves(schema, definitions, inside=()):
    """Every setting that a JSON schema describes, by the names that lead to it."""
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    if "properties" in schema:
        for name, inner in schema["properties"].items():
            yield from leaves(inner, definitions, (*inside, name))
        return
    deeper = [kind for kind in [*schema.get("anyOf", []), schema.get("items")] if isinstance(kind, dict)]
    groups = [kind for kind in deeper if "$ref" in kind]
    if not groups or len(groups) < len([kind for kind in deeper if kind.get("type") != "null"]):
        yield inside
    for kind in groups:
        yield from leaves(kind, definitions, inside)


def said(widget):
    """All that a form says: names of frames, labels and columns."""
    words = [box.title for box in widget.findChildren("QGroupBox")]
    words += [label.text for label in widget.findChildren("QLabel")]
    for table in widget.findChildren("QTableWidget"):
        words += [table.horizontalHeaderItem(column).text() for column in range(table.columnCount)]
    return [word.split(" (")[0].rstrip(":").lower().replace("-", " ") for word in words]


def test_every_setting_of_the_engine_has_its_place_in_the_form(form):
    wanted = [place[-1].replace("_", " ") for place in leaves(SCHEMA, SCHEMA["$defs"])]
    assert len(wanted) > 40
    words = said(form.widget)
    for name in wanted:
        assert words.count(name) >= wanted.count(name), name


def test_a_setting_that_is_new_in_the_engine_appears_by_itself(make_form):
    class Inner(Settings):
        depth: int = Field(ge=1)

    added = {
        "new_number": (float, Field(gt=0, description="Something new.", json_schema_extra={"unit": "mm"})),
        "new_choice": (Literal["a", "b"], ...),
        "new_group": (Inner | None, ...),
        "new_switch": (bool | None, ...),
        "new_oddity": (dict[str, list[int]], ...),
    }
    schema = create_model("Newer", __base__=TrainingConfig, **added).model_json_schema()
    values = {"new_number": 2.5, "new_choice": "b", "new_group": {"depth": 3}, "new_switch": None}
    values["new_oddity"] = {"x": [1, 2]}
    form = make_form(schema)
    form.show(PRESETS["paper"] | values)
    assert form.values == PRESETS["paper"] | values
    (edit,) = labelled(form, "New number (mm)")
    edit.text = "0"
    assert form.values is None
    assert form.problems == ("New number: more than 0 is needed, not 0.",)


# Back and forth


@pytest.mark.parametrize("preset", PRESETS)
def test_the_form_gives_back_every_preset_as_it_was(form, preset):
    form.show(PRESETS[preset])
    assert form.values == PRESETS[preset]
    assert TrainingConfig.model_validate(form.values).as_dict() == PRESETS[preset]


POSITIVE = st.floats(min_value=1e-12, max_value=1e6, exclude_min=True)
SIDE = st.integers(1, 40).map(lambda n: 8 * n)
PHASE = st.fixed_dictionaries(
    {"steps": st.integers(1, 10**12), "patch": st.tuples(SIDE, SIDE, SIDE).map(list), "learning_rate": POSITIVE}
)
COMBINATION = st.sampled_from([*NAMED])
NAME = st.text(st.characters(categories=("L", "N"), include_characters="-_+"), min_size=1, max_size=12)
OWN_NETWORK = {
    "stem_stride": 1,
    "channels": [8, 16, 24, 32],
    "blocks": [1, 1, 1, 1],
    "hidden": 64,
    "heads": 4,
    "layers": 3,
    "taps": [1, 3],
    "feed_forward": 64,
    "scale_channels": [16, 8],
}
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "network": st.sampled_from(["paper", "compact", OWN_NETWORK]),
        "phases": st.lists(PHASE, min_size=1, max_size=4),
        "deep_supervision": st.lists(POSITIVE, max_size=1),
        "dice_weight": POSITIVE,
        "ema_decay": st.floats(0, 1, exclude_max=True, exclude_min=True),
        "seed": st.integers(0, 2**63),
        "activation_checkpointing": st.booleans(),
        "start_from": st.none() | NAME.map(lambda name: f"/models of mine/{name}"),
        "sampling": st.fixed_dictionaries(
            {
                "batch_size": st.integers(1, 512),
                "dataset_weights": st.dictionaries(NAME, POSITIVE, max_size=4),
                "bias_field": st.floats(0, 1e6),
                "subset_weights": st.dictionaries(COMBINATION, POSITIVE, max_size=4),
                "augmentation": st.sampled_from(["none", "paper", "strong"]),
                "full_set_ramp": st.integers(0, 10**6),
                "workers": st.integers(0, 64),
            }
        ),
        "validation": st.fixed_dictionaries(
            {
                "every": st.integers(1, 10**6),
                "combinations": st.sampled_from(["all", ["flair"], ["t1gd+t2", "flair+t1+t1gd+t2"]]),
            }
        ),
    },
)
GONE = st.sampled_from([(), ("ms_tkd",), ("gsme",), ("ms_tkd", "logit"), ("all",)])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(preset=st.sampled_from(list(PRESETS)), changes=CHANGES, gone=GONE)
def test_the_form_gives_back_all_valid_settings_whatever_it_showed_before(form, preset, changes, gone):
    values = copy.deepcopy(PRESETS[preset]) | changes
    if gone == ("all",):
        values["teacher"] = values["distillation"] = None
    elif values["distillation"]:
        values["distillation"] |= dict.fromkeys(gone)
    valid = TrainingConfig.model_validate(values).as_dict()
    form.show(valid)
    assert form.values == valid


# Values that cannot be used


@pytest.mark.parametrize(
    ("label", "text", "sentence"),
    [
        ("Batch size (patches)", "0", "Sampling, Batch size: at least 1 is needed, not 0."),
        ("Batch size (patches)", "two", "Sampling, Batch size: a whole number is needed, not 'two'."),
        ("Weight decay", "-1e-5", "Optimizer, Weight decay: at least 0 is needed, not -1e-5."),
        ("Betas", "0.9", "Optimizer, Betas: 2 values are needed, not 1."),
        ("Betas", "0.9, 1", "Optimizer, Betas: less than 1 is needed, not 1."),
        ("Tau", "", "Distillation, Logit, Tau: a number such as 0.001 or 1e-3 is needed, not ''."),
        ("Tau", "nan", "Distillation, Logit, Tau: a number such as 0.001 or 1e-3 is needed, not 'nan'."),
        ("Tau", "7,5", "Distillation, Logit, Tau: a number such as 0.001 or 1e-3 is needed, not '7,5'."),
    ],
)
def test_a_value_that_cannot_be_used_is_marked_and_said_with_its_limit(form, label, text, sentence):
    (edit,) = labelled(form, label)
    edit.text = text
    assert form.values is None
    assert form.problems == (sentence,)
    assert edit.styleSheet
    assert sentence.split(": ")[0] in edit.toolTip
    form.show(PRESETS["compact"])
    assert form.values == PRESETS["compact"]
    assert not edit.styleSheet


def phases_table(form):
    return next(t for t in form.widget.findChildren("QTableWidget") if t.columnCount == len(Phase.model_fields))


def test_a_cell_of_the_phases_that_cannot_be_used_is_said_with_its_row(form):
    phases_table(form).item(1, 1).setText("97, 96, 96")
    assert form.values is None
    assert form.problems == ("Phases, row 2, Patch: a multiple of 8 is needed, not 97.",)
    assert "multiple of 8" in phases_table(form).item(1, 1).toolTip()


def test_phases_can_be_added_and_removed_but_one_must_stay(form):
    add, remove = (
        next(b for b in form.widget.findChildren("QPushButton") if b.text == text) for text in ("Add row", "Remove row")
    )
    add.click()
    assert form.values["phases"] == [*PRESETS["compact"]["phases"], PRESETS["compact"]["phases"][-1]]
    phases_table(form).setCurrentCell(0, 0)
    remove.click()
    assert form.values["phases"][0] == PRESETS["compact"]["phases"][1]
    for _row in range(3):
        remove.click()
    assert form.values is None
    assert form.problems == ("Phases: at least 1 rows are needed.",)


# Groups


def test_a_group_that_is_left_out_is_null_and_comes_back_with_its_values(form):
    box = frames(form)["GSME"]
    box.checked = False
    assert form.values["distillation"]["gsme"] is None
    box.checked = True
    assert form.values == PRESETS["compact"]


def test_what_is_wrong_in_a_group_that_is_left_out_does_not_matter(form):
    (edit,) = labelled(form, "Tau")
    edit.text = "-"
    frames(form)["Logit"].checked = False
    assert form.values["distillation"]["logit"] is None


def test_a_group_that_a_preset_leaves_out_begins_with_the_values_of_another(form):
    form.show(PRESETS["first_student"])
    frames(form)["Teacher"].checked = frames(form)["Distillation"].checked = True
    values = form.values
    assert TrainingConfig.model_validate(values).teacher.kind == "joint"


def test_a_network_of_ones_own_begins_with_sizes_that_work(form):
    combo = next(c for c in form.widget.findChildren("QComboBox") if c.findText("own sizes") >= 0)
    combo.currentIndex = combo.findText("own sizes")
    config = TrainingConfig.model_validate(form.values)
    assert config.architecture == TrainingConfig.model_validate(PRESETS["compact"]).architecture


def test_known_data_sets_have_a_row_whose_weight_may_stay_empty(form):
    form.setKnownNames(["BraTS2021", "UCSF"])
    table, combinations = (t for t in form.widget.findChildren("QTableWidget") if t.columnCount == 2)
    assert [table.item(row, 0).text() for row in range(table.rowCount)] == ["BraTS2021", "UCSF"]
    assert [combinations.item(row, 0).text() for row in range(combinations.rowCount)] == list(NAMED)
    assert form.values == PRESETS["compact"]
    table.item(1, 1).setText("2.5")
    assert form.values["sampling"]["dataset_weights"] == {"UCSF": 2.5}
    form.setKnownNames(["Erasmus"])
    assert form.values["sampling"]["dataset_weights"] == {"UCSF": 2.5}
    table.item(0, 1).setText("0")
    form.values  # noqa: B018  reads the form
    assert form.problems == ("Sampling, Dataset weights, UCSF: more than 0 is needed, not 0.",)
    table.item(0, 1).setText("")
    combinations.item(2, 1).setText("5")
    assert TrainingConfig.model_validate(form.values).sampling.subset_weights == {"t1": 5.0}


# Differences and texts


def test_differences_have_the_names_of_the_engines_files():
    changed = copy.deepcopy(PRESETS["compact"])
    changed["seed"] = 7
    changed["sampling"]["batch_size"] = 4
    changed["distillation"]["gsme"] = None
    changed["sampling"]["dataset_weights"] = {"UCSF": 2.0}
    assert set(differences(changed, PRESETS["compact"])) == {
        "seed",
        "sampling.batch_size",
        "distillation.gsme",
        "sampling.dataset_weights",
    }
    assert not list(differences(PRESETS["paper"], PRESETS["paper"]))


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_survives_being_written(value):
    field = readSchema({"type": "object", "properties": {"x": {"type": "number"}}}).fields[0]
    assert valueOf(field, textOf(field, value)) == value


@given(text=st.text(max_size=20))
def test_any_text_is_a_number_within_its_limits_or_refused_in_words(text):
    schema = {"type": "integer", "minimum": 8, "exclusiveMaximum": 100, "multipleOf": 8}
    field = readSchema({"type": "object", "properties": {"x": schema}}).fields[0]
    try:
        said = valueOf(field, text)
    except MisfitError as refused:
        said = str(refused)
    assert said in range(8, 100, 8) or "is needed, not" in said
