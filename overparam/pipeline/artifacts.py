"""The checkpoints and feature files of a study, found in their places; one in another's place is refused."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

from overparam.config.studies import StudySpec
from overparam.config.workspace import Workspace
from overparam.data import Dataset
from overparam.errors import ArtifactError
from overparam.io.files import digest_file
from overparam.networks.checkpoints import REMEDY, Provenance, load_checkpoint
from overparam.networks.registry import Network
from overparam.pipeline.provenance import identify
from overparam.study import feature_file
from overparam.study.belonging import check_belongs
from overparam.study.feature_file import FeatureFile, read_features


def ensemble_of(study: StudySpec, alpha: Fraction, replicate: int) -> dict[str, Any]:
    """What the features at one width in one replicate are of, as plain JSON values; data and code apart."""
    identity = study.training_identity(alpha, replicate)
    recipe = {f"recipe {name}": value for name, value in identity.pop("train").items()}
    return {
        "kind": "features",
        "scale": study.scale.name,
        "fit_examples": study.scale.fit_examples,
        **identity,
        **recipe,
    }


def load_networks(
    study: StudySpec,
    alpha: Fraction,
    replicate: int,
    workspace: Workspace,
    dataset: Dataset,
    *,
    of_other_data: bool = False,
) -> tuple[Network, Provenance]:
    """The networks at one width in one replicate, and their provenance.

    Raises:
        ArtifactError: if the checkpoint is missing, damaged, or of other networks: of another task, architecture,
            scale, width, replicate or recipe, another tokenizer or, unless ``of_other_data``, other data.
    """
    path = workspace.checkpoint(study, alpha, replicate)
    if not path.exists():
        raise ArtifactError(f"there is no {path}: {REMEDY}")
    network, provenance = load_checkpoint(path)
    found = (provenance.task, provenance.arch, provenance.alpha, provenance.replicate)
    if found != (study.task, study.arch, str(alpha), replicate):
        raise ArtifactError(f"{path} holds the networks of {'-'.join(map(str, found))}, exchanged: {REMEDY}")
    if of_other_data:
        dataset = replace(dataset, sha256=dict(provenance.data["sha256"]))
    # Seeds are of a scale by its name, and the identity digests them.
    if provenance.identity != identify(study, alpha, replicate, dataset):
        raise ArtifactError(
            f"{path} was trained by another recipe, on other data or with another tokenizer than asked for: {REMEDY}"
        )
    return network, provenance


def load_features(study: StudySpec, alpha: Fraction, replicate: int, workspace: Workspace) -> FeatureFile:
    """The features of the networks at one width in one replicate.

    Raises:
        ArtifactError: if the file is missing, damaged, of other networks, or of what a checkpoint was before.
    """
    path, checkpoint = workspace.feature_file(study, alpha, replicate), workspace.checkpoint(study, alpha, replicate)
    file = read_features(path)
    check_belongs(path, file.metadata.get("of", {}), ensemble_of(study, alpha, replicate), feature_file.REMEDY)
    if checkpoint.exists() and digest_file(checkpoint, "md5") != file.metadata["checkpoint"]["md5"]:
        raise ArtifactError(f"{path} was extracted from another version of {checkpoint}: {feature_file.REMEDY}")
    return file
