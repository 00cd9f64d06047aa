"""Where artifacts lie. Knows names, not contents, and needs no torch."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from overparam.config.studies import StudySpec, alpha_label


@dataclass(frozen=True)
class Workspace:
    """Where data and artifacts lie: checkpoints, features, records."""

    checkpoints: Path
    features: Path
    results: Path
    data: Path

    @classmethod
    def at(cls, root: Path) -> "Workspace":
        """The repository's layout below ``root``."""
        artifacts = root / "artifacts"
        return cls(artifacts / "checkpoints", artifacts / "features", root / "results", root / "data")

    def absolute(self) -> "Workspace":
        """The same places, whatever folder a process works in."""
        return Workspace(*(place.absolute() for place in (self.checkpoints, self.features, self.results, self.data)))

    def checkpoint(self, study: StudySpec, alpha: Fraction, replicate: int) -> Path:
        """The checkpoint of all members at one width in one replicate."""
        return self.checkpoints / study.scale.name / f"{_ensemble(study, alpha, replicate)}.safetensors"

    def feature_file(self, study: StudySpec, alpha: Fraction, replicate: int) -> Path:
        """The features that checkpoint gives."""
        return self.features / study.scale.name / f"{_ensemble(study, alpha, replicate)}.safetensors"

    def kernels(self, key: str) -> Path:
        """What says that the kernels passed that training something on some machine calls."""
        return self.checkpoints.parent / "kernels" / f"{key}.json"

    def lacking(self, study: StudySpec) -> list[Path]:
        """The checkpoints that a study still lacks."""
        paths = [self.checkpoint(study, a, r) for a in study.scale.alphas for r in study.scale.replicates]
        return [path for path in paths if not path.exists()]

    def record(self, study: StudySpec) -> Path:
        """The study's record."""
        return self.results / study.scale.name / f"{study.task}-{study.arch}.json"

    def fit(self, study: StudySpec, alpha: Fraction, replicate: int) -> Path:
        """How well the networks of that checkpoint fit their training data."""
        return self.checkpoints.parent / "fits" / study.scale.name / f"{_ensemble(study, alpha, replicate)}.json"

    def equal_fit(self, study: StudySpec) -> Path:
        """The record of the claims at equal fit."""
        return self.results / study.scale.name / "equal-fit" / f"{study.task}-{study.arch}.json"

    def controls(self, study: StudySpec) -> Path:
        """The record of the controls that take measurements of their own."""
        return self.results / study.scale.name / "controls" / f"{study.task}-{study.arch}.json"


def _ensemble(study: StudySpec, alpha: Fraction, replicate: int) -> str:
    less = "" if study.budget is None else f"-e{study.budget:g}"
    return f"{study.task}-{study.arch}-{alpha_label(alpha)}{less}-r{replicate}"
