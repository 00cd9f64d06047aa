import re
from dataclasses import replace

import pytest
import yaml
from records import synthetic_record

from overparam.errors import ArtifactError
from overparam.io.files import digest_file
from overparam.pipeline import dvc_pins
from overparam.pipeline.dvc_pins import pinned_outs, stale_reason
from overparam.study.record import write_record

SHA = {"train": "1" * 64, "test": "2" * 64}


RECORD = "results/smoke/digits-resnet18.json"


def write_pins(root, record, change=lambda pins: None, data=SHA):
    """A repository with the record, two ``dvc.lock`` files that pin it and its checkpoints, and a ``data.dvc``.

    Returns:
        Why the record is stale.
    """
    write_record(root / RECORD, record)
    pins = {c["path"]: c["md5"] for entry in record.networks.values() for c in entry["checkpoints"]}
    pins[RECORD] = digest_file(root / RECORD, "md5")
    change(pins)
    outs = [{"path": path, "hash": "md5", "md5": md5, "size": 1} for path, md5 in pins.items()]
    stages = {f"train@{k}": {"cmd": "train", "outs": [out]} for k, out in enumerate(outs)}
    halves = dict(list(stages.items())[::2]), dict(list(stages.items())[1::2])
    (root / "cifar").mkdir(exist_ok=True)
    for lock, half in zip([root / "dvc.lock", root / "cifar" / "dvc.lock"], halves, strict=True):
        extra = {"judge": {"cmd": "judge"}, "measure": {"cmd": "m", "outs": [{"path": "folder"}]}}
        lock.write_text(yaml.safe_dump({"schema": "2.0", "stages": half | extra}))
    outs = [{"path": f"data/{name}", "md5": "0", "meta": {"sha256": sha}} for name, sha in data.items()]
    (root / "data.dvc").write_text(yaml.safe_dump({"outs": [*outs, {"path": "data/other", "md5": "1"}]}))
    return stale_reason(record, root / RECORD, root)


def real(record):
    return replace(record, data={**record.data, "sha256": SHA})


def path_of(replicate):
    return f"artifacts/checkpoints/smoke/digits-resnet18-1_4-r{replicate}.safetensors"


def exchange(pins):
    pins[path_of(0)], pins[path_of(1)] = pins[path_of(1)], pins[path_of(0)]


@pytest.mark.parametrize("dress", [synthetic_record, lambda: real(synthetic_record())], ids=["embedded", "real data"])
def test_a_record_of_what_is_pinned_is_fresh(tmp_path, dress):
    assert write_pins(tmp_path, dress()) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda pins: pins.update({path_of(2): "changed"}), f"{path_of(2)} with md5 1_4-2, .* another version of"),
        (lambda pins: pins.pop(path_of(2)), f"{path_of(2)} with md5 1_4-2, and dvc.lock pins no that checkpoint"),
        (exchange, f"{path_of(0)} with md5 1_4-0, .* another version of"),
        (dict.clear, "digits-resnet18-1-r0.safetensors with md5 1-0, and dvc.lock pins no"),
        (lambda pins: pins.update({RECORD: "changed"}), f"dvc.lock pins another version of {RECORD}"),
        (lambda pins: pins.pop(RECORD), f"dvc.lock pins no {RECORD}"),
    ],
    ids=["changed", "missing", "exchanged replicates", "nothing pinned", "edited record", "unpinned record"],
)
def test_a_record_is_stale_if_it_or_its_checkpoints_are_not_the_pinned_ones(tmp_path, change, reason):
    found = write_pins(tmp_path, synthetic_record(), change)
    assert re.search(reason, str(found))


def test_without_any_lock_a_record_is_stale_and_an_empty_lock_pins_nothing(tmp_path):
    record = synthetic_record()
    assert "dvc.lock pins no" in str(stale_reason(record, tmp_path / RECORD, tmp_path))
    (tmp_path / "dvc.lock").write_text("")
    assert "dvc.lock pins no" in str(stale_reason(record, tmp_path / RECORD, tmp_path))


@pytest.mark.parametrize(
    "content",
    [
        "[1, 2]",
        "stages: {",
        "\\x00",
        "five",
        "stages: 5",
        "stages: [a]",
        "stages: {a: 5}",
        "stages: {a: {outs: 5}}",
        "stages: {a: {outs: [5]}}",
        "stages: {a: {outs: [{md5: '1'}]}}",
        "stages: {a: {outs: [{path: x, md5: [1]}]}}",
        "stages: {a: {outs: [{path: [x], md5: '1'}]}}",
        "[" * 5000,
        "<<<<<<< HEAD\nstages: {}\n=======\n",
    ],
)
def test_a_damaged_lock_is_an_error(tmp_path, content):
    (tmp_path / "dvc.lock").write_text(content)
    with pytest.raises(ArtifactError, match="dvc.lock is damaged: restore it with git"):
        stale_reason(synthetic_record(), tmp_path / RECORD, tmp_path)


def test_a_lock_in_bytes_that_are_no_text_or_that_is_a_folder_is_an_error(tmp_path):
    (tmp_path / "dvc.lock").write_bytes(b"stages: {}\xff")
    with pytest.raises(ArtifactError, match="dvc.lock is damaged"):
        pinned_outs(tmp_path)
    (tmp_path / "dvc.lock").unlink()
    (tmp_path / "dvc.lock").mkdir()
    with pytest.raises(ArtifactError, match="dvc.lock is damaged"):
        pinned_outs(tmp_path)


@pytest.mark.parametrize("content", ["outs: 5", "outs: [5]", "outs: [{path: x, meta: 5}]", "outs: [{}]"])
def test_damaged_pins_of_data_are_an_error(tmp_path, content):
    write_pins(tmp_path, real(synthetic_record()))
    (tmp_path / "data.dvc").write_text(content)
    with pytest.raises(ArtifactError, match="data.dvc is damaged: restore it with git"):
        stale_reason(real(synthetic_record()), tmp_path / RECORD, tmp_path)


@pytest.mark.parametrize("data", [{}, {"train": SHA["train"]}, {**SHA, "test": "3" * 64}])
def test_a_record_is_stale_if_its_data_are_not_pinned(tmp_path, data):
    name = "train" if not data else "test"
    reason = f"the record was measured on a {name} split that data.dvc does not pin"
    assert write_pins(tmp_path, real(synthetic_record()), data=data) == reason
    assert write_pins(tmp_path, synthetic_record(), data=data) is None  # embedded data need no pin


def test_a_record_on_real_data_is_stale_without_a_data_file(tmp_path):
    record = replace(real(synthetic_record()), networks={})
    assert "does not pin" in str(stale_reason(record, tmp_path / RECORD, tmp_path))


def test_a_lock_is_read_once_as_long_as_it_is_the_same(tmp_path, monkeypatch):
    reads = []
    load = dvc_pins.yaml.load
    monkeypatch.setattr(dvc_pins.yaml, "load", lambda *args: reads.append(args) or load(*args))
    lock = tmp_path / "dvc.lock"
    for md5 in ("1" * 32, "2" * 32):
        lock.write_text(f"stages: {{a: {{outs: [{{path: x, md5: '{md5}'}}]}}}}")
        assert [pinned_outs(tmp_path), pinned_outs(tmp_path)] == [{"x": md5}] * 2
    assert len(reads) == 2
