"""The court: gathers the evidence of each study once, and judges cells on it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overparam.config.studies import Config, StudySpec
from overparam.errors import OverparamError
from overparam.pipeline.evidence import (
    OTHER_DATA,
    NoEvidence,
    ProgressFactory,
    gather,
    gather_controls,
    gather_equal_fit,
    workspace_of,
)
from overparam.pipeline.toy import gather_toy
from overparam.toy.record import SCALE, TASK
from overparam.toy.spec import ToySpec
from overparam.verdicts.claims import QUARTER
from overparam.verdicts.controls import AT_EQUAL_FIT, CONTROLS_APART
from overparam.verdicts.judge import Judgement, judge
from overparam.verdicts.margins import Preregistration
from overparam.verdicts.registry import OF_THE_TOY, find_claim

if TYPE_CHECKING:
    from overparam.error_rates.worlds import Study


@dataclass(frozen=True)
class Court:
    """What cells are judged on, and by which margins.

    Attributes:
        config: every study.
        toy: what the toy setting is run with.
        preregistration: the margins.
        scale: whose studies are judged; None for each task's default.
        level: of evidence; None for the strongest at hand.
        root: of the repository.
        progress: makes a progress display for work that takes longer than a moment.
    """

    config: Config
    toy: ToySpec
    preregistration: Preregistration
    scale: str | None
    level: str | None
    root: Path
    progress: ProgressFactory
    _evidence: dict[str, tuple[str, Any] | OverparamError] = field(default_factory=dict)

    def studies(self) -> list[StudySpec]:
        """Every study of the chosen scale, or of each task's default scale."""
        return self.config.studies(self.scale)

    def cells(self, claim: str) -> list[tuple[StudySpec, Fraction | None]]:
        """Where a claim is judged: each study and width factor, None for its trend."""
        judged = find_claim(claim)
        return [
            (study, alpha)
            for study in self.studies()
            if claim not in AT_EQUAL_FIT or study.budgets
            for alpha in judged.cells({alpha: study.scale.members[alpha] for alpha in study.scale.alphas})
        ]

    def judge(self, claim: str, study: StudySpec, alpha: Fraction | None) -> Judgement:
        """The judgement of one cell; raises what gathering the study's evidence raised."""
        if claim in CONTROLS_APART:
            level, record = self._once(f"controls of {study}", lambda: gather_controls(study, self.root))
        elif claim in AT_EQUAL_FIT:
            level, record = self._once(f"equal fit of {study}", lambda: gather_equal_fit(study, self.root))
        else:
            level, record = self._once(str(study), lambda: gather(study, self.level, self.root, self.progress))
        return judge(find_claim(claim), record, alpha, self.preregistration, evidence=level)

    def toy_cells(self, claim: str) -> list[Fraction | None]:
        """Where a claim of the toy setting is judged: each width factor."""
        asked = self.scale in (None, SCALE)
        return OF_THE_TOY[claim].cells({alpha: alpha.denominator for alpha in self.toy.alphas}) if asked else []

    def judge_toy(self, claim: str, alpha: Fraction | None) -> Judgement:
        """The judgement of one cell of the toy setting."""
        level, record = self._once(TASK, lambda: gather_toy(self.toy, self.level, self.root, self.progress))
        return judge(OF_THE_TOY[claim], record, alpha, self.preregistration, evidence=level)

    def features(self, study: StudySpec) -> "Study":
        """Features of the wide networks of a study and of those of a quarter of the width, gathered as its evidence."""
        level, _ = self._once(str(study), lambda: gather(study, self.level, self.root, self.progress))
        if level in ("record", OTHER_DATA):
            raise NoEvidence(f"{study} is judged on its {level}: there are no features at hand that could be perturbed")
        from overparam.error_rates.perturbations import features_at

        return features_at(study, QUARTER, workspace_of(level, self.root))

    def _once(self, name: str, gather_evidence: Callable[[], tuple[str, Any]]) -> tuple[str, Any]:
        if name not in self._evidence:
            try:
                self._evidence[name] = gather_evidence()
            except OverparamError as error:
                self._evidence[name] = error
        evidence = self._evidence[name]
        if isinstance(evidence, OverparamError):
            raise evidence
        return evidence
