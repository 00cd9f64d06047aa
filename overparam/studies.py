"""Whole studies: every member through the stages, and the record at the end."""

from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

from joblib import Parallel, delayed
from rich.progress import Progress

from overparam.config import StudySpec
from overparam.data import Dataset
from overparam.progress import silent
from overparam.results import Record
from overparam.stages import feature_stage, load_study_data, measure_stage, train_stage
from overparam.workspace import Workspace


def run_study(
    study: StudySpec, workspace: Workspace, *, anew: bool = False, progress: Progress | None = None
) -> Record:
    """Train, extract and measure whatever a study lacks, and return its record; ``anew`` as in `train_stage`.

    At a quick scale processes train side by side, one a core.
    """
    dataset = load_study_data(study)
    progress = progress or silent()
    bar = progress.add_task(f"training {study}", total=len(members(study)))
    if study.scale.quick:
        # Each process trains by one thread. Processes may have been started in another folder.
        elsewhere = replace(workspace, checkpoints=workspace.checkpoints.absolute())
        run_all: Any = Parallel(n_jobs=-1, return_as="generator_unordered")
        stage = delayed(partial(train_stage, study, workspace=elsewhere, dataset=dataset, anew=anew))
        for _ in run_all(stage(alpha, replicate) for alpha, replicate in members(study)):
            progress.advance(bar)
    else:
        for alpha, replicate in members(study):
            train_stage(study, alpha, replicate, workspace, dataset=dataset, anew=anew, progress=progress)
            progress.advance(bar)
    return measure_again(study, workspace, dataset=dataset, progress=progress)


def measure_again(
    study: StudySpec, workspace: Workspace, *, dataset: Dataset | None = None, progress: Progress | None = None
) -> Record:
    """Extract and measure whatever a study lacks from its checkpoints, and return its record."""
    dataset = dataset or load_study_data(study)
    progress = progress or silent()
    for alpha, replicate in progress.track(members(study), description=f"features of {study}"):
        feature_stage(study, alpha, replicate, workspace, dataset=dataset)
    return measure_stage(study, workspace, progress=progress)


def members(study: StudySpec) -> list[tuple[Fraction, int]]:
    """Width factor and replicate of every checkpoint of a study, replicate by replicate."""
    return [(alpha, replicate) for replicate in study.scale.replicates for alpha in study.scale.alphas]
