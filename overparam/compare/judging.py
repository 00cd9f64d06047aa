"""Which claims networks of one's own allow, what they compare, and their verdicts as far as that was measured."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

import numpy as np

from overparam.compare.layout import Layout
from overparam.compare.measure import Problem
from overparam.metrics.stats import Effect
from overparam.study.feature_blocks import ANY_WIDTH, M_1_PRIME, divides_evenly
from overparam.study.quantities import Contrast, Quantity
from overparam.study.record import Record
from overparam.verdicts.claims import Claim
from overparam.verdicts.findings import greater
from overparam.verdicts.inequalities import OfEffect
from overparam.verdicts.judge import Judgement, judge, line_of
from overparam.verdicts.margins import Preregistration
from overparam.verdicts.registry import of_measurements
from overparam.verdicts.widths import Narrow

Claims = Mapping[str, Claim[Record]]


def quantities_of(claims: Claims, widths: Iterable[Fraction]) -> list[Quantity]:
    """What claims compare at some widths, and what their gates look at; each once."""
    contrasts = [effect for alpha in widths for effect in effects_of(claims, alpha)]
    contrasts += [contrast for claim in claims.values() for gate in claim.gates for contrast in gate.reads]
    return list(dict.fromkeys(quantity for contrast in contrasts for quantity in _quantities(contrast)))


def effects_of(claims: Claims, alpha: Fraction) -> list[Contrast]:
    """The difference that each claim compares with its margin at one width."""
    return [claim.inequality.effect(alpha) for claim in claims.values() if isinstance(claim.inequality, OfEffect)]


def judge_all(
    claims: Claims, layout: Layout, record: Record, problems: Sequence[Problem], margins: Preregistration
) -> Iterator[Judgement]:
    """Every claim that the networks allow, in every cell and its trend; inconclusive where a quantity has a problem."""
    for claim in _allowed(claims, layout).values():
        for alpha in claim.cells(record.members):
            yield _judge(claim, record, alpha, problems, margins)


def left_out(claims: Claims, layout: Layout) -> list[str]:
    """For everything that would let more claims be judged, a sentence that names them."""
    waiting: dict[str, list[str]] = {}
    for remedy, allowed, wanted in (
        ("labels of two or more classes", claims, of_measurements()),
        ("a baseline network in every replicate", _allowed(claims, layout), claims),
    ):
        if lacking := [name for name in wanted if name not in allowed]:
            waiting[remedy] = lacking
    for name, claim in _allowed(claims, layout).items():
        for remedy in _missing(claim, layout.members):
            waiting.setdefault(remedy, []).append(name)
    return [f"not judged without {remedy}: {', '.join(names)}" for remedy, names in waiting.items()]


def _missing(claim: Claim[Record], members: Mapping[Fraction, int]) -> Iterator[str]:
    """Which networks a claim is not judged without, given those that there are."""
    enough = {alpha: claim.widths.enough(alpha) for alpha in members}
    uneven = [alpha for alpha in members if not divides_evenly(alpha)]
    needed = [
        a for a in uneven if isinstance(claim.widths, Narrow) and claim.widths.evenly and a <= claim.widths.widest
    ]
    for alpha in needed:
        yield f"narrow networks that have just as many features as wide together, which those of α = {alpha} have not"
    if not needed and not claim.cells(enough):
        yield f"networks of α {claim.widths}"
    for alpha in claim.widths.about(enough):
        if members[alpha] < enough[alpha]:
            yield f"{enough[alpha]} networks of α = {alpha}"


def _allowed(claims: Claims, layout: Layout) -> Claims:
    """All claims; without baseline networks, those that compare nothing with M_1′."""
    return {
        name: claim
        for name, claim in claims.items()
        if layout.baseline or not any(M_1_PRIME in q.blocks for q in quantities_of({name: claim}, [ANY_WIDTH]))
    }


def _judge(
    claim: Claim[Record],
    record: Record,
    alpha: Fraction | None,
    problems: Sequence[Problem],
    margins: Preregistration,
) -> Judgement:
    needed = [
        quantity for contrast in claim.rests_on(record, alpha, record.members) for quantity in _quantities(contrast)
    ]
    problem = next((problem for problem in problems if problem.quantity in needed), None)
    if problem is None:
        return judge(claim, record, alpha, margins, evidence="features")
    inequality, widths = claim.at(alpha, record.members)
    if any(record.lacks(contrast) for contrast in inequality.compared(record, widths)):
        unknown = Effect.independent(np.full(len(record.replicates), np.nan))
        finding = greater(unknown, margins.of(inequality.unit))
    else:
        finding = inequality.finding(record, widths, margins, record.chosen)
    return line_of(claim, record, alpha, finding.inconclusive(str(problem)), margins, "features")


def _quantities(contrast: Contrast) -> list[Quantity]:
    return [quantity for quantity in contrast.weights if isinstance(quantity, Quantity)]
