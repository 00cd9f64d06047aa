"""Where should the budgets of wide networks lie that are trained less? One network each, on a seed then thrown away.

Writes the training fit of such networks by epochs, and of the study's own networks of replicate 0 by width factor, into
results/SCALE/budgets/; what is there already is not measured again.
Example: python scripts/find_budgets.py cifar resnet18 0.5 1 2 4
"""

import argparse
import json
from dataclasses import asdict, replace
from fractions import Fraction

import torch

from overparam.config.root import PARAMS, own_root
from overparam.config.studies import StudySpec, load_config
from overparam.config.workspace import Workspace
from overparam.data import Dataset
from overparam.io.files import write_json
from overparam.io.progress import progress_display
from overparam.networks.fit import measure_fit
from overparam.networks.training import train
from overparam.pipeline.equal_fit import fit_stage
from overparam.pipeline.provenance import default_device, environment_of
from overparam.pipeline.stages import build_networks, load_study_data

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
    root = own_root()
    study, workspace = load_config(root / PARAMS).study(options.task, options.arch, options.scale), Workspace.at(root)
    dataset = load_study_data(study, workspace)[study.scale.replicates[0]]
    target = workspace.results / study.scale.name / "budgets" / f"{study.task}-{study.arch}.json"
    found = json.loads(target.read_text(encoding="utf-8")) if target.exists() else {"pilot": {}, "study": {}}
    found["environment"] = environment_of(study)
    for epochs in options.epochs:
        if f"{epochs:g}" not in found["pilot"]:
            found["pilot"][f"{epochs:g}"] = pilot_fit(study, dataset, epochs)
            write_json(target, found)
    for alpha in study.alphas:
        if str(alpha) not in found["study"]:
            found["study"][str(alpha)] = asdict(fit_stage(study, alpha, 0, workspace, dataset=dataset))
            write_json(target, found)
    print(f"{target} is up to date")


if __name__ == "__main__":
    main()
