"""The stage that measures the controls of one study, from its checkpoints and feature files."""

from fractions import Fraction
from functools import partial

import numpy as np
from rich.progress import Progress

from overparam.config.studies import StudySpec
from overparam.config.workspace import Workspace
from overparam.data import Dataset
from overparam.io.progress import silent
from overparam.metrics.penalties import Penalties
from overparam.metrics.similarity import MEASURES, measures
from overparam.networks.ensemble import initialise
from overparam.networks.extract import extract
from overparam.networks.registry import Network
from overparam.pipeline.artifacts import load_networks
from overparam.pipeline.dependencies import CONTROLS, source_of
from overparam.pipeline.provenance import code_version, default_device
from overparam.pipeline.stages import Measurements, StudyFiles, build_networks, record_stage
from overparam.pipeline.study_data import load_study_data
from overparam.study.controls.measurement import Networks, Readout, measure_controls
from overparam.study.controls.unseen import measure_unseen
from overparam.study.feature_file import FeatureFile
from overparam.study.record import Record, Sample


def controls_stage(study: StudySpec, workspace: Workspace, *, progress: Progress | None = None) -> Record:
    """Measure the controls of one study and write their record, unless that very record is there.

    Raises:
        ArtifactError: if a checkpoint or a feature file is missing or damaged.
    """

    def measured(files: StudyFiles) -> Measurements:
        datasets = load_study_data(study, workspace)
        display = progress or silent()
        networks: dict[int, Networks] = {}
        for replicate, trained in display.track(files.items(), description=f"untrained networks of {study}"):
            dataset = datasets[replicate]
            initial = {alpha: _untrained(study, alpha, file, dataset) for alpha, file in trained.items()}
            readout = _readout(load_networks(study, Fraction(1), replicate, workspace, dataset)[0])
            networks[replicate] = Networks(trained, initial, readout)
        samples: dict[str, Sample] = {}
        penalties: Penalties = {}
        for label, take in (
            ("controls", partial(measure_controls, networks)),
            ("unseen examples", partial(measure_unseen, files)),
        ):
            bar = display.add_task(f"{label} of {study}", total=None)
            taken = take(advance=lambda done, total, bar=bar: display.update(bar, completed=done, total=total))
            samples, penalties = samples | taken[0], {**penalties, **taken[1]}
        return samples, penalties

    return record_stage(study, workspace, workspace.controls(study), CONTROLS, measured, also=_plugged_measures())


def _plugged_measures() -> dict[str, str]:
    """By the name of each measure of similarity from outside, a digest of its code."""
    built_in = {measure.name for measure in MEASURES}
    return {name: code_version(source_of(m.of)) for name, m in measures().items() if name not in built_in}


def _readout(network: Network) -> Readout:
    """The last layer of the first member."""
    weight, bias = (p.detach().float().chunk(network.members)[0].numpy() for p in network.fc.parameters())
    return Readout(weight, bias)


def _untrained(study: StudySpec, alpha: Fraction, file: FeatureFile, dataset: Dataset) -> np.ndarray:
    """Features of M_1 and M_1′, or of the networks of S_α, as they were initialised: (examples, members, features)."""
    members = 2 if alpha == 1 else alpha.denominator
    network = build_networks(study, alpha, members, dataset)
    initialise(network, file.metadata["seeds"][:members])
    network.to(default_device())
    return extract(network, dataset, precision=study.scale.train.precision)["features"]
