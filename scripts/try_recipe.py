#!/usr/bin/env python
"""Two wide networks of each embedded study, from seeds that are thrown away: what its recipe is chosen by.

    python scripts/try_recipe.py [ENTRY=VALUE ...]

An entry of the recipe, such as ``epochs=6``, is changed for the trial. Prints the accuracies of the two networks, the
share d of held-out examples that one of them gets right and the other wrong, and how many standard errors of such a
difference in R replicates on n examples the margin δ of accuracy is: δ / √(d / (n R)), if replicates share nothing
through the examples. No narrow network is trained, and nothing is judged.
"""

import sys
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import torch

from overparam.config.studies import load_config
from overparam.data import load_dataset
from overparam.networks.ensemble import stream
from overparam.networks.registry import build
from overparam.networks.training import accuracy, train
from overparam.verdicts.margins import load_preregistration

SEEDS = [901, 902]
EXAMPLES_AT_A_TIME = 200


def main() -> None:
    """Try the recipes of scale smoke."""
    torch.set_num_threads(1)
    config, margin = load_config(Path("params.yaml")), load_preregistration().accuracy
    changes = {name: float(value) for name, value in (word.split("=") for word in sys.argv[1:])}
    for study in config.studies("smoke"):
        scale = study.scale
        recipe = replace(
            scale.train, **{name: int(value) if value == int(value) else value for name, value in changes.items()}
        )
        data = load_dataset(study.task, train_examples=scale.train_examples)
        size = {"base_width": scale.base_width, "channels": data.channels, "classes": data.classes}
        network = build(study.arch, Fraction(1), len(SEEDS), **size)
        start = time.process_time()
        train(network, data, recipe, SEEDS)
        seconds = time.process_time() - start
        heldout, right = data.heldout, []
        streamed = stream(
            network, heldout, data.normalisation, batch_size=EXAMPLES_AT_A_TIME, precision=recipe.precision
        )
        for _, logits in streamed:
            right.append(logits.argmax(-1))
        first, second = torch.cat(right, dim=1) == torch.from_numpy(heldout.labels)
        apart = float((first != second).float().mean())
        errors = margin / (apart / (len(heldout) * len(scale.replicates))) ** 0.5
        fit = ", ".join(f"{each:.1%}" for each in accuracy(network, data, data.train, recipe))
        told = ", ".join(f"{float(each.float().mean()):.1%}" for each in (first, second))
        print(f"{study}: fit {fit}; held out {told}; d = {apart:.3f}, δ = {errors:.1f} errors; {seconds:.1f} s")


if __name__ == "__main__":
    main()
