"""How FSE(S_α^(U)→M_1) falls as narrow networks are added, read off a record of controls."""

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from overparam.metrics.stats import Effect
from overparam.study.controls.members import LEAST, asymptote, counts
from overparam.study.feature_blocks import M_1, Concatenation
from overparam.study.quantities import FSE
from overparam.study.record import Record


def growth(record: Record, alpha: Fraction) -> dict[int, Effect]:
    """FSE(S_α^(U)→M_1) by U."""
    return {U: record.effect(FSE(Concatenation(alpha, U), M_1)) for U in counts(alpha, record.members[alpha])}


def level(growing: Mapping[int, Effect]) -> Effect | None:
    """Where it levels off; None for too few numbers of networks to tell."""
    if len(growing) < LEAST:
        return None
    return asymptote(list(growing), np.transpose([effect.values for effect in growing.values()]))
