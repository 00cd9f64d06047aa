"""The examples of a study, as its networks are trained and measured on them."""

from dataclasses import replace

from overparam.config.studies import StudySpec
from overparam.config.workspace import Workspace
from overparam.data import Dataset, load_dataset
from overparam.pipeline.dvc_pins import pinned_as


def load_study_data(study: StudySpec, workspace: Workspace) -> dict[int, Dataset]:
    """By replicate, the examples that a study trains, fits and measures on: the same, but where it has an admission.

    Data are those that ``data.dvc`` pins where examples and labels are, whatever file holds them.
    """
    scale = study.scale
    sizes = {"train_examples": scale.train_examples, "fit_examples": scale.fit_examples}
    whole = load_dataset(study.task, **({} if scale.admission else sizes), root=workspace.data)
    whole = replace(whole, sha256=pinned_as(whole.sha256, whole.content, workspace.data.parent))
    if scale.admission is None:
        return dict.fromkeys(scale.replicates, whole)
    return {replicate: whole.apart(replicate, **sizes) for replicate in scale.replicates}
