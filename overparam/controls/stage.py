"""The stage that measures the controls of one study, from its checkpoints and feature files."""

from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import torch
from rich.progress import Progress

from overparam.checkpoints import load_checkpoint
from overparam.config import StudySpec
from overparam.controls.measurement import Networks, Readout, measure_controls
from overparam.data import Dataset
from overparam.ensembles import initialise
from overparam.errors import ArtifactError
from overparam.features import FeatureFile, extract, read_features
from overparam.files import digest_json, digest_source
from overparam.measurement import describe_networks
from overparam.progress import silent
from overparam.results import Record, read_record, write_record
from overparam.sealed import read_metadata
from overparam.stages import FEATURE_CODE, MEASURE_CODE, build_networks, load_study_data, measuring_libraries
from overparam.workspace import Workspace

# The modules that decide what is measured; dvc.yaml lists the same ones as its dependencies.
CONTROL_CODE = (*FEATURE_CODE, *MEASURE_CODE, "similarity", "controls")
_code_version = cache(digest_source)


def controls_stage(study: StudySpec, workspace: Workspace, *, progress: Progress | None = None) -> Record:
    """Measure the controls of one study and write their record, unless that very record is there.

    Raises:
        ArtifactError: if a checkpoint or a feature file is missing or damaged.
    """
    scale = study.scale
    paths = {(r, alpha): workspace.feature_file(study, alpha, r) for r in scale.replicates for alpha in scale.alphas}
    inputs = {path.name: read_metadata(path).get("key") for path in paths.values()}
    key = digest_json({"features": inputs, "code": _code_version(*CONTROL_CODE), "libraries": measuring_libraries()})
    target = workspace.controls(study)
    try:
        record = read_record(target)
        if record.key == key:
            return record
    except ArtifactError:
        pass  # a missing or damaged record is measured again
    dataset = load_study_data(study)
    progress = progress or silent()
    networks: dict[int, Networks] = {}
    for replicate in progress.track(scale.replicates, description=f"untrained networks of {study}"):
        files = {alpha: read_features(paths[replicate, alpha]) for alpha in scale.alphas}
        initial = {alpha: _untrained(study, alpha, file, dataset) for alpha, file in files.items()}
        networks[replicate] = Networks(files, initial, _readout(workspace.checkpoint(study, Fraction(1), replicate)))
    bar = progress.add_task(f"controls of {study}", total=None)
    samples = measure_controls(networks, advance=lambda done, total: progress.update(bar, completed=done, total=total))
    wide = networks[scale.replicates[0]].trained[Fraction(1)].metadata
    record = Record(
        task=study.task,
        arch=study.arch,
        scale=scale.name,
        key=key,
        alphas=tuple(sorted(scale.alphas, reverse=True)),
        replicates=scale.replicates,
        networks={
            alpha: describe_networks({r: members.trained[alpha] for r, members in networks.items()})
            for alpha in sorted(scale.alphas, reverse=True)
        },
        data=wide["data"],
        environment=measuring_libraries(),
        recipe=wide["recipe"],
        penalties={},
        samples=samples,
    )
    write_record(target, record)
    return record


def _readout(checkpoint: Path) -> Readout:
    """The last layer of the first copy."""
    network, _ = load_checkpoint(checkpoint)
    weight, bias = (p.detach().float().chunk(network.copies)[0].numpy() for p in network.fc.parameters())
    return Readout(weight, bias)


def _untrained(study: StudySpec, alpha: Fraction, file: FeatureFile, dataset: Dataset) -> np.ndarray:
    """Features of M_1 and M_1′, or of the networks of S_α, as they were initialised: (examples, copies, features)."""
    copies = 2 if alpha == 1 else alpha.denominator
    network = build_networks(study, alpha, copies, dataset)
    initialise(network, file.metadata["seeds"][:copies])
    network.to("cuda" if torch.cuda.is_available() else "cpu")
    return extract(network, dataset, precision=study.scale.train.precision)["features"]
