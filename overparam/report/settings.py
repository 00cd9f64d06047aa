"""What there is to report: every study, and the toy, with its record and how it is judged, or why it is not."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from overparam.config.studies import Config, StudySpec
from overparam.config.workspace import Workspace
from overparam.errors import OverparamError
from overparam.io.progress import silent
from overparam.pipeline.evidence import NoEvidence, gather, gather_controls, gather_equal_fit
from overparam.pipeline.toy import gather_toy, record_path
from overparam.report.penalty_sensitivity import penalty_sensitivity
from overparam.report.readings import title_of_arch, title_of_task, words_alone
from overparam.study.record import Record
from overparam.toy.record import ARCHITECTURE, SCALE, TASK, ToyRecord
from overparam.toy.spec import ToySpec
from overparam.verdicts.judge import Judgement
from overparam.verdicts.margins import Preregistration
from overparam.verdicts.registry import judge_record

if TYPE_CHECKING:  # comparing takes libraries that records do not
    from overparam.compare.comparison import Comparison


@dataclass(frozen=True)
class Setting:
    """One study, or the toy.

    Attributes:
        task: of the study.
        arch: its architecture.
        scale: its scale.
        state: ``judged``; ``missing``; ``stale`` where a record is damaged or does not answer for what is pinned.
        problem: why it is not judged, with the remedy; empty if it is.
        record: what was measured, if it is judged.
        judgements: every claim and control in every cell.
        controls: what was measured for the controls that take measurements of their own, if it was.
        equal_fit: what was measured for the claims at equal fit, if it was.
        notes: sentences on what was measured, and what was left out.
        study: what was to be run; None of the toy and of one's own networks.
    """

    task: str
    arch: str
    scale: str
    state: Literal["judged", "stale", "missing"]
    problem: str
    record: Record | ToyRecord | None
    judgements: tuple[Judgement, ...]
    controls: Record | None = None
    equal_fit: Record | None = None
    notes: tuple[str, ...] = ()
    study: StudySpec | None = None

    @classmethod
    def of_own(cls, comparison: "Comparison") -> "Setting":
        """Networks of one's own, as they were compared."""
        record = comparison.record
        about = (record.task, record.arch, record.scale)
        similarities = [f"{name} {effect.mean:.3f}" for name, effect in comparison.similarity.items()]
        notes = (*comparison.remarks, ", ".join(similarities))
        return cls(*about, "judged", "", record, comparison.judgements, notes=notes)

    @property
    def own(self) -> bool:
        """Whether these are networks of one's own."""
        return self.task == "own"

    @property
    def id(self) -> str:
        """Its name on a page."""
        return f"{self.scale}-{self.task}-{self.arch}"

    @property
    def embedded(self) -> bool:
        """Whether its data come with the suite, so that it shows the machinery at work rather than the paper."""
        return not self.own and (self.study is None or self.study.scale.quick)

    @property
    def all_fit(self) -> bool:
        """Whether its widths are judged only where all networks fit their training data."""
        return self.study is not None and self.study.scale.admission is not None

    @property
    def data(self) -> str:
        """Its data, in words."""
        return title_of_task(self.task)

    @property
    def title(self) -> str:
        """Which networks on which data, in words."""
        return f"{title_of_arch(self.arch)} on {title_of_task(self.task)}"

    def of(self, claim: str) -> list[Judgement]:
        """The judgements of one claim, trend included."""
        return [judgement for judgement in self.judgements if judgement.claim == claim]


def gather_settings(config: Config, spec: ToySpec, preregistration: Preregistration, root: Path) -> list[Setting]:
    """Judge whatever has a record in a repository, by scales in the order of ``params.yaml``."""
    settings = [
        _setting(
            (study.task, study.arch, study.scale.name),
            Workspace.at(root).record(study),
            lambda study=study: _judge_study(study, preregistration, root),
            study,
        )
        for scale in config.scales
        for study in config.studies(scale)
    ]
    names = (TASK, ARCHITECTURE, SCALE)
    path = record_path(Workspace.at(root).results)
    return [*settings, _setting(names, path, lambda: _judge_toy(spec, preregistration, root))]


@dataclass(frozen=True)
class Judged:
    """A study's or the toy's records, and how they are judged."""

    record: Record | ToyRecord
    judgements: list[Judgement]
    controls: Record | None = None
    equal_fit: Record | None = None
    notes: Sequence[str] = ()


def _setting(
    names: tuple[str, str, str], path: Path, judge: Callable[[], Judged], study: StudySpec | None = None
) -> Setting:
    try:
        found = judge()
    except OverparamError as error:
        state = "stale" if path.exists() else "missing"
        return Setting(*names, state, str(error), None, (), study=study)
    return Setting(
        *names,
        "judged",
        "",
        found.record,
        tuple(found.judgements),
        found.controls,
        found.equal_fit,
        tuple(filter(None, found.notes)),
        study,
    )


def _judge_study(study: StudySpec, preregistration: Preregistration, root: Path) -> Judged:
    level, record = gather(study, "record", root, silent)
    judgements = judge_record(record, preregistration, evidence=level)
    equal_fit = controls = None
    notes = [words_alone(record)]
    with suppress(NoEvidence):
        level, equal_fit = gather_equal_fit(study, root)
        judgements += judge_record(equal_fit, preregistration, evidence=level)
    with suppress(NoEvidence):
        level, controls = gather_controls(study, root)
        judgements += judge_record(controls, preregistration, evidence=level)
        notes.append(penalty_sensitivity(controls, preregistration.span))
    return Judged(record, judgements, controls, equal_fit, notes)


def _judge_toy(spec: ToySpec, preregistration: Preregistration, root: Path) -> Judged:
    level, record = gather_toy(spec, "record", root, silent)
    return Judged(record, judge_record(record, preregistration, evidence=level))
