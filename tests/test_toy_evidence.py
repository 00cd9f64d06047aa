"""The toy's committed record answers only whole, for its own setting, and while it is pinned."""

import json
import shutil
from dataclasses import replace

import pytest
import yaml
from gates import study_record
from networks import ROOT

from overparam.errors import ArtifactError
from overparam.io.files import digest_file, write_sealed
from overparam.io.progress import silent
from overparam.pipeline.evidence import NoEvidence
from overparam.pipeline.toy import gather_toy, record_path
from overparam.study.record import write_record
from overparam.toy.spec import read_toy

SPEC = read_toy(ROOT / "params.yaml")


def pin(root, path):
    outs = [{"path": path.relative_to(root).as_posix(), "md5": digest_file(path, "md5")}]
    (root / "dvc.lock").write_text(yaml.safe_dump({"stages": {"toy": {"outs": outs}}}), encoding="utf-8")


@pytest.fixture
def record(tmp_path):
    """The committed record, pinned in a repository of its own."""
    path = record_path(tmp_path / "results")
    path.parent.mkdir(parents=True)
    shutil.copy(record_path(ROOT / "results"), path)
    pin(tmp_path, path)
    return path


def gathered(root, spec=SPEC):
    return gather_toy(spec, "record", root, silent)


def test_the_committed_record_is_evidence(tmp_path, record):
    level, found = gathered(tmp_path)
    assert (level, found.spec["seeds"]) == ("record", SPEC.seeds)


def edit(path):
    path.write_text(path.read_text(encoding="utf-8").replace('"biases": true', '"biases": false', 1), "utf-8")


def without(path, name):
    content = json.loads(path.read_text(encoding="utf-8"))
    write_sealed(path, {key: value for key, value in content.items() if key not in (name, "sha256")})


def with_entry(path, name, value):
    content = json.loads(path.read_text(encoding="utf-8"))
    write_sealed(path, {key: entry for key, entry in content.items() if key != "sha256"} | {name: value})


DAMAGES = {
    "edited": (edit, "is damaged or was edited"),
    "cut short": (lambda path: path.write_text(path.read_text(encoding="utf-8")[:-9], "utf-8"), "is damaged or was"),
    "empty": (lambda path: path.write_text(""), "is damaged or was edited"),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "is damaged or was edited .Is a directory"),
    "no quantities": (lambda path: without(path, "quantities"), "is damaged or was edited"),
    "a seed too much": (
        lambda path: with_entry(path, "quantities", {"a": [0.1, "0.2"]}),
        "is damaged or was edited .it: quantities.a.1 must be a finite number",
    ),
    "another entry": (lambda path: with_entry(path, "margin", 0.1), "is damaged or was edited .it has unknown margin"),
    "of a study": (lambda path: write_record(path, study_record()), "it is a record of a study, where"),
    "of nothing": (lambda path: write_sealed(path, {}), "it is a file of another kind"),
}  # fmt: skip


@pytest.mark.parametrize("pinned", [True, False])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_is_refused_whatever_is_pinned(tmp_path, record, damage, pinned):
    change, sentence = DAMAGES[damage]
    change(record)
    if pinned and record.is_file():
        pin(tmp_path, record)
    with pytest.raises(ArtifactError, match=sentence):
        gathered(tmp_path)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"seeds": SPEC.seeds + 1}, f"of seeds {SPEC.seeds}, where seeds {SPEC.seeds + 1} belongs"),
        ({"product": 0.25}, "where product 0.25 belongs"),
        ({"alphas": SPEC.alphas[:-1]}, "of alphas .*, where alphas .* belongs"),
        ({"biases": not SPEC.biases, "steps": 7}, "of biases .*, steps .*, where biases .*, steps 7 belongs"),
        ({"spans": replace(SPEC.spans, examples=7)}, "where spans {'examples': 7, .* belongs"),
    ],
)
def test_a_record_of_another_setting_is_refused(tmp_path, record, changes, sentence):
    with pytest.raises(ArtifactError, match=sentence):
        gathered(tmp_path, replace(SPEC, **changes))


def test_a_record_that_is_not_pinned_is_stale_one_that_is_gone_lost_and_one_never_made_no_evidence(tmp_path, record):
    (tmp_path / "dvc.lock").write_text("")
    with pytest.raises(ArtifactError, match="dvc.lock does not pin .*toy.json"):
        gathered(tmp_path)
    pin(tmp_path, record)
    record.unlink()
    with pytest.raises(ArtifactError, match="dvc.lock pins results/smoke/toy.json, which is gone"):
        gathered(tmp_path)
    (tmp_path / "dvc.lock").unlink()
    with pytest.raises(NoEvidence, match="has no record: make it with `overparam toy`"):
        gathered(tmp_path)
