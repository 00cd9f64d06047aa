import contextlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from networks import tiny_study

from overparam.config.workspace import Workspace
from overparam.errors import ArtifactError
from overparam.io.files import digest_file, digest_json
from overparam.pipeline import evidence, stages
from overparam.pipeline import run as studies
from overparam.pipeline.evidence import NoEvidence, gather, gather_controls, strongest_at_hand
from overparam.study.record import read_record, write_record

STUDY = tiny_study()
SLOW = replace(STUDY, scale=replace(STUDY.scale, quick=False))


@contextlib.contextmanager
def silent():
    yield None


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A repository with checkpoints, a record, and a dvc.lock that pins the checkpoints."""
    root = tmp_path_factory.mktemp("repository")
    record = studies.run_study(STUDY, Workspace.at(root))
    outs = [
        {"path": checkpoint["path"], "md5": checkpoint["md5"]}
        for entry in record.networks.values()
        for checkpoint in entry["checkpoints"]
    ]
    path = Workspace.at(root).record(STUDY)
    outs.append({"path": path.relative_to(root).as_posix(), "md5": digest_file(path, "md5")})
    (root / "dvc.lock").write_text(json.dumps({"schema": "2.0", "stages": {"train": {"outs": outs}}}))
    return root


def test_the_strongest_level_is_the_one_that_trains_no_hours(repository, tmp_path):
    assert strongest_at_hand(STUDY, tmp_path) == "retrain"
    assert strongest_at_hand(SLOW, repository) == "checkpoint"
    assert strongest_at_hand(SLOW, tmp_path) == "record"


def test_a_record_is_read_without_touching_networks(repository, monkeypatch):
    monkeypatch.setattr(stages, "extract", None)
    level, record = gather(SLOW, "record", repository, silent)
    assert (level, record.arch) == ("record", "resnet18")


def test_checkpoints_measured_again_agree_with_the_record(repository):
    level, record = gather(SLOW, None, repository, silent)
    assert level == "checkpoint"
    assert record.effect is not None
    assert (repository / ".overparam" / "checkpoint" / "results" / "tiny" / "digits-resnet18.json").exists()


def test_controls_are_judged_on_their_committed_record_alone(repository):
    with pytest.raises(NoEvidence, match="no record of the controls of .*: make it with `overparam controls"):
        gather_controls(STUDY, repository)
    path = Workspace.at(repository).controls(STUDY)
    record = read_record(Workspace.at(repository).record(STUDY))
    write_record(path, replace(record, samples={"copies": record.samples["span"]}))
    with pytest.raises(ArtifactError, match="the controls of .* is stale .*dvc.lock pins no results/tiny/controls"):
        gather_controls(STUDY, repository)
    path.unlink()


def test_retraining_goes_to_a_place_of_its_own(repository, monkeypatch):
    seen = []
    monkeypatch.setattr(studies, "run_study", lambda study, workspace, **how: seen.append((workspace, how["anew"])))
    gather(STUDY, None, repository, silent)
    (workspace, anew), *others = seen
    assert (workspace.checkpoints, anew) == (repository / ".overparam/retrain/artifacts/checkpoints", True)
    assert (workspace.data, others) == (repository / "data", [])  # data are not fetched again


@pytest.mark.parametrize("level", ["record", "checkpoint"])
def test_no_evidence_names_the_command_that_makes_it(tmp_path, level):
    with pytest.raises(NoEvidence, match="`overparam study digits resnet18 --scale tiny`"):
        gather(SLOW, level, tmp_path, silent)


def test_a_record_of_other_checkpoints_is_stale(repository):
    lock = repository / "dvc.lock"
    whole = lock.read_text()
    pinned = json.loads(whole)
    pinned["stages"]["train"]["outs"][0]["md5"] = "0" * 32
    lock.write_text(json.dumps(pinned))
    with pytest.raises(ArtifactError, match="is stale .* dvc.lock pins another version of that checkpoint"):
        gather(SLOW, "record", repository, silent)
    lock.write_text(whole)


def test_a_record_that_is_pinned_and_gone_is_no_record_that_was_never_made(repository):
    path = Workspace.at(repository).record(STUDY)
    whole = path.read_bytes()
    path.unlink()
    with pytest.raises(ArtifactError, match=r"dvc.lock pins results/tiny/.*json, which is gone: restore it with git"):
        gather(SLOW, "record", repository, silent)
    path.write_bytes(whole)


def test_of_two_runs_one_makes_what_is_lacking_and_the_other_waits(tmp_path, monkeypatch):
    """Threads stand for processes: a lock is taken by file."""
    began, ended = [], []

    def slow(study, workspace, **how):
        began.append(time.monotonic())
        time.sleep(0.2)
        ended.append(time.monotonic())

    monkeypatch.setattr(studies, "run_study", slow)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda _: gather(STUDY, "retrain", tmp_path, silent), range(3)))
    assert sorted(began)[1:] > sorted(ended)[:-1]


@pytest.fixture
def edited(repository):
    """Changes one sample of the record; the record is put back afterwards."""
    path = Workspace.at(repository).record(STUDY)
    whole = path.read_text()

    def edit(sample, change):
        content = json.loads(whole)
        change(content["samples"][sample])
        content.pop("sha256")
        path.write_text(json.dumps({**content, "sha256": digest_json(content)}))

    yield edit
    path.write_text(whole)


def moved(change):
    """The first number of a sample, moved by so much."""

    def edit(entry):
        entry["values"][2][0][0] += change

    return edit


def renamed(entry):
    entry["quantities"][0] = "another"


def test_a_record_without_a_sample_is_told_apart(repository):
    path = Workspace.at(repository).record(STUDY)
    whole, record = path.read_bytes(), read_record(path)
    write_record(path, replace(record, samples={"span": record.samples["span"]}))
    with pytest.raises(ArtifactError, match="holds other quantities: measure it again"):
        gather(SLOW, "checkpoint", repository, silent)
    path.write_bytes(whole)


def with_fewer_penalties(entry):
    for part in ("values", "shared_lower_triangle", "penalty_factors"):
        entry[part] = entry[part][:3]


@pytest.mark.parametrize(
    ("sample", "change", "what"),
    [("span", 0.002, r"FSE\(M_1′→M_1\)"), ("performance", 4 / 797, r"FP\(M_1\)")],
)
def test_a_record_that_says_something_else_is_caught_by_measuring_again(repository, edited, sample, change, what):
    edited(sample, moved(change))
    with pytest.raises(ArtifactError, match=rf"measured again, {what} of digits-resnet18 differs .* by {change:.4f}"):
        gather(SLOW, "checkpoint", repository, silent)


def test_examples_that_rounding_turned_are_no_other_record(repository, edited):
    edited("performance", moved(2 / 797))
    gather(SLOW, "checkpoint", repository, silent)


@pytest.mark.parametrize("change", [renamed, with_fewer_penalties])
def test_a_record_of_other_quantities_is_told_apart(repository, edited, change):
    edited("span", change)
    with pytest.raises(ArtifactError, match="the record of digits-resnet18 holds other quantities: measure it again"):
        gather(SLOW, "checkpoint", repository, silent)


def test_checkpoints_without_data_are_no_evidence_and_the_remedy_is_named(repository, monkeypatch):
    monkeypatch.setattr(evidence, "data_at_hand", lambda task, folder: False)
    with pytest.raises(NoEvidence, match="lacks its data: get them with `overparam data fetch digits`"):
        gather(SLOW, "checkpoint", repository, silent)


def test_levels_stand_from_strongest_to_weakest():
    assert evidence.LEVELS == ("retrain", "checkpoint", "record")
