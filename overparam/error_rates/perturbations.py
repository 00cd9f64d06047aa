"""Features of trained networks with things done to them: no claim may hold that is then untrue."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial

from overparam.config.studies import StudySpec
from overparam.config.workspace import Workspace
from overparam.error_rates.acceptance import DECIDED, RESIDUALS
from overparam.error_rates.networks import ONE
from overparam.error_rates.randomness import generator
from overparam.error_rates.studies import ANY, Outcome, outcome
from overparam.error_rates.worlds import WORLDS, Study
from overparam.pipeline.artifacts import load_features
from overparam.verdicts.margins import Preregistration

NOT_HOLDS = ("refuted", "inconclusive")


@dataclass(frozen=True)
class Perturbation:
    """Something done to features, one of `overparam.error_rates.worlds.WORLDS`.

    Attributes:
        allowed: by claim, or ``ANY``, what may come out.
        same: the claims that must be judged as on the features as they are.
    """

    allowed: Mapping[str, tuple[str, ...]]
    same: tuple[str, ...] = ()


PERTURBATIONS = {
    "M_1 replaced by an S": Perturbation(dict.fromkeys(("span-over", "span-under", "performance"), NOT_HOLDS)),
    "wide and narrow swapped": Perturbation({"span-under": NOT_HOLDS, "performance": NOT_HOLDS}),
    "labels shuffled": Perturbation({"performance": NOT_HOLDS, **dict.fromkeys(RESIDUALS, ("inconclusive",))}),
    "residual replaced by noise": Perturbation({"residuals-specific": NOT_HOLDS}),
    "rows of the residual shuffled": Perturbation({"residuals-specific": NOT_HOLDS}),
    "features stored as float16": Perturbation({}, same=DECIDED),
    "S × 1000": Perturbation({}, same=DECIDED),
    "rows misaligned between blocks": Perturbation({ANY: ("error",)}),
    "S with half the features": Perturbation({ANY: ("error",)}),
    "one replicate copied": Perturbation({ANY: ("error",)}),
}


def features_at(study: StudySpec, alpha: Fraction, workspace: Workspace) -> Study:
    """The features of the wide networks and of those of one narrow width, by replicate."""
    return {
        replicate: {width: load_features(study, width, replicate, workspace) for width in (ONE, alpha)}
        for replicate in study.scale.replicates
    }


def as_they_are(study: Study, preregistration: Preregistration) -> Callable[[], Outcome]:
    """How features are judged to which nothing was done: measured once, when it is first asked for."""
    return cache(partial(outcome, study, DECIDED, preregistration))


def complaints(
    world: str, study: Study, preregistration: Preregistration, unperturbed: Callable[[], Outcome]
) -> list[str]:
    """What came out that may not, after something was done to the features of a study."""
    perturbation = PERTURBATIONS[world]
    changed = WORLDS[world].change(study, generator(f"{world}: trained networks", 0))
    claims = [*(claim for claim in perturbation.allowed if claim != ANY), *perturbation.same]
    found = outcome(changed, claims, preregistration)
    allowed = perturbation.allowed.items()
    wrong = {claim: found[claim][0] for claim, outcomes in allowed if found[claim][0] not in outcomes}
    if perturbation.same:
        before = unperturbed()
        differ = [claim for claim in perturbation.same if found[claim] != before[claim]]
        wrong |= {claim: f"{found[claim][0]}, not {before[claim][0]}" for claim in differ}
    return [f"{world}: {claim} {verdict}" for claim, verdict in wrong.items()]
