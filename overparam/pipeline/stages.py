"""The stages train → features → measure as idempotent commands on files.

Every artifact carries a key that digests all it depends on: spec, inputs, code, library versions, device. A stage whose
artifact has the right key does nothing, so any engine may run the grid, in any order, as often as it likes.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.progress import Progress

from overparam.config.entries import stated
from overparam.config.studies import StudySpec
from overparam.config.workspace import Workspace
from overparam.data import Dataset
from overparam.errors import ArtifactError
from overparam.io.files import digest_file, digest_json
from overparam.io.progress import silent
from overparam.io.sealed import read_metadata
from overparam.metrics.penalties import Penalties
from overparam.networks.checkpoints import REMEDY, Provenance, save_checkpoint
from overparam.networks.ensemble import split_state, stack_states
from overparam.networks.extract import describe, extract, weight_digests
from overparam.networks.registry import Network, build
from overparam.networks.seeds import member_seeds
from overparam.networks.training import accuracy, train
from overparam.pipeline.artifacts import ensemble_of, load_features, load_networks
from overparam.pipeline.dependencies import FEATURES, MEASURE, Code
from overparam.pipeline.doctor import check_kernels
from overparam.pipeline.provenance import (
    code_version,
    default_device,
    environment_of,
    identify,
    key_of,
    libraries,
)
from overparam.pipeline.study_data import load_study_data
from overparam.study.feature_file import FeatureFile, write_features
from overparam.study.layout import Replicate, check_distinct
from overparam.study.measure import describe_networks, measure
from overparam.study.record import Record, Sample, read_record, write_record
from overparam.study.record_file import EqualFit, Pinned

StudyFiles = dict[int, dict[Fraction, FeatureFile]]  # by replicate and width factor
Measurements = tuple[dict[str, Sample], Penalties]


def train_stage(
    study: StudySpec,
    alpha: Fraction,
    replicate: int,
    workspace: Workspace,
    *,
    dataset: Dataset | None = None,
    anew: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Train the ensemble at one width in one replicate, unless that checkpoint is there; return its path.

    Runs on the first CUDA device if there is one. The state is saved after every epoch beside the checkpoint;
    an interrupted run goes on from there. At a quick scale, or with ``anew``, other code or another machine trains
    again; else hours of training are not repeated for that, and a checkpoint of the same spec, seeds and data stands.

    Raises:
        KernelError: if this processor or its libraries compute something wrong.
    """
    study.check_ensemble(alpha, replicate)
    dataset = dataset or load_study_data(study, workspace)[replicate]
    path = workspace.checkpoint(study, alpha, replicate)
    progress = progress or silent()
    if is_trained(study, alpha, replicate, workspace, dataset):
        return path
    identity, environment = identify(study, alpha, replicate, dataset), environment_of(study)
    if read_metadata(path).get("identity") == identity and not (study.scale.quick or anew):
        standing = f"{path.name} stands as other code or another machine trained it; delete it to train it again"
        progress.print(standing, soft_wrap=True)
        return path
    kernels = check_kernels(study, [alpha], dataset, workspace)
    device = default_device()
    key, seeds = key_of(identity, environment), member_seeds(study, alpha, replicate)
    spec, snapshots = study.recipe, study.snapshots(alpha)
    network = build_networks(study, alpha, len(seeds), dataset).to(device)
    resume = path.with_suffix(".resume")
    label = f"{path.stem}, {len(seeds)} networks"
    with _threads(int(environment["threads"])):
        history = train(
            network, dataset, spec, seeds, snapshots=snapshots, resume=resume, key=key, progress=progress, label=label
        )
    states = [*split_state(network.cpu().state_dict(), len(seeds)), *history.snapshots.values()]
    network = build_networks(study, alpha, len(states), dataset).to(device)
    network.load_state_dict(stack_states(states))
    provenance = Provenance(
        identity=identity,
        key=key,
        task=study.task,
        arch=study.arch,
        alpha=str(alpha),
        replicate=replicate,
        base_width=study.scale.base_width,
        channels=dataset.channels,
        classes=dataset.classes,
        seeds=[*seeds, *seeds[-1:] * len(snapshots)],
        epochs=[*[spec.epochs] * len(seeds), *snapshots],
        recipe=stated(spec),
        data={
            "source": dataset.source,
            "sha256": dataset.sha256,
            "tokenizer": dataset.tokenizer,
            "train_examples": len(dataset.train),
        },
        environment=environment | kernels,
        train_accuracy=accuracy(network, dataset, dataset.train, spec),
        heldout_accuracy=accuracy(network, dataset, dataset.heldout, spec),
        history={"loss": history.loss, "accuracy": history.accuracy},
    )
    save_checkpoint(path, network, provenance, study.scale.dtype)
    resume.unlink(missing_ok=True)
    return path


def is_trained(study: StudySpec, alpha: Fraction, replicate: int, workspace: Workspace, dataset: Dataset) -> bool:
    """Whether the very checkpoint is there that `train_stage` would make."""
    made_by = key_of(identify(study, alpha, replicate, dataset), environment_of(study))
    return read_metadata(workspace.checkpoint(study, alpha, replicate)).get("key") == made_by


def build_networks(study: StudySpec, alpha: Fraction, members: int, dataset: Dataset) -> Network:
    """So many networks of one width, as a study has them for a dataset."""
    size = {"base_width": study.scale.base_width, "channels": dataset.channels, "classes": dataset.classes}
    return build(study.arch, alpha, members, **size)


def feature_stage(
    study: StudySpec,
    alpha: Fraction,
    replicate: int,
    workspace: Workspace,
    *,
    dataset: Dataset | None = None,
    of_other_data: bool = False,
) -> Path:
    """Extract the features of one checkpoint on fit and held-out examples, unless they are there; return the path.

    Networks must have been trained on the dataset, or, ``of_other_data``, on whatever it was.
    """
    study.check_ensemble(alpha, replicate)
    checkpoint = workspace.checkpoint(study, alpha, replicate)
    path = workspace.feature_file(study, alpha, replicate)
    if not checkpoint.exists():
        raise ArtifactError(f"there is no {checkpoint}: {REMEDY}")
    dataset = dataset or load_study_data(study, workspace)[replicate]
    md5, identity = digest_file(checkpoint, "md5"), identify(study, alpha, replicate, dataset)
    key = digest_json(
        {
            "checkpoint": md5,
            "identity": identity,
            "data": dataset.sha256,
            "fit_examples": study.scale.fit_examples,
            "code": code_version(*FEATURES.modules(study.task, study.arch)),
        }
    )
    if read_metadata(path).get("key") == key:
        return path
    network, provenance = load_networks(study, alpha, replicate, workspace, dataset, of_other_data=of_other_data)
    network.to(default_device())
    arrays = extract(network, dataset, precision=study.scale.train.precision)
    arrays["epochs"] = np.array(provenance.epochs)
    metadata = {
        "key": key,
        "of": ensemble_of(study, alpha, replicate),
        "checkpoint": {**described_checkpoint(study, alpha, replicate, workspace), "weights": weight_digests(network)},
        **describe(network, provenance, dataset),
    }
    write_features(path, arrays, metadata)
    return path


def described_checkpoint(study: StudySpec, alpha: Fraction, replicate: int, workspace: Workspace) -> Pinned:
    """Where a checkpoint lies in a repository, and the MD5 that DVC pins of it."""
    return {
        "path": Workspace.at(Path()).checkpoint(study, alpha, replicate).as_posix(),
        "md5": digest_file(workspace.checkpoint(study, alpha, replicate), "md5"),
    }


def measure_stage(study: StudySpec, workspace: Workspace, *, progress: Progress | None = None) -> Record:
    """Measure one study from its feature files, unless that very record is there."""

    def measured(files: StudyFiles) -> Measurements:
        check_distinct(
            {
                workspace.feature_file(study, alpha, replicate).stem: file.metadata["checkpoint"]["weights"]
                for replicate, by_alpha in files.items()
                for alpha, file in by_alpha.items()
            }
        )
        replicates = {replicate: Replicate.of(by_alpha) for replicate, by_alpha in files.items()}
        display = progress or silent()
        bar = display.add_task(f"measuring {study}", total=None)
        return measure(replicates, advance=lambda done, total: display.update(bar, completed=done, total=total))

    return record_stage(study, workspace, workspace.record(study), MEASURE, measured)


def record_stage(
    study: StudySpec,
    workspace: Workspace,
    target: Path,
    code: Code,
    measured: Callable[[StudyFiles], Measurements],
    *,
    also: Mapping[str, Any] | None = None,
    of_networks: Mapping[Fraction, EqualFit] | None = None,
) -> Record:
    """Write what is measured from the feature files of a study as a record, unless that very record is there.

    Args:
        study: whose features.
        workspace: where they lie.
        target: where the record goes.
        code: what measures.
        measured: from the feature files, by replicate and width factor: the samples and chosen penalties of the record.
        also: what else the measurements depend on.
        of_networks: what else the record says of the networks of a width.

    Raises:
        ArtifactError: if a feature file is missing, damaged or of other networks.
    """
    scale = study.scale
    paths = {
        replicate: {alpha: workspace.feature_file(study, alpha, replicate) for alpha in scale.alphas}
        for replicate in scale.replicates
    }
    inputs = {path.name: read_metadata(path).get("key") for by_alpha in paths.values() for path in by_alpha.values()}
    environment = libraries() | {"scikit-learn": version("scikit-learn")}
    made_of = {
        "features": inputs,
        "code": code_version(*code.modules(study.task, study.arch)),
        "libraries": environment,
    }
    key = digest_json(made_of | ({"also": also} if also else {}))
    try:
        record = read_record(target)
        if record.key == key:
            return record
    except ArtifactError:
        pass  # a missing or damaged record is measured again
    files = {
        replicate: {alpha: load_features(study, alpha, replicate, workspace) for alpha in scale.alphas}
        for replicate in scale.replicates
    }
    samples, penalties = measured(files)
    wide = files[scale.replicates[0]][Fraction(1)].metadata
    alphas = tuple(sorted(scale.alphas, reverse=True))
    record = Record(
        task=study.task,
        arch=study.arch,
        scale=scale.name,
        key=key,
        alphas=alphas,
        replicates=scale.replicates,
        networks={
            alpha: {
                **describe_networks({replicate: by_alpha[alpha] for replicate, by_alpha in files.items()}),
                **(of_networks or {}).get(alpha, EqualFit()),
            }
            for alpha in alphas
        },
        data=wide["data"] | ({"admission": scale.admission} if scale.admission else {}),
        environment=environment,
        recipe=wide["recipe"],
        penalties=penalties,
        samples=samples,
    )
    write_record(target, record)
    return record


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
