"""Whether a file is of what it stands for: one in another's place is refused, in a sentence that names both."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from textwrap import shorten
from typing import Any

from overparam.config.studies import StudySpec
from overparam.config.workspace import Workspace
from overparam.errors import ArtifactError
from overparam.study.record import Record, read_record
from overparam.study.record_file import Pinned

REMEDY = "restore it with git, or measure again"


def check_belongs(path: Path, found: Mapping[str, Any], asked: Mapping[str, Any], remedy: str) -> None:
    """Raise ArtifactError unless a file says of itself what is asked for.

    Args:
        path: of the file.
        found: what it says that it is of, by name; a name that it lacks is unknown.
        asked: what belongs there.
        remedy: what a user should do.
    """
    other = [name for name, value in asked.items() if found.get(name) != value]
    if other:
        says = ", ".join(f"{name} {shorten(str(found.get(name, 'unknown')), 80)}" for name in other)
        belongs = ", ".join(f"{name} {shorten(str(asked[name]), 80)}" for name in other)
        raise ArtifactError(f"{path} is of another study or network: of {says}, where {belongs} belongs: {remedy}")


def read_record_of(study: StudySpec, workspace: Workspace) -> Record:
    """The record of a study.

    Raises:
        ArtifactError: if it is missing, damaged, or not of this study and its own checkpoints.
    """
    return _read(study, workspace.record(study), "measurements")


def read_controls_of(study: StudySpec, workspace: Workspace) -> Record:
    """The record of a study's controls; raises as `read_record_of`."""
    return _read(study, workspace.controls(study), "controls")


def read_equal_fit_of(study: StudySpec, workspace: Workspace) -> Record:
    """The record of a study's claims at equal fit; raises as `read_record_of`."""
    return _read(study, workspace.equal_fit(study), "equal fit")


def _read(study: StudySpec, path: Path, kind: str) -> Record:
    record = read_record(path)
    asked = {"kind": kind, "task": study.task, "arch": study.arch, "scale": study.scale.name}
    check_belongs(path, what_it_is_of(record), asked, REMEDY)
    # A record names the checkpoints that it was measured on: they must be the study's own.
    for alpha, entry in record.networks.items():
        _check_checkpoints(path, study, alpha, entry["checkpoints"], record.replicates)
    less = record.networks[Fraction(1)].get("less", {"budgets": [], "checkpoints": []})
    for budget, checkpoints in zip(less["budgets"], less["checkpoints"], strict=True):
        _check_checkpoints(path, study.trained_less(budget), Fraction(1), checkpoints, record.replicates)
    return record


def _check_checkpoints(
    path: Path, study: StudySpec, alpha: Fraction, checkpoints: Sequence[Pinned], replicates: Sequence[int]
) -> None:
    places = Workspace.at(Path())
    names = [f"checkpoint of α = {alpha}, replicate {replicate}" for replicate in replicates]
    measured = dict(zip(names, (checkpoint["path"] for checkpoint in checkpoints), strict=False))
    own = (places.checkpoint(study, alpha, replicate).as_posix() for replicate in replicates)
    check_belongs(path, measured, dict(zip(names, own, strict=True)), REMEDY)


def what_it_is_of(record: Record) -> dict[str, str]:
    """What a record says of itself: kind, task, architecture, scale."""
    apart = "equal fit" if "less" in record.networks[Fraction(1)] else "controls"
    kind = "measurements" if "span" in record.samples else apart
    return {"kind": kind, "task": record.task, "arch": record.arch, "scale": record.scale}
