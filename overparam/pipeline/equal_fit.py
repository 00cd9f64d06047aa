"""The stages that measure fit, and what is compared at equal fit, from checkpoints and feature files."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress

from overparam.config.studies import StudySpec
from overparam.config.workspace import Workspace
from overparam.data import Dataset
from overparam.errors import SpecError
from overparam.io.files import digest_file, digest_json, read_sealed, write_sealed
from overparam.io.progress import silent
from overparam.io.sealed import read_metadata
from overparam.networks.fit import Fit, measure_fit
from overparam.pipeline.artifacts import load_features, load_networks
from overparam.pipeline.dependencies import EQUAL_FIT, FIT
from overparam.pipeline.provenance import code_version, default_device, environment_of, identify
from overparam.pipeline.stages import Measurements, StudyFiles, described_checkpoint, record_stage
from overparam.pipeline.study_data import load_study_data
from overparam.study.budgets.measurement import Networks, measure_budgets
from overparam.study.feature_file import FeatureFile
from overparam.study.layout import Replicate, check_distinct
from overparam.study.record import Record
from overparam.study.record_file import EqualFit

ONE = Fraction(1)
PARTS = tuple(field.name for field in fields(Fit))

Summary = dict[str, list[float]]  # by part of a `Fit`, over replicates: mean over single networks, or their ensemble


def fit_stage(
    study: StudySpec, alpha: Fraction, replicate: int, workspace: Workspace, *, dataset: Dataset | None = None
) -> Fit:
    """Measure how well the networks of one checkpoint fit their training data, unless that is known.

    Raises:
        ArtifactError: if the checkpoint is missing, damaged or of other networks.
    """
    study.check_ensemble(alpha, replicate)
    dataset = dataset or load_study_data(study, workspace)[replicate]
    network, _ = load_networks(study, alpha, replicate, workspace, dataset)
    path = workspace.fit(study, alpha, replicate)
    key = digest_json(
        {
            "checkpoint": digest_file(workspace.checkpoint(study, alpha, replicate), "md5"),
            "identity": identify(study, alpha, replicate, dataset),
            "environment": environment_of(study) | {"code": code_version(*FIT.modules(study.task, study.arch))},
        }
    )
    known = _known(path)
    if known.get("key") != key or not {*PARTS} <= set(known):
        fit = measure_fit(network.to(default_device()), dataset, study.recipe, alpha.denominator)
        known = {"key": key, **asdict(fit)}
        write_sealed(path, known)
    return Fit(**{part: known[part] for part in PARTS})


def _known(path: Path) -> dict[str, Any]:
    try:
        return read_sealed(path, "fit of networks")
    except (FileNotFoundError, ValueError):
        return {}  # what is missing or damaged is measured again


def equal_fit_stage(study: StudySpec, workspace: Workspace, *, progress: Progress | None = None) -> Record:
    """Measure what is compared at equal fit and write its record, unless that very record is there.

    Raises:
        ArtifactError: if a checkpoint or a feature file is missing, damaged or of other networks.
        SpecError: if the study has no wide networks that are trained less.
    """
    if not study.budgets:
        raise SpecError(f"{study} has no budgets of epochs in params.yaml, so it has nothing to compare at equal fit")
    display, datasets = progress or silent(), load_study_data(study, workspace)

    def summary(of: StudySpec, alpha: Fraction) -> Summary:
        networks = 2 if alpha == ONE else alpha.denominator  # M_1 and M_1′, W and W′, or those of S_α
        fits = [fit_stage(of, alpha, replicate, workspace, dataset=dataset) for replicate, dataset in datasets.items()]
        return {part: [float(np.mean(np.ravel(getattr(fit, part))[:networks])) for fit in fits] for part in PARTS}

    own = {alpha: summary(study, alpha) for alpha in display.track(study.alphas, description=f"fit of {study}")}
    trained_less = display.track(study.budgets, description="fit of wide networks trained less")
    less = [summary(study.trained_less(budget), ONE) for budget in trained_less]
    wide = {part: np.transpose([fit[part] for fit in less]).tolist() for part in PARTS}  # (replicates, budgets)
    near = {alpha: budgets_around(own[alpha], wide, study.budgets) for alpha in study.scale.narrow_alphas}
    said: dict[Fraction, EqualFit] = {alpha: {"fit": fit} for alpha, fit in own.items()}
    checkpoints = [
        [described_checkpoint(study.trained_less(b), ONE, replicate, workspace) for replicate in study.scale.replicates]
        for b in study.budgets
    ]
    said[ONE]["less"] = {"budgets": list(study.budgets), "checkpoints": checkpoints, "fit": wide}
    for alpha, budgets in near.items():
        said[alpha]["near"] = budgets

    used = sorted({budget for budgets in near.values() for budget in budgets})
    features = {
        path.name: read_metadata(path).get("key")
        for budget in used
        for replicate in study.scale.replicates
        for path in [workspace.feature_file(study.trained_less(budget), ONE, replicate)]
    }

    def measured(files: StudyFiles) -> Measurements:
        networks = {
            replicate: Networks(
                Replicate.of(by_alpha),
                {budget: load_features(study.trained_less(budget), ONE, replicate, workspace) for budget in used},
            )
            for replicate, by_alpha in files.items()
        }
        check_distinct(_weights(files, networks))
        bar = display.add_task(f"claims of {study} at equal fit", total=None)
        return measure_budgets(
            networks, near, advance=lambda done, total: display.update(bar, completed=done, total=total)
        )

    also = {"features": features, "networks": {str(alpha): entry for alpha, entry in said.items()}}
    target = workspace.equal_fit(study)
    return record_stage(study, workspace, target, EQUAL_FIT, measured, also=also, of_networks=said)


def budgets_around(narrow: Summary, wide: Mapping[str, list[list[float]]], budgets: Sequence[float]) -> list[float]:
    """The budgets whose wide networks fit about as badly as narrow ones: two on either side of every match.

    Where all fit worse, the last one alone: no effect can be read off, however many are measured.

    Matches are those of single networks in cross-entropy, and of narrow ones together in accuracy, in every replicate.

    Args:
        narrow: fit of the narrow networks of one width.
        wide: fit of the wide ones, by part (replicates, budgets), from the fewest epochs up.
        budgets: of epochs.
    """
    loss, accuracy = np.array(wide["cross_entropy"]), np.array(wide["accuracy"])
    worse = np.concatenate(
        [
            (loss > np.array(narrow["cross_entropy"])[:, None]).sum(axis=1),
            (accuracy < np.array(narrow["ensemble_accuracy"])[:, None]).sum(axis=1),
        ]
    )
    first, last = int(worse.min()), int(worse.max())
    return list(budgets[max(0, first - 2) : last + 2] if first < len(budgets) else budgets[-1:])


def _weights(files: StudyFiles, networks: Mapping[int, Networks]) -> dict[str, list[str]]:
    """By checkpoint, the digests of its networks' weights, of those that are compared at equal fit."""

    def digests(file: FeatureFile) -> list[str]:
        return file.metadata["checkpoint"]["weights"]

    own = {f"α = {a} in replicate {r}": digests(file) for r, by_alpha in files.items() for a, file in by_alpha.items()}
    less = {
        f"{budget:g} epochs in replicate {replicate}": digests(file)
        for replicate, of_replicate in networks.items()
        for budget, file in of_replicate.less.items()
    }
    return own | less
