"""Model packages on this machine: found, fetched, verified, installed, removed.

Importing it needs only the standard library, so that Slicer's own process may; what verifies a
package (`stage_model`) imports the engine when it is called.
"""

from mstkd.store.card import ALL, CARD, WEIGHTS, Card, ExpectedDice, InstalledModel, identity, needs_consent
from mstkd.store.install import accept_staged, discard_staged, remove_model
from mstkd.store.places import DEFAULT_MODEL, find_model, installed_models, models_folder, problems, shipped_model
from mstkd.store.staging import StagedModel, stage_model

__all__ = [
    "ALL",
    "CARD",
    "DEFAULT_MODEL",
    "WEIGHTS",
    "Card",
    "ExpectedDice",
    "InstalledModel",
    "StagedModel",
    "accept_staged",
    "discard_staged",
    "find_model",
    "identity",
    "installed_models",
    "models_folder",
    "needs_consent",
    "problems",
    "remove_model",
    "shipped_model",
    "stage_model",
]
