"""Data are the same where examples and labels are, whatever file holds them; stored networks are tried on others."""

import io
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from networks import tiny_study
from PIL import Image

from overparam.config.workspace import Workspace
from overparam.data import fetch
from overparam.data.images import CIFAR
from overparam.data.sentences import MNLI
from overparam.errors import ArtifactError
from overparam.io.files import digest_file
from overparam.pipeline import run as studies
from overparam.pipeline.evidence import OTHER_DATA, gather, has_other_data, strongest_at_hand, why_on_record

ROWS = {"train": 200, "test": 100}
STUDY = tiny_study(task="cifar", quick=False)


@contextmanager
def silent():
    yield None


def write_mirror(folder, encoding="PNG", shift=0, **how):
    """Pictures that are told by their brightness, in the hub's layout."""
    for split, rows in ROWS.items():
        rng, pictures = np.random.default_rng(len(split)), []
        for row in range(rows):
            pixels = rng.integers(0, 60, size=(32, 32, 3)) + 15 * (row % 10) + shift
            buffer = io.BytesIO()
            Image.fromarray(pixels.astype(np.uint8)).save(buffer, encoding, **how)
            pictures.append({"bytes": buffer.getvalue(), "path": None})
        (folder / CIFAR.folder).mkdir(parents=True, exist_ok=True)
        columns = {"img": pictures, "label": [row % 10 for row in range(rows)]}
        pq.write_table(pa.table(columns), folder / CIFAR.folder / f"{split}.parquet")
    return folder


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A repository with checkpoints and a record of them, and the pins of both and of the data."""
    root = tmp_path_factory.mktemp("repository")
    with pytest.MonkeyPatch.context() as patch:
        for split, rows in ROWS.items():
            patch.setitem(CIFAR.rows, split, rows)
        fetched = fetch.fetch("cifar", mirror=write_mirror(root / "first"), root=root / "data")
        metas = [{"sha256": split.sha256, "content": split.content} for split in fetched]
        outs = [{"path": f"data/{n}", "md5": "1", "meta": meta} for n, meta in enumerate(metas)]
        (root / "data.dvc").write_text(yaml.safe_dump({"outs": outs}))
        record = studies.run_study(STUDY, Workspace.at(root))
        pinned = [one for entry in record.networks.values() for one in entry["checkpoints"]]
        path = Workspace.at(root).record(STUDY)
        pins = [{"path": one["path"], "md5": one["md5"]} for one in pinned]
        pins.append({"path": path.relative_to(root).as_posix(), "md5": digest_file(path, "md5")})
        (root / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": {"train": {"outs": pins}}}))
        yield root


def put(repository, tmp_path, **how):
    fetch.fetch("cifar", mirror=write_mirror(tmp_path, **how), root=repository / "data")


def test_the_same_pixels_packed_otherwise_are_the_same_data(repository, tmp_path):
    before = {split: digest_file(repository / "data" / "cifar10" / f"{split}.parquet") for split in ROWS}
    put(repository, tmp_path, compress_level=0)
    for split, sha256 in before.items():
        assert digest_file(repository / "data" / "cifar10" / f"{split}.parquet") != sha256
    assert not has_other_data("cifar", repository)
    assert why_on_record("cifar", repository) is None
    assert strongest_at_hand(STUDY, repository) == "checkpoint"
    level, record = gather(STUDY, None, repository, silent)
    assert (level, record.data["sha256"]) == ("checkpoint", before)


def test_files_that_are_pinned_by_their_own_digest_alone_are_no_other_data(repository):
    pins = repository / "data.dvc"
    whole = pins.read_text()
    outs = yaml.safe_load(whole)["outs"]
    for out in outs:
        del out["meta"]["content"]
    pins.write_text(yaml.safe_dump({"outs": outs}))
    write_mirror(repository / "first")
    fetch.fetch("cifar", mirror=repository / "first", root=repository / "data")
    assert not has_other_data("cifar", repository)
    pins.write_text(whole)
    assert not has_other_data("cifar", repository)


@pytest.mark.parametrize("how", [{"shift": 40}, {"encoding": "JPEG"}], ids=["brighter", "compressed"])
def test_other_pixels_leave_the_record_and_say_so_and_networks_are_tried_on_them_when_asked(repository, tmp_path, how):
    workspace = Workspace.at(repository)
    features = {path: path.read_bytes() for path in workspace.features.rglob("*.safetensors")}
    put(repository, tmp_path, **how)
    assert strongest_at_hand(STUDY, repository) == "record"
    assert gather(STUDY, None, repository, silent)[0] == "record"
    assert "the data of cifar at hand are others than its networks were trained on" in why_on_record(
        "cifar", repository
    )
    level, measured = gather(STUDY, "checkpoint", repository, silent)
    recorded = gather(STUDY, "record", repository, silent)[1]
    assert level == OTHER_DATA
    assert not np.array_equal(measured.samples["span"].values, recorded.samples["span"].values)
    assert {path: path.read_bytes() for path in workspace.features.rglob("*.safetensors")} == features
    with pytest.raises(ArtifactError, match="was trained by another recipe, on other data"):
        studies.measure_again(STUDY, workspace)
    put(repository, tmp_path / "again")


def content(premise, hypothesis="And so it is.", label=0):
    columns = {"premise": [premise], "hypothesis": [hypothesis], "label": [label]}
    return MNLI.content(pa.table(columns), Path("train.parquet"))


def test_texts_are_the_same_in_any_spacing_and_unicode_normal_form():
    assert content("caf\u00e9  au lait ") == content("cafe\u0301 au\nlait")
    others = [content("cafe au lait"), content("café", "au lait. And so it is."), content("café au lait", label=1)]
    assert len({content("café au lait"), *others}) == 4
