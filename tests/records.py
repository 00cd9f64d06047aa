"""Synthetic records whose effects are known, in place of trained networks."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np

from overparam.metrics.penalties import PenaltyChoice
from overparam.metrics.stats import Effect
from overparam.study.feature_blocks import M_1, M_1_PRIME, PLANTED, Early, R, S, S_matched, S_prime
from overparam.study.quantities import FP, FSE, Contrast
from overparam.study.record import PENALTY_FACTORS, Record, Sample

ONE, HALF, QUARTER, EIGHTH, SIXTEENTH = (Fraction(1, k) for k in (1, 2, 4, 8, 16))
ALPHAS = (ONE, HALF, QUARTER, EIGHTH, SIXTEENTH)

Level = float | Sequence[float] | np.ndarray  # one number, or one a penalty factor
Levels = Level | Mapping[Fraction, Level]  # the same at every α, or by α

# Effects at which every claim of the paper holds: by claim family, by α.
AS_CLAIMED: dict[str, Levels] = {
    "over": {HALF: 0.0, QUARTER: 0.1, EIGHTH: 0.2, SIXTEENTH: 0.3},
    "under": {HALF: 0.05, QUARTER: 0.1, EIGHTH: 0.15, SIXTEENTH: 0.2},
    "performance": {HALF: 0.02, QUARTER: 0.04, EIGHTH: 0.06, SIXTEENTH: 0.08},
    "aid": {HALF: 0.02, QUARTER: 0.03, EIGHTH: 0.04, SIXTEENTH: 0.05},
    "specific": {HALF: 0.02, QUARTER: 0.02, EIGHTH: 0.03, SIXTEENTH: 0.04},
    "redundant": 0.0,
    # Of narrow networks with as many parameters as M_1.
    "over with parameters": 0.05,
    "performance with parameters": 0.01,
}
MEMBERS = {ONE: 2, HALF: 4, QUARTER: 16, EIGHTH: 16, SIXTEENTH: 32}
EARLY = {2: (0.5, 0.4, 0.2), 5: (0.75, 0.1, 0.05)}
INSIDE = PenaltyChoice(1e-3, "inside", (1e-4, 1e-3, 1e-2), (0.3, 0.25, 0.5))


def spread_effect(mean: float, half_width: float) -> Effect:
    """An effect of three replicates whose one-sided 95 % bounds are ``mean ± half_width``."""
    step = half_width * 3**0.5 / 2.919985580355516  # Student's t at 95 % with two degrees of freedom
    return Effect(mean + step * np.array([-1.0, 0.0, 1.0]), np.zeros((3, 3)))


def sample_of(contributions: np.ndarray, quantities: Sequence[str]) -> Sample:
    """A sample from contributions (penalty factors, replicates, quantities, examples), by the formula."""
    factors, replicates, count, examples = contributions.shape
    values = contributions.mean(axis=3)
    centred = (contributions - values[..., None]).reshape(factors, replicates * count, examples)
    return Sample(tuple(quantities), values, centred @ centred.transpose(0, 2, 1) / (examples - 1) / examples)


def synthetic_record(
    effects: Mapping[str, Levels] | None = None,
    *,
    alphas: Sequence[Fraction] = ALPHAS,
    replicates: int = 5,
    spread: float = 1e-3,
    wide: float = 0.9,
    majority_share: float = 0.1,
    planted: float = 0.08,
    baseline: float = 0.2,
    train_accuracy: Mapping[Fraction, float] | None = None,
    members: Mapping[Fraction, int] = MEMBERS,
    early_stages: Mapping[int, tuple[float, float, float]] = EARLY,
) -> Record:
    """A record in which each contrast of the claims has exactly the given mean over replicates.

    Args:
        effects: changes to `AS_CLAIMED`.
        alphas: width factors.
        replicates: their number.
        spread: standard deviation between replicates of each quantity.
        wide: FP(M_1).
        majority_share: share of the most common class.
        planted: gain of FP(M_1) by planted labels.
        baseline: FSE(M_1′→M_1).
        train_accuracy: by α; 1 unless given.
        members: networks at each α.
        early_stages: of M_1′, by epochs: how well it fits, how much less it spans and how much worse it classifies.
    """
    levels = {**AS_CLAIMED, **(effects or {})}

    def effect(name: str, alpha: Fraction) -> np.ndarray:
        level = levels[name]
        chosen = level[alpha] if isinstance(level, Mapping) else level
        return np.broadcast_to(np.asarray(chosen, dtype=float), len(PENALTY_FACTORS))

    spans = [
        (FSE(M_1_PRIME, M_1), baseline),
        *((FSE(Early(e), M_1), baseline + lost) for e, (_, lost, _) in early_stages.items()),
    ]
    performances = [
        (FP(M_1), wide),
        (FP(M_1, PLANTED), wide + planted),
        *((FP(Early(e)), wide - lost) for e, (_, _, lost) in early_stages.items()),
    ]
    for alpha in (a for a in alphas if a < 1):
        narrow = wide - effect("performance", alpha)
        spans += [
            (FSE(S(alpha), M_1), baseline + effect("over", alpha)),
            (FSE(S(alpha), S_prime(alpha)), 0.3),
            (FSE(M_1, S_prime(alpha)), 0.3 + effect("under", alpha)),
        ]
        performances += [
            (FP(S(alpha)), narrow),
            (FP(S(alpha), R(S(alpha), M_1)), narrow + effect("aid", alpha)),
            (
                FP(S(alpha), R(S(alpha), S_prime(alpha))),
                narrow + effect("aid", alpha) - effect("specific", alpha),
            ),
            (FP(M_1, R(M_1, S(alpha))), wide + effect("redundant", alpha)),
        ]
        if members[alpha] >= alpha.denominator**2:
            spans.append((FSE(S_matched(alpha), M_1), baseline + effect("over with parameters", alpha)))
            performances.append((FP(S_matched(alpha)), wide - effect("performance with parameters", alpha)))
    accuracies = dict.fromkeys(alphas, 1.0) | dict(train_accuracy or {})
    return Record(
        task="digits",
        arch="resnet18",
        scale="smoke",
        key="k" * 64,
        alphas=tuple(alphas),
        replicates=tuple(range(replicates)),
        networks={
            alpha: _network_entry(alpha, replicates, [accuracies[alpha]] * members[alpha], early_stages)
            for alpha in alphas
        },
        data={
            "source": "synthetic",
            "sha256": {},
            "train_examples": 1000,
            "heldout_examples": 797,
            "majority_share": majority_share,
        },
        environment={"device": "CPU"},
        recipe={"epochs": 10},
        penalties={
            str(FSE(M_1_PRIME, M_1)): {"ridge": [INSIDE] * replicates},
            str(FP(M_1)): {"probe": [INSIDE] * replicates},
        },
        samples={
            "span": _sample_at(spans, replicates, spread),
            "performance": _sample_at(performances, replicates, spread),
        },
    )


def _sample_at(quantities: Sequence[tuple[Contrast, Level]], replicates: int, spread: float) -> Sample:
    noise = np.random.default_rng(7).standard_normal((replicates, len(quantities)))
    noise -= noise.mean(axis=0)  # the mean over replicates is exact
    centres = np.array([np.broadcast_to(level, len(PENALTY_FACTORS)) for _, level in quantities]).T
    shared = 1e-9 * np.eye(replicates * len(quantities))
    names = tuple(str(contrast) for contrast, _ in quantities)
    return Sample(names, centres[:, None] + spread * noise, np.repeat(shared[None], len(PENALTY_FACTORS), axis=0))


def _network_entry(
    alpha: Fraction, replicates: int, accuracies: list[float], early_stages: Mapping[int, tuple[float, float, float]]
) -> dict:
    label = str(alpha).replace("/", "_")
    checkpoints = [
        {"path": f"artifacts/checkpoints/smoke/digits-resnet18-{label}-r{r}.safetensors", "md5": f"{label}-{r}"}
        for r in range(replicates)
    ]
    entry = {"checkpoints": checkpoints, "features": int(128 * alpha), "train_accuracy": [accuracies] * replicates}
    entry |= {
        "heldout_accuracy": [accuracies] * replicates,
        "seeds": [list(range(len(accuracies)))] * replicates,
        "environment": [{"device": "CPU", "code": "c" * 64}] * replicates,
        "history": {
            "loss": [[2.0 + r, 1.0 + r, 0.5 + r] for r in range(replicates)],
            "accuracy": [[0.1, 0.2 + 0.01 * r, 0.3] for r in range(replicates)],
        },
    }
    if alpha == ONE and early_stages:
        fits = [fit for fit, _, _ in early_stages.values()]
        entry["early"] = {
            "epochs": list(early_stages),
            "train_accuracy": [fits] * replicates,
            "heldout_accuracy": [fits] * replicates,
        }
    return entry
