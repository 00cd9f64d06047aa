"""What the toy networks learned: neurons that each pair of signals activates, and what the networks span."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from fractions import Fraction
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from overparam.metrics.blocks import Blocks
from overparam.metrics.definitions import span_error
from overparam.metrics.moments import Moments
from overparam.metrics.ridge import RidgeSource
from overparam.study.feature_blocks import M_1, Block, S
from overparam.study.quantities import FSE
from overparam.toy.record import TARGET, Activated, BestAlignment
from overparam.toy.simulation import PLANES, Networks, draw_inputs, seed_generators, train_all
from overparam.toy.spec import ToySpec

Quantities = dict[str, list[float]]  # by name, one number a seed
Advance = Callable[[int], object]


def measure_claims(spec: ToySpec, *, advance: Advance) -> tuple[Quantities, dict[Fraction, Networks]]:
    """Train every width, and measure what the toy's claims compare."""
    trained = train_all([(spec, alpha) for alpha in spec.alphas], advance=advance)
    networks = dict(zip(spec.alphas, trained, strict=True))
    return _quantities(spec, networks), networks


def _quantities(spec: ToySpec, networks: Mapping[Fraction, Networks]) -> Quantities:
    """What the toy's claims compare, of the networks of every width."""
    quantities: Quantities = {}
    for alpha, trained in networks.items():
        for plane in PLANES:
            final = trained.alignment[plane][-1]  # (seeds, neurons)
            for threshold in spec.thresholds:
                quantities[str(Activated(plane, alpha, threshold))] = (final > threshold).mean(axis=1).tolist()
            quantities[str(BestAlignment(plane, alpha))] = final.max(axis=1).tolist()
            rise = final.max(axis=1) - trained.alignment[plane][0].max(axis=1)
            quantities[str(BestAlignment(plane, alpha, rise=True))] = rise.tolist()
    return quantities


def measure_spans(spec: ToySpec, networks: Mapping[Fraction, Networks]) -> Quantities:
    """FSE from every width onto M_1 and onto the target, the latter being the error of a ridge readout."""
    generators, count = seed_generators(spec, "spans"), spec.spans.examples
    inputs, targets = draw_inputs(spec, generators, count)
    hidden = {alpha: trained.hidden(inputs).numpy() for alpha, trained in networks.items()}
    heldout = np.arange(count) >= count // 2
    measured: Quantities = {}
    with threadpool_limits(limits=1, user_api="blas"):
        for seed in range(spec.seeds):
            arrays: dict[Block, np.ndarray] = {S(alpha): values[seed] for alpha, values in hidden.items()}
            arrays[TARGET] = targets[seed, :, None].numpy()
            blocks = Blocks(arrays, np.arange(count), heldout=heldout)
            for source in arrays:
                if source == TARGET:
                    continue
                onto = [TARGET] if source == M_1 else [M_1, TARGET]
                regressions = RidgeSource(Moments.of(blocks, [source, *onto]), source)
                for target in onto:
                    error = span_error(blocks, regressions.to(target), penalty=spec.spans.penalty)
                    measured.setdefault(str(FSE(source, target)), []).append(error.value)
    return measured


def measure_controls(spec: ToySpec, names: Iterable[str], *, advance: Advance) -> dict[str, Quantities]:
    """What the claims compare, with one thing changed at a time, at the widest and the narrowest networks."""
    changed = {name: spec.changed(name) for name in names}
    trained = iter(train_all([(run, alpha) for run in changed.values() for alpha in run.alphas], advance=advance))
    return {name: _quantities(run, {alpha: next(trained) for alpha in run.alphas}) for name, run in changed.items()}


def phase_diagram(spec: ToySpec, *, advance: Advance) -> dict[str, Any]:
    """The share of networks with a neuron activated by the product, by neurons of a network and product strength.

    Returns:
        ``neurons`` (rows), ``products`` (columns) and ``learned`` (rows, columns), shares in [0, 1].
    """
    phase, one = spec.phase, Fraction(1, spec.phase.networks)
    runs = [
        replace(spec, product=product, neurons=neurons * phase.networks, alphas=(Fraction(1), one), seeds=1)
        for neurons in phase.neurons
        for product in phase.products
    ]
    final = [networks.alignment["product"][-1] for networks in train_all([(r, one) for r in runs], advance=advance)]
    shares = [float((a.reshape(phase.networks, -1) > spec.threshold).any(axis=1).mean()) for a in final]
    learned = np.reshape(shares, (len(phase.neurons), len(phase.products))).tolist()
    return {**asdict(phase), "learned": learned}


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


def total_steps(spec: ToySpec, controls: Iterable[str], *, phase: bool) -> int:
    """Training steps of a whole run, for a progress bar."""
    runs = [spec, *(spec.changed(name) for name in controls)]
    cells = len(spec.phase.neurons) * len(spec.phase.products) if phase else 0
    return sum(len(run.alphas) * run.steps for run in runs) + cells * spec.steps
