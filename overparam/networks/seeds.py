"""Which seed every copy of every checkpoint has."""

import hashlib
from fractions import Fraction

from overparam.config.studies import StudySpec


def copy_seeds(study: StudySpec, alpha: Fraction, replicate: int) -> list[int]:
    """A seed in [0, 2^63) for every copy of one checkpoint; no two copies of any two checkpoints share one."""
    less = "" if study.budget is None else f"{study.budget:g} epochs/"
    names = [
        f"{study.task}/{study.arch}/{study.scale.name}/{alpha}/{less}{replicate}/{copy}"
        for copy in range(study.scale.copies[alpha])
    ]
    return [int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1 for name in names]
