"""What the toy networks learned: neurons that each pair of signals activates, and what the networks span."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from overparam.blocks import Blocks
from overparam.metrics import span_error
from overparam.moments import Moments
from overparam.quantities import FSE, M_1, S
from overparam.ridge import RidgeSource
from overparam.toy.record import activated, best_alignment
from overparam.toy.simulation import PLANES, Networks, draw_inputs, seed_generators, train_networks
from overparam.toy.spec import ToySpec

TARGET = "y"
EXAMPLES = 6000  # to measure spans on, half of them held out
PENALTY = 1e-6  # relative; without noise cross-validation would choose none, and this much keeps the arithmetic sound
# What else may decide, one change at a time; each is run with fewer seeds.
CONTROLS: dict[str, dict[str, Any]] = {
    "no product": {"product": 0.0},
    "large initialisation": {"initial_scale": 0.1, "learning_rate": 0.005},  # a larger step would diverge
    "four times as long": {"steps": 8000},
    "no biases": {"biases": False},
}
CONTROL_SEEDS = 5
# The phase diagram: networks of each number of neurons at each strength of the product.
NEURONS = (1, 2, 3, 4, 5, 6, 8)
PRODUCTS = (0.25, 0.5, 1.0, 2.0, 4.0)
PHASE_NETWORKS = 120

Quantities = dict[str, list[float]]  # by name, one number a seed
Advance = Callable[[int], object]


def measure_claims(spec: ToySpec, *, advance: Advance) -> tuple[Quantities, dict[Fraction, Networks]]:
    """Train every width, and measure what the toy's claims compare."""
    networks = {alpha: train_networks(spec, alpha, advance=advance) for alpha in spec.alphas}
    quantities: Quantities = {}
    for alpha, trained in networks.items():
        for plane in PLANES:
            final = trained.alignment[plane][-1]  # (seeds, neurons)
            for threshold in spec.thresholds:
                quantities[activated(plane, alpha, threshold)] = (final > threshold).mean(axis=1).tolist()
            quantities[best_alignment(plane, alpha)] = final.max(axis=1).tolist()
            rise = final.max(axis=1) - trained.alignment[plane][0].max(axis=1)
            quantities[best_alignment(plane, alpha, rise=True)] = rise.tolist()
    return quantities, networks


def measure_spans(spec: ToySpec, networks: Mapping[Fraction, Networks]) -> Quantities:
    """FSE from every width onto M_1 and onto the target, the latter being the error of a ridge readout."""
    generators = seed_generators(spec, "spans")
    inputs, targets = draw_inputs(spec, generators, EXAMPLES)
    hidden = {alpha: trained.hidden(inputs).numpy() for alpha, trained in networks.items()}
    heldout = np.arange(EXAMPLES) >= EXAMPLES // 2
    measured: Quantities = {}
    with threadpool_limits(limits=1, user_api="blas"):
        for seed in range(spec.seeds):
            arrays = {M_1 if alpha == 1 else S(alpha): values[seed] for alpha, values in hidden.items()}
            arrays[TARGET] = targets[seed, :, None].numpy()
            blocks = Blocks(arrays, np.arange(EXAMPLES), np.zeros(EXAMPLES, int), heldout)
            for source in arrays:
                if source == TARGET:
                    continue
                onto = [TARGET] if source == M_1 else [M_1, TARGET]
                regressions = RidgeSource(Moments.of(blocks, [source, *onto]), source)
                for target in onto:
                    (name,) = FSE(source, target).weights
                    error = span_error(blocks, regressions.to(target), penalty=PENALTY)
                    measured.setdefault(name, []).append(error.value)
    return measured


def measure_controls(spec: ToySpec, *, advance: Advance) -> dict[str, Quantities]:
    """What the claims compare, with one thing changed at a time, at the widest and the narrowest networks."""
    ends = tuple(alpha for alpha in spec.alphas if alpha in (1, min(spec.alphas)))
    changed = replace(spec, seeds=min(CONTROL_SEEDS, spec.seeds), alphas=ends)
    return {name: measure_claims(replace(changed, **change), advance=advance)[0] for name, change in CONTROLS.items()}


def phase_diagram(spec: ToySpec, *, advance: Advance) -> dict[str, Any]:
    """The share of networks with a neuron activated by the product, by neurons of a network and product strength.

    Returns:
        ``neurons`` (rows), ``products`` (columns) and ``learned`` (rows, columns), shares in [0, 1].
    """
    learned = []
    for neurons in NEURONS:
        row = []
        for product in PRODUCTS:
            changed = replace(
                spec,
                product=product,
                neurons=neurons * PHASE_NETWORKS,
                alphas=(Fraction(1), Fraction(1, PHASE_NETWORKS)),
                seeds=1,
            )
            trained = train_networks(changed, Fraction(1, PHASE_NETWORKS), advance=advance)
            final = trained.alignment["product"][-1].reshape(PHASE_NETWORKS, neurons)
            row.append(float((final > spec.threshold).any(axis=1).mean()))
        learned.append(row)
    return {"neurons": list(NEURONS), "products": list(PRODUCTS), "networks": PHASE_NETWORKS, "learned": learned}


def trajectories(spec: ToySpec, networks: Mapping[Fraction, Networks]) -> dict[str, Any]:
    """Figure 5's curves: by α and pair of signals, activated neurons and best alignment at every written step.

    Returns:
        ``steps``, and by α and plane ``activated``, a number of neurons, and ``best``, each (records, seeds).
    """
    curves = {
        str(alpha): {
            plane: {
                "activated": (alignment > spec.threshold).sum(axis=2).tolist(),
                "best": np.round(alignment.max(axis=2), 4).tolist(),
            }
            for plane, alignment in trained.alignment.items()
        }
        for alpha, trained in networks.items()
    }
    return {"steps": next(iter(networks.values())).steps.tolist(), "curves": curves}


def total_steps(spec: ToySpec, *, claims_only: bool) -> int:
    """Training steps of a whole run, for a progress bar."""
    claims = len(spec.alphas) * spec.steps
    if claims_only:
        return claims
    ends = 2 if len(spec.alphas) > 1 else 1
    controls = sum(ends * change.get("steps", spec.steps) for change in CONTROLS.values())
    return claims + controls + len(NEURONS) * len(PRODUCTS) * spec.steps
