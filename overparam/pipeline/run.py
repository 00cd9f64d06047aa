"""Whole studies: every ensemble through the stages, and the record at the end."""

import os
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch
from joblib import Parallel, delayed
from rich.progress import Progress

from overparam.config.studies import StudySpec
from overparam.config.workspace import Workspace
from overparam.data import Dataset
from overparam.io.progress import silent
from overparam.io.workers import end_with, fresh_workers
from overparam.pipeline.doctor import check_kernels
from overparam.pipeline.stages import feature_stage, is_trained, measure_stage, train_stage
from overparam.pipeline.study_data import load_study_data
from overparam.study.record import Record


def run_study(
    study: StudySpec, workspace: Workspace, *, anew: bool = False, progress: Progress | None = None
) -> Record:
    """Train, extract and measure whatever a study lacks, and return its record; ``anew`` as in `train_stage`."""
    datasets = load_study_data(study, workspace)
    progress = progress or silent()
    if study.scale.quick:
        _train_side_by_side(study, workspace, datasets, progress)
    for alpha, replicate in progress.track(ensembles(study), description=f"training {study}"):
        train_stage(study, alpha, replicate, workspace, dataset=datasets[replicate], anew=anew, progress=progress)
    return measure_again(study, workspace, datasets=datasets, progress=progress)


def _train_side_by_side(
    study: StudySpec, workspace: Workspace, datasets: Mapping[int, Dataset], progress: Progress
) -> None:
    """Train what a quick study lacks: each ensemble by one thread, so that processes can share the cores."""
    lacking = [(a, r) for a, r in ensembles(study) if not is_trained(study, a, r, workspace, datasets[r])]
    # Once for all processes.
    check_kernels(study, sorted({alpha for alpha, _ in lacking}), next(iter(datasets.values())), workspace)
    fresh_workers()
    run_all: Any = Parallel(n_jobs=1 if torch.cuda.is_available() else -1, return_as="generator_unordered")
    here = workspace.absolute()  # a process keeps the working directory that it was started in
    trained = run_all(delayed(_train_for)(os.getpid(), study, a, r, here, datasets[r]) for a, r in lacking)
    for _ in progress.track(trained, total=len(lacking), description=f"training {study}"):
        pass


def _train_for(
    parent: int, study: StudySpec, alpha: Fraction, replicate: int, workspace: Workspace, dataset: Dataset
) -> Path:
    """Train in a process of its own, as long as the one that shares out the work lives."""
    end_with(parent)
    return train_stage(study, alpha, replicate, workspace, dataset=dataset)


def measure_again(
    study: StudySpec,
    workspace: Workspace,
    *,
    datasets: Mapping[int, Dataset] | None = None,
    progress: Progress | None = None,
    of_other_data: bool = False,
) -> Record:
    """Extract and measure whatever a study lacks from its checkpoints, and return its record.

    The networks must have been trained on the data at hand, or, ``of_other_data``, on whatever it was.
    """
    datasets = datasets or load_study_data(study, workspace)
    progress = progress or silent()
    for alpha, replicate in progress.track(ensembles(study), description=f"features of {study}"):
        feature_stage(study, alpha, replicate, workspace, dataset=datasets[replicate], of_other_data=of_other_data)
    return measure_stage(study, workspace, progress=progress)


def ensembles(study: StudySpec) -> list[tuple[Fraction, int]]:
    """Width factor and replicate of every checkpoint of a study, replicate by replicate."""
    return [(alpha, replicate) for replicate in study.scale.replicates for alpha in study.scale.alphas]
