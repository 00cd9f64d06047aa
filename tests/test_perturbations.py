"""What is done to the features of trained networks is noticed where it buys a verdict."""

import ast
from pathlib import Path

import pytest

from overparam.error_rates.networks import SIGNAL
from overparam.error_rates.perturbations import NOT_HOLDS, PERTURBATIONS, Perturbation, as_they_are, complaints
from overparam.error_rates.studies import ANY
from overparam.error_rates.worlds import WORLDS
from overparam.verdicts.margins import load_preregistration

ROOT = Path(__file__).parent.parent
MARGINS = load_preregistration()


def complaints_of(world):
    study = SIGNAL.replicates(0, 3)
    return complaints(world, study, MARGINS, as_they_are(study, MARGINS))


def test_every_perturbation_is_tried_on_trained_networks():
    tree = ast.parse((ROOT / "claims" / "test_controls.py").read_text(encoding="utf-8"))
    (tried,) = [n.value for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "PERTURBED"]
    assert ast.literal_eval(tried) == tuple(PERTURBATIONS)
    assert set(PERTURBATIONS) <= set(WORLDS)


@pytest.mark.parametrize("world", [name for name, one in PERTURBATIONS.items() if ANY in one.allowed])
def test_guards_raise_on_features_that_are_not_what_they_claim(world):
    assert complaints_of(world) == []


def test_a_verdict_that_may_not_come_out_is_named(monkeypatch):
    monkeypatch.setitem(PERTURBATIONS, "S × 1000", Perturbation({"performance": NOT_HOLDS, ANY: ("error",)}))
    assert complaints_of("S × 1000") == ["S × 1000: performance holds", "S × 1000: any measured"]


def test_a_verdict_that_changes_is_named(monkeypatch):
    monkeypatch.setitem(PERTURBATIONS, "labels shuffled", Perturbation({}, same=("performance",)))
    (complaint,) = complaints_of("labels shuffled")
    assert complaint.startswith("labels shuffled: performance ")
    assert complaint.endswith(", not holds")
