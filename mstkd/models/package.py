"""A model package: a folder with ``weights.safetensors`` and ``card.json``."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import torch
from safetensors.torch import save_file

from mstkd.errors import InputError
from mstkd.files import whole_file
from mstkd.models.encoding import encoded, read_encoded
from mstkd.network import Architecture, EnhancementWithout, MSTKDNet
from mstkd.store.card import CARD, WEIGHTS, Card, least_part_probability


@dataclass(frozen=True)
class ModelPackage:
    """A verified model: its card and the network with its weights, in float32."""

    card: Card
    network: MSTKDNet

    @property
    def name(self) -> str:
        return f"{self.card['name']} {self.card['version']}"

    @property
    def sha256(self) -> str:
        return str(self.card["weights"]["sha256"])

    @property
    def least_part_probability(self) -> float:
        """Mean probability that a part of the whole tumour must reach to stay in a result; 0 keeps all."""
        return least_part_probability(self.card)


def load_package(folder: Path) -> ModelPackage:
    """Read and verify a package. Nothing is unpickled.

    Raises:
        InputError: No package, a card that breaks the schema, weights that do not match
            the card's SHA-256 or its architecture.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no model package (a folder with {CARD} and {WEIGHTS}); check the path.")
    if not (folder / CARD).exists() and (folder / "journal.jsonl").exists():
        command = f"mstkd package {shlex.quote(str(folder))} -o MODEL --description FILE"
        raise InputError(f"{folder} is a training run; make a model of it with: {command}.")
    card = read_card(folder)
    data = read_weights(folder / WEIGHTS, card)
    try:
        weights = read_encoded(data)
        _refuse_other_shapes(weights, card)
        network = _network(card)
        fill(network, weights, card)
    except (RuntimeError, ValueError) as error:
        raise InputError(
            f"{folder} holds weights of another network than its card says; install a package made for this one."
        ) from error
    return ModelPackage(card, network.float().eval())


def read_weights(path: Path, card: Card) -> bytes:
    """The content of a file of weights, verified against the card; safetensors, not yet read.

    Raises:
        InputError: Missing, or its SHA-256 is not the card's.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path.parent} lacks {path.name}; install the model again.") from error
    if hashlib.sha256(data).hexdigest() != card["weights"]["sha256"]:
        raise InputError(f"{path} is damaged (its SHA-256 is not the card's); install the model again.")
    return data


def _refuse_other_shapes(weights: Mapping[str, torch.Tensor], card: Card) -> None:
    """Raise ValueError unless they fit, before memory is taken for what a card only claims."""
    with torch.device("meta"):
        wanted = {name: tensor.shape for name, tensor in _network(card).state_dict().items()}
    if wanted != {name: tensor.shape for name, tensor in weights.items()}:
        raise ValueError("other names or shapes")


def fill(network: MSTKDNet, weights: Mapping[str, torch.Tensor], card: Card) -> None:
    """Give a network the weights of a package.

    Raises:
        ValueError: They say otherwise than the card what enhancement is found without.
        RuntimeError: They are of another network.
    """
    network.load_state_dict(weights)
    if list(network.enhancement_without) != card.get("enhancement_without", []):
        raise ValueError("other sequences than the card's")


def _network(card: Card) -> MSTKDNet:
    architecture, without = architecture_from(card["architecture"]), card.get("enhancement_without")
    return EnhancementWithout(architecture, without) if without else MSTKDNet(architecture)


def read_card(folder: Path) -> Card:
    """The package's card, checked against the schema.

    Raises:
        InputError: Missing, no JSON, of an earlier program, or a field that is absent, unknown or of a wrong kind.
    """
    try:
        card: Card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{folder} holds no readable {CARD}, so it is no model package; install it again.") from error
    if isinstance(card, dict) and card.get("format") == 1:
        raise InputError(
            f"{folder} learnt from whole heads, but networks now see the brain alone; use a model made since then."
        )
    check_card(card, folder / CARD)
    return card


def check_card(card: Card, source: Path) -> None:
    """Raise InputError unless the card follows the schema."""
    try:
        jsonschema.validate(card, _schema())
    except jsonschema.ValidationError as error:
        where = "/".join(map(str, error.absolute_path)) or "the whole card"
        raise InputError(
            f"{source} is not valid ({where}: {error.message:.120}); install the package again."
        ) from error


def write_package(folder: Path, network: MSTKDNet, card: Card) -> None:
    """Write the weights, `encoded`, and the card with their SHA-256.

    Args:
        card: Everything but ``architecture``, ``enhancement_without`` and ``weights``, which come from the network.

    Raises:
        InputError: The card breaks the schema.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(folder / WEIGHTS) as draft:
        save_file(encoded(network.state_dict()), draft)
        draft.chmod(0o644)  # safetensors writes for the owner only
        weights = {
            "file": WEIGHTS,
            "sha256": hashlib.sha256(draft.read_bytes()).hexdigest(),
            "dtype": "int8",
            "parameters": sum(p.numel() for p in network.parameters()),
        }
        complete = {**card, "architecture": _plain(network.architecture), "weights": weights}
        if network.enhancement_without:
            complete["enhancement_without"] = list(network.enhancement_without)
        check_card(complete, folder / CARD)
    write_card(folder, complete)


def write_card(folder: Path, card: Card) -> None:
    """Check the card against the schema, then replace ``card.json`` at once.

    Raises InputError; the earlier card then stays.
    """
    check_card(card, folder / CARD)
    with whole_file(folder / CARD) as draft:
        draft.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def architecture_from(values: dict[str, Any]) -> Architecture:
    """An architecture from a card's plain values."""
    plain: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
    return Architecture(**plain)


def _plain(architecture: Architecture) -> dict[str, Any]:
    return {name: list(v) if isinstance(v, tuple) else v for name, v in vars(architecture).items()}


def _schema() -> Any:
    return json.loads(resources.files("mstkd.models").joinpath("card.schema.json").read_text())
