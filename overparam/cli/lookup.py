"""From what a command was asked for to what there is: studies, margins, judgements."""

from pathlib import Path
from typing import TYPE_CHECKING

from overparam.config.root import PARAMS
from overparam.config.studies import Config, StudySpec, load_config

if TYPE_CHECKING:
    from overparam.report.settings import Setting
    from overparam.verdicts.judge import Judgement
    from overparam.verdicts.margins import Preregistration


def config_of(root: Path) -> Config:
    """Every study of a repository."""
    return load_config(root / PARAMS)


def study_of(root: Path, task: str, arch: str, scale: str | None, epochs: float | None = None) -> StudySpec:
    """The study that a command's arguments name, or its wide networks that are trained for so many epochs."""
    study = config_of(root).study(task, arch, scale)
    return study if epochs is None else study.trained_less(epochs)


def margins_of(file: Path | None) -> "Preregistration":
    """The margins of a file, or those of the package."""
    from overparam.verdicts.margins import PACKAGED, load_preregistration

    return load_preregistration(file or PACKAGED)


def judged(studies: list[StudySpec], root: Path, margins: "Preregistration") -> "list[Judgement]":
    """How the records of some studies are judged."""
    from overparam.config.workspace import Workspace
    from overparam.study.belonging import read_record_of
    from overparam.verdicts.registry import judge_record

    records = (read_record_of(chosen, Workspace.at(root)) for chosen in studies)
    return [judgement for record in records for judgement in judge_record(record, margins, evidence="record")]


def settings_of(root: Path, margins: "Preregistration") -> "list[Setting]":
    """Whatever a repository has a record of, as it is judged."""
    from overparam.report.settings import gather_settings
    from overparam.toy.spec import read_toy

    return gather_settings(config_of(root), read_toy(root / PARAMS), margins, root)
