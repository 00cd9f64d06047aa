"""Every quantity that the vision claims compare, in every replicate and at every penalty factor."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from overparam.constants import SEED
from overparam.metrics.blocks import Blocks
from overparam.metrics.definitions import Measured, feature_performance, residuals, ridge_regressions, span_error
from overparam.metrics.penalties import Choices, Fitted, Penalties, PenaltyChoice
from overparam.metrics.ridge import Ridge
from overparam.metrics.stats import contribution_covariance
from overparam.study.feature_blocks import M_1, M_1_PRIME, PLANTED, Block, Early, R, S, S_matched, S_prime
from overparam.study.feature_file import FeatureFile
from overparam.study.layout import Replicate, check_same_examples
from overparam.study.quantities import PERFORMANCE, SPAN_ERROR, Quantity
from overparam.study.record import PENALTY_FACTORS, Sample
from overparam.study.record_file import OfWidth

# Labels are planted on so many examples, amid so much noise, that a probe which works gains a few points of accuracy.
PLANTED_SHARE = 0.3
PLANTED_NOISE = 0.25  # standard deviation; planted labels are one-hot

Quantities = dict[Hashable, list[Measured]]  # by quantity: one measurement a penalty factor


def measure(
    replicates: Mapping[int, Replicate],
    *,
    called: Callable[[Hashable], Hashable] = lambda quantity: quantity,
    workers: int = -1,
    advance: Callable[[int, int], object] = lambda done, total: None,
) -> tuple[dict[str, Sample], Penalties]:
    """Measure every quantity of the vision claims.

    Args:
        replicates: the networks of each replicate. What lacks its block is not measured; nor is any performance
            without labels, or if all examples have one.
        called: what each quantity is kept as, maps and probes being fitted on some examples or others.
        workers: processes that share the work; −1 for one a core.
        advance: called with the parts done and their total, for a progress bar.

    Returns:
        The samples ``span`` and ``performance``, and by quantity what cross-validation chose in each replicate.

    Raises:
        MeasurementError: if replicates differ in their examples, or a quantity has no meaning on these features.
    """
    check_same_examples(replicates)
    classified = all(replicate.blocks.classified for replicate in replicates.values())
    parts = [
        (number, sample, part)
        for number, replicate in replicates.items()
        for sample, part in (
            ("span", partial(_wide_spans, replicate)),
            *(("span", partial(_narrow_spans, replicate, alpha)) for alpha in replicate.alphas),
            ("performance", partial(_wide_performance, replicate)),
            *(("performance", partial(_narrow_performance, replicate, alpha)) for alpha in replicate.alphas),
        )
        if classified or sample == "span"
    ]
    measured: dict[str, dict[int, Quantities]] = {
        sample: {number: {} for number in replicates} for sample in dict.fromkeys(sample for _, sample, _ in parts)
    }
    run_all: Any = Parallel(n_jobs=workers, return_as="generator")
    done: Iterable[Quantities] = run_all(delayed(single_threaded)(part) for _, _, part in parts)
    for count, ((number, sample, _), quantities) in enumerate(zip(parts, done, strict=True), start=1):
        measured[sample][number] |= {called(quantity): taken for quantity, taken in quantities.items()}
        advance(count, len(parts))
    found = {sample: list(by_number.values()) for sample, by_number in measured.items()}
    penalties = {name: choices for by_replicate in found.values() for name, choices in chosen(by_replicate).items()}
    return {sample: joint_sample(by_replicate) for sample, by_replicate in found.items()}, penalties


def single_threaded(part: Callable[[], Quantities]) -> Quantities:
    """Measure one part of a study in one of the processes that share the work."""
    # On matrices this small, BLAS threads lose more waiting for each other than they gain; processes share the cores.
    with threadpool_limits(limits=1, user_api="blas"):
        return part()


def _wide_spans(replicate: Replicate) -> Quantities:
    """FSE onto M_1 from M_1′, at the end of its training and before."""
    return spans(replicate.blocks, [(source, M_1) for source in (M_1_PRIME, *map(Early, replicate.early_epochs))])


def _narrow_spans(replicate: Replicate, alpha: Fraction) -> Quantities:
    """FSE between M_1, S_α and S_α′, and onto M_1 from narrow networks with as many parameters."""
    narrow, independent = S(alpha), S_prime(alpha)
    pairs = [(narrow, M_1), (M_1, independent), (narrow, independent), (S_matched(alpha), M_1)]
    return spans(replicate.blocks, [pair for pair in pairs if set(pair) <= set(replicate.blocks.arrays)])


def spans(
    blocks: Blocks, pairs: Sequence[tuple[Block, Block]], factors: Sequence[float] = PENALTY_FACTORS
) -> Quantities:
    """FSE(A→B) at every penalty factor, from moments that are taken once."""
    measured = {}
    for pair, regression in ridge_regressions(blocks, pairs).items():
        errors = [span_error(blocks, regression, penalty=regression.penalty * factor) for factor in factors]
        measured[Quantity(SPAN_ERROR, pair)] = _after({"ridge": regression.choice}, errors)
    return measured


def _wide_performance(replicate: Replicate) -> Quantities:
    """FP(M_1), also beside planted labels, which a working probe must see to help; and FP(M_1′) early in training."""
    blocks = replicate.blocks
    return {
        **performances(blocks, [M_1]),
        **planted_performance(blocks),
        **performances(blocks, map(Early, replicate.early_epochs)),
    }


def _narrow_performance(replicate: Replicate, alpha: Fraction) -> Quantities:
    """FP of S_α, of it and of M_1 with the residuals that they leave of each other, and of S_α with those of S_α′."""
    narrow, independent = S(alpha), S_prime(alpha)
    present = set(replicate.blocks.arrays)
    plain = [name for name in (narrow, S_matched(alpha)) if name in present]
    pairs = [pair for pair in ((narrow, M_1), (M_1, narrow), (narrow, independent)) if set(pair) <= present]
    return performances(replicate.blocks, plain) | residual_performances(replicate.blocks, pairs)


def performances(blocks: Blocks, names: Iterable[Block]) -> Quantities:
    """FP of single blocks, which no ridge penalty touches."""
    return {
        Quantity(PERFORMANCE, (name,)): [feature_performance(blocks, (name,))] * len(PENALTY_FACTORS) for name in names
    }


def planted_performance(blocks: Blocks) -> Quantities:
    """FP of M_1 beside planted labels."""
    planted = Blocks({M_1: blocks[M_1], PLANTED: _planted(blocks)}, blocks.ids, blocks.labels, blocks.heldout)
    return {
        Quantity(PERFORMANCE, (M_1, PLANTED)): [feature_performance(planted, (M_1, PLANTED))] * len(PENALTY_FACTORS)
    }


def residual_performances(blocks: Blocks, pairs: Sequence[tuple[Block, Block]]) -> Quantities:
    """FP([A, R(A→B)]) at every penalty factor, from moments that are taken once."""
    return {
        Quantity(PERFORMANCE, (source, R(source, target))): _with_residuals(blocks, R(source, target), regression)
        for (source, target), regression in ridge_regressions(blocks, pairs).items()
    }


def _with_residuals(blocks: Blocks, name: R, regression: Ridge) -> list[Measured]:
    """FP([A, R(A→B)]) at every penalty factor; the probe's penalty is chosen once, at factor 1."""
    source = name.source

    def performance(factor: float, probe_penalty: float | None) -> Measured:
        residual = residuals(blocks, regression, penalty=regression.penalty * factor)
        joined = Blocks({source: blocks[source], name: residual}, blocks.ids, blocks.labels, blocks.heldout)
        return feature_performance(joined, (source, name), penalty=probe_penalty)

    centre = performance(1.0, None)
    by_factor = [centre if factor == 1.0 else performance(factor, centre.penalty) for factor in PENALTY_FACTORS]
    return _after({"ridge": regression.choice, **centre.choices}, by_factor)


def _after(choices: Choices, measured: Sequence[Measured]) -> list[Measured]:
    """The measurements at multiples of penalties that cross-validation chose, which all stand on its choices."""
    return [replace(measurement, choices=choices) for measurement in measured]


def _planted(blocks: Blocks) -> np.ndarray:
    """A block as wide as M_1, at least as wide as there are classes, that holds the labels of some examples."""
    generator = np.random.default_rng(SEED)
    count, width = blocks[M_1].shape
    classes = int(blocks.classes.max()) + 1
    planted = PLANTED_NOISE * generator.standard_normal((count, max(width, classes)))
    told = generator.random(count) < PLANTED_SHARE
    planted[told, :classes] += np.eye(classes)[blocks.classes[told]]
    return planted


def joint_sample(measured: list[Quantities], factors: Sequence[float] = PENALTY_FACTORS) -> Sample:
    """The measurements of every replicate, all on the same examples, with their joint covariance."""
    quantities = list(measured[0])
    by_factor = list(zip(*(m[q] for m in measured for q in quantities), strict=True))
    values = np.array([[measurement.value for measurement in row] for row in by_factor])
    shared = [
        contribution_covariance(np.array([measurement.contributions for measurement in row])) for row in by_factor
    ]
    shape = (len(factors), len(measured), len(quantities))
    return Sample(tuple(map(str, quantities)), values.reshape(shape), np.array(shared), tuple(factors))


def chosen(measured: Sequence[Quantities]) -> dict[str, dict[Fitted, list[PenaltyChoice]]]:
    """By quantity, what cross-validation chose for it in every replicate, where it chose anything."""
    choices = {quantity: [m[quantity][0].choices for m in measured] for quantity in measured[0]}
    return {
        str(quantity): {fitted: [made[fitted] for made in by_replicate] for fitted in by_replicate[0]}
        for quantity, by_replicate in choices.items()
        if by_replicate[0]
    }


def describe_networks(files: Mapping[int, FeatureFile]) -> OfWidth:
    """What a record says of the networks of one width, over its replicates."""
    metadata = [file.metadata for file in files.values()]
    first = next(iter(files.values()))
    final = int(np.sum(first.epochs == first.epochs[0]))  # networks trained to the end
    entry: OfWidth = {
        "checkpoints": [m["checkpoint"] for m in metadata],
        "seeds": [m["seeds"][:final] for m in metadata],
        "environment": [m["environment"] for m in metadata],
        "features": first.features.shape[2],
        "parameters": metadata[0]["parameters"],
        "dead_features": [
            int(np.sum(np.ptp(file.features[~file.heldout, :final], axis=0) == 0)) for file in files.values()
        ],
        "train_accuracy": [m["train_accuracy"][:final] for m in metadata],
        "heldout_accuracy": [m["heldout_accuracy"][:final] for m in metadata],
    }
    if "history" in first.metadata:
        entry["history"] = {
            "loss": [np.mean(m["history"]["loss"], axis=1).tolist() for m in metadata],
            "accuracy": [np.mean(m["history"]["accuracy"], axis=1).tolist() for m in metadata],
        }
    if final < len(first.epochs):
        entry["early"] = {
            "epochs": first.epochs[final:].tolist(),
            "train_accuracy": [m["train_accuracy"][final:] for m in metadata],
            "heldout_accuracy": [m["heldout_accuracy"][final:] for m in metadata],
        }
    return entry
