"""Where should the budgets of wide networks lie that are trained less? One network each, on a seed then thrown away.

Writes the training fit of such networks by epochs, and of the stored narrow networks of replicate 0, into
results/SCALE/budgets/.
Example: python scripts/find_budgets.py cifar resnet18 0.5 1 2 4
"""

import argparse
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path

import torch

from overparam.checkpoints import load_checkpoint
from overparam.config import StudySpec, load_config
from overparam.data import Dataset
from overparam.ensembles import precision_on
from overparam.files import write_json
from overparam.fit import measure_fit
from overparam.origins import default_device, libraries
from overparam.progress import progress_display
from overparam.stages import build_networks, load_study_data
from overparam.training import train
from overparam.workspace import Workspace

PILOT_SEED = 1  # of no study, whose seeds are digests of names


def pilot_fit(study: StudySpec, dataset: Dataset, epochs: float) -> dict[str, float]:
    """Training accuracy and cross-entropy (nats) of one wide network that is trained for so many epochs."""
    network = build_networks(study, Fraction(1), 1, dataset).to(default_device())
    recipe = replace(study.recipe, epochs=epochs)
    with progress_display() as display:
        train(network, dataset, recipe, [PILOT_SEED], progress=display, label=f"{epochs:g} epochs")
    fit = measure_fit(network, dataset, recipe, together=1)
    return {"accuracy": fit.accuracy[0], "cross_entropy": fit.cross_entropy[0]}


def main() -> None:
    """Train the pilots, measure the narrow networks, write both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task")
    parser.add_argument("arch")
    parser.add_argument("epochs", nargs="+", type=float)
    parser.add_argument("--scale", default=None)
    options = parser.parse_args()
    torch.set_num_threads(1)
    study = load_config().study(options.task, options.arch, options.scale)
    dataset, workspace = load_study_data(study), Workspace.at(Path())
    found = {"wide": {}, "narrow": {}}
    for epochs in options.epochs:
        found["wide"][f"{epochs:g}"] = pilot_fit(study, dataset, epochs)
        print(f"{epochs:g} epochs: {found['wide'][f'{epochs:g}']}", flush=True)
    for alpha in study.scale.narrow_alphas:
        network, _ = load_checkpoint(workspace.checkpoint(study, alpha, 0))
        fit = measure_fit(network, dataset, study.recipe, together=alpha.denominator)
        found["narrow"][str(alpha)] = asdict(fit)
        print(f"α = {alpha}: {fit}", flush=True)
    precision = precision_on(default_device(), study.recipe.precision)
    target = workspace.results / study.scale.name / "budgets" / f"{study.task}-{study.arch}.json"
    write_json(target, {**found, "environment": {**libraries(), "precision": precision}})


if __name__ == "__main__":
    main()
