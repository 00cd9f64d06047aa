"""Which seed every member of every ensemble has."""

import hashlib
from fractions import Fraction

from overparam.config.studies import StudySpec


def member_seeds(study: StudySpec, alpha: Fraction, replicate: int) -> list[int]:
    """A seed in [0, 2^63) for every member of one ensemble; no two members of any two ensembles share one."""
    less = "" if study.budget is None else f"{study.budget:g} epochs/"
    names = [
        f"{study.task}/{study.arch}/{study.scale.name}/{alpha}/{less}{replicate}/{member}"
        for member in range(study.scale.members[alpha])
    ]
    return [int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1 for name in names]
