"""Wide networks that are trained less: the recipe, its schedule run to its end, in fewer epochs."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from networks import tiny_digits, tiny_recipe, tiny_study

from overparam.config.studies import StudySpec
from overparam.config.workspace import Workspace
from overparam.errors import SpecError
from overparam.networks import training
from overparam.networks.checkpoints import load_checkpoint
from overparam.networks.registry import build
from overparam.networks.seeds import member_seeds
from overparam.networks.training import train
from overparam.pipeline.stages import feature_stage, train_stage

WIDE = Fraction(1)


def study_with_budgets(*epochs: float) -> StudySpec:
    return tiny_study(budgets={"resnet18": epochs})


def test_wide_networks_trained_less_are_a_checkpoint_of_their_own(tmp_path):
    workspace, study = Workspace.at(tmp_path), study_with_budgets(0.5, 1.25)
    path = train_stage(study.trained_less(1.25), WIDE, 1, workspace)
    assert path.name == "digits-resnet18-1-e1.25-r1.safetensors"
    network, provenance = load_checkpoint(path)
    assert network.members == len(provenance.seeds) == 2
    assert provenance.epochs == [1.25, 1.25]
    assert provenance.recipe == {**provenance.recipe, "epochs": 1.25}
    assert provenance.identity != load_checkpoint(train_stage(study, WIDE, 1, workspace))[1].identity
    features = feature_stage(study.trained_less(1.25), WIDE, 1, workspace)
    assert features.name == path.name
    with pytest.raises(SpecError, match="has no α = 1/2: it has 1$"):
        train_stage(study.trained_less(0.5), Fraction(1, 2), 0, workspace)


@pytest.mark.parametrize(("epochs", "steps"), [(0.01, 1), (0.25, 1), (0.5, 2), (1, 4), (1.25, 5), (1.9, 8)])
def test_a_budget_runs_its_schedule_to_its_end(monkeypatch, epochs, steps):
    seen = []
    monkeypatch.setattr(training, "learning_rate", lambda step, total, spec: seen.append((step, total)) or 0.1)
    network = build("resnet18", WIDE, 1, base_width=4, channels=1, classes=10)
    history = train(network, tiny_digits(), tiny_recipe(epochs=epochs), [1])  # 200 examples, batches of 50
    assert seen == [(step, steps) for step in range(steps)]
    assert len(history.loss) == -(-steps // 4)


def test_a_part_of_an_epoch_is_averaged_over_its_own_steps():
    network = build("resnet18", WIDE, 1, base_width=4, channels=1, classes=10)
    history = train(network, tiny_digits(), tiny_recipe(epochs=1.25, learning_rate=1e-9), [1])
    assert history.loss[1][0] == pytest.approx(history.loss[0][0], rel=0.2)


def test_no_two_networks_of_a_study_and_its_budgets_share_a_seed():
    study = study_with_budgets(0.5, 1, 1.5)
    some = [study, *map(study.trained_less, study.budgets)]
    seeds = [seed for each in some for replicate in (0, 1) for seed in member_seeds(each, WIDE, replicate)]
    assert len(set(seeds)) == len(seeds) == 4 * 2 * 2


def test_budgets_leave_the_networks_of_the_study_as_they_are():
    plain, study = tiny_study(), study_with_budgets(0.5)
    for alpha in plain.alphas:
        assert plain.training_identity(alpha, 0) == study.training_identity(alpha, 0)
        assert member_seeds(plain, alpha, 0) == member_seeds(study, alpha, 0)


def test_a_budget_that_is_none_of_the_scale_is_refused():
    with pytest.raises(SpecError, match="has no budget of 3 epochs: it has 0.5, 1.5$"):
        study_with_budgets(0.5, 1.5).trained_less(3)
    with pytest.raises(SpecError, match="has no budget of 0.5 epochs: it has none$"):
        tiny_study().trained_less(0.5)


@pytest.mark.parametrize("budgets", [(1.5, 0.5), (0.5, 0.5), (0.0,), (-1.0,), (2.0,), (3.0,)])
def test_budgets_must_be_ascending_and_fewer_than_the_recipes_epochs(budgets):
    with pytest.raises(SpecError, match="budgets must be ascending epochs, fewer than the recipe's"):
        study_with_budgets(*budgets)


def test_a_budget_that_is_no_number_is_refused():
    with pytest.raises(SpecError, match="budgets.resnet18.0 must be a finite number, not nan"):
        study_with_budgets(np.nan)


def test_budgets_of_an_architecture_that_the_scale_lacks_are_refused():
    with pytest.raises(SpecError, match="of architectures that it has"):
        replace(tiny_study().scale, architectures=("vgg16",), budgets={"resnet18": (1.0,)})
