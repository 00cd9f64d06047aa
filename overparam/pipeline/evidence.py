"""What a claim is asserted on: networks trained now, versioned checkpoints measured again, or committed records."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from overparam.config.studies import StudySpec
from overparam.config.workspace import Workspace
from overparam.data import data_at_hand
from overparam.data.tasks import hub_dataset
from overparam.errors import ArtifactError, OverparamError
from overparam.io.files import alone
from overparam.pipeline.dvc_pins import not_pinned, pinned_as, pinned_outs, stale_reason
from overparam.study.belonging import read_controls_of, read_equal_fit_of, read_record_of
from overparam.study.record import Record

if TYPE_CHECKING:
    from rich.progress import Progress

LEVELS = ("retrain", "checkpoint", "record")
OTHER_DATA = "checkpoint, other data"  # what the level is called where networks are measured on other data than theirs
AGREEMENT = 1e-3  # how far a measurement repeated on the same checkpoints may be from the recorded one
TURNED = 3  # held-out examples that another machine's rounding may turn, where a probe is near undecided

ProgressFactory = Callable[[], "AbstractContextManager[Progress]"]


class NoEvidence(OverparamError):  # noqa: N818
    """Evidence was never made, or lies elsewhere; the message names the command that gets it."""


def strongest_at_hand(study: StudySpec, root: Path) -> str:
    """The strongest level of evidence that does not train for hours."""
    if study.scale.quick:
        return "retrain"
    there = data_at_hand(study.task, root / "data") and not Workspace.at(root).lacking(study)
    return "checkpoint" if there and not has_other_data(study.task, root) else "record"


def has_other_data(task: str, root: Path) -> bool:
    """Whether the data at hand of a task are not the examples that ``data.dvc`` pins, whatever file holds them."""
    fetched = hub_dataset(task)
    noted = fetched and fetched.noted(root / "data")
    return bool(noted and not_pinned(pinned_as(noted.sha256, noted.content, root), root))


def why_on_record(task: str, root: Path) -> str | None:
    """Why studies of a task are judged on their records although there are data; None where it is not for these."""
    if not has_other_data(task, root):
        return None
    return (
        f"the data of {task} at hand are others than its networks were trained on, so that its records are judged: "
        "`--claims-evidence=checkpoint` measures the stored networks on these data"
    )


def gather(study: StudySpec, level: str | None, root: Path, progress: ProgressFactory) -> tuple[str, Record]:
    """The evidence for a study: its level and a record to judge.

    What is trained or measured here goes to ``.overparam`` below ``root``, where it is found again as long as nothing
    that it depends on has changed; of the repository's own artifacts only missing features are made.

    Args:
        study: what to judge.
        level: one of `LEVELS`; the strongest at hand for None.
        root: of the repository.
        progress: makes a progress display for work that takes longer than a moment.

    Raises:
        NoEvidence: if there is none at this level.
        ArtifactError: if evidence is damaged, stale or of another study, or checkpoints measured again disagree with
            their record.
    """
    level = level or strongest_at_hand(study, root)
    if level == "record":
        workspace = Workspace.at(root)
        read = partial(read_record_of, study, workspace)
        return level, _recorded(f"{study}", workspace.record(study), make_command(study), root, read)
    if not data_at_hand(study.task, root / "data"):
        raise NoEvidence(f"{study} lacks its data: get them with `overparam data fetch {study.task}`")
    # Torch is loaded only by those who train or extract features.
    from overparam.pipeline.run import measure_again, run_study

    workspace = workspace_of(level, root)
    # Of two runs side by side, one makes what is lacking, and the other waits and finds it made.
    with progress() as display, alone(root / ".overparam" / level / f"{study.scale.name}-{study.task}-{study.arch}"):
        if level == "retrain":
            return level, run_study(study, workspace, anew=True, progress=display)
        lacking = workspace.lacking(study)
        if lacking:
            raise NoEvidence(
                f"{study} lacks {len(lacking)} checkpoints, such as {lacking[0].relative_to(root)}: "
                f"get those that are stored with `dvc pull --allow-missing`, or make them with `{make_command(study)}`"
            )
        if has_other_data(study.task, root):
            elsewhere = replace(workspace, features=root / ".overparam" / level / "features")
            return OTHER_DATA, measure_again(study, elsewhere, progress=display, of_other_data=True)
        record = measure_again(study, workspace, progress=display)
    recorded = Workspace.at(root).record(study)
    if recorded.exists():
        _check_agreement(record, read_record_of(study, Workspace.at(root)))
    return level, record


def workspace_of(level: str, root: Path) -> Workspace:
    """Where the evidence of a level that measures is made, ``retrain`` or ``checkpoint``."""
    own, apart = Workspace.at(root), Workspace.at(root / ".overparam" / level)
    # Features are found by what they were made from, so those of the repository's own stages serve as well.
    return replace(apart, data=own.data) if level == "retrain" else replace(own, results=apart.results)


def make_command(study: StudySpec) -> str:
    """The command that makes a study's evidence."""
    return _command("study", study)


def _command(name: str, study: StudySpec) -> str:
    return f"overparam {name} {study.task} {study.arch} --scale {study.scale.name}"


def gather_controls(study: StudySpec, root: Path) -> tuple[str, Record]:
    """The level ``record``, and the committed record of the controls that take measurements of their own.

    Raises:
        NoEvidence: if there is none.
        ArtifactError: if it is damaged, stale or of another study.
    """
    workspace = Workspace.at(root)
    read = partial(read_controls_of, study, workspace)
    of, make = f"the controls of {study}", _command("controls", study)
    return "record", _recorded(of, workspace.controls(study), make, root, read)


def gather_equal_fit(study: StudySpec, root: Path) -> tuple[str, Record]:
    """The level ``record``, and the committed record of the claims at equal fit; raises as `gather_controls`."""
    workspace = Workspace.at(root)
    read = partial(read_equal_fit_of, study, workspace)
    of, make = f"the claims of {study} at equal fit", _command("equal-fit", study)
    return "record", _recorded(of, workspace.equal_fit(study), make, root, read)


def _recorded(of: str, path: Path, make: str, root: Path, read: Callable[[], Record]) -> Record:
    """A committed record: its seal is checked first, then what it is of, then what pins it."""
    check_made(path, root, f"there is no record of {of}: make it with `{make}`")
    record = read()
    reason = stale_reason(record, path, root)
    if reason:
        raise ArtifactError(
            f"the record of {of} is stale ({reason}): restore what was committed with git, "
            "or make artifacts and dvc.lock agree with `dvc repro`"
        )
    return record


def check_made(path: Path, root: Path, lacking: str) -> None:
    """Raise NoEvidence with a sentence if a record was never made; ArtifactError if it was, and is gone."""
    if path.exists():
        return
    place = path.relative_to(root).as_posix()
    if place in pinned_outs(root):
        raise ArtifactError(f"dvc.lock pins {place}, which is gone: restore it with git, or make it with `dvc repro`")
    raise NoEvidence(lacking)


def _check_agreement(measured: Record, recorded: Record) -> None:
    turned = TURNED / recorded.data["heldout_examples"]
    for name, sample in measured.samples.items():
        other = recorded.samples.get(name)
        if other is None or sample.quantities != other.quantities or sample.values.shape != other.values.shape:
            raise ArtifactError(
                f"the record of {measured.task}-{measured.arch} holds other quantities: measure it again"
            )
        allowed = max(AGREEMENT, turned) if name == "performance" else AGREEMENT
        gaps = np.abs(sample.values - other.values).max(axis=(0, 1))
        worst = int(np.argmax(gaps))
        if not gaps[worst] <= allowed:
            raise ArtifactError(
                f"measured again, {sample.quantities[worst]} of {measured.task}-{measured.arch} differs from its "
                f"record by {gaps[worst]:.4f}, more than {allowed:.4f}: the record or a checkpoint is not what it was"
            )
