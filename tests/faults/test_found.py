"""What was once believed, took hours or gigabytes, or ended in a traceback: each file as it was found, or smaller."""

import io
import json
import struct
import sys
import zipfile

import mutations
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from attempts import _of_process
from crafted import npy, runs, safetensors, zeros
from PIL import Image
from readers import READERS

from overparam.errors import OverparamError
from overparam.io.files import digest_json

pytestmark = pytest.mark.fault
DEEP = 100_000


def good(name, folder):
    return READERS[name].goods[0](folder)


def sealed(change):
    """A change of a sealed JSON, sealed again."""

    def changed(data: bytes) -> bytes:
        content = json.loads(data)
        content.pop("sha256")
        change(content)
        return json.dumps({**content, "sha256": digest_json(content)}).encode()

    return changed


def laughs(levels: int) -> bytes:
    below = "\n".join(f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]" for k in range(1, levels))
    return f"a0: &a0 [ha]\n{below}\n".encode()


def merged(levels: int) -> bytes:
    below = "\n".join(f"a{k}: &a{k} {{<<: [{', '.join([f'*a{k - 1}'] * 9)}]}}" for k in range(1, levels))
    return f"a0: &a0 {{ha: 1}}\n{below}\n".encode()


def picture(width: int, height: int) -> bytes:
    """A parquet of one picture, which is small until it is unpacked."""
    encoded, file = io.BytesIO(), io.BytesIO()
    Image.new("1", (width, height)).save(encoded, "PNG")
    table = pa.table({"img": [{"bytes": encoded.getvalue(), "path": None}], "label": [0]})
    pq.write_table(table, file)
    return file.getvalue()


def great_value(size: int) -> bytes:
    """A parquet of one picture that is small until the parquet is."""
    file = io.BytesIO()
    pq.write_table(pa.table({"img": [{"bytes": bytes(size), "path": None}], "label": [0]}), file, compression="zstd")
    return file.getvalue()


def postscript(_) -> bytes:
    """What Pillow would hand to another program."""
    file = io.BytesIO()
    text = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 32 32\n%%EndComments\nshowpage\n"
    pq.write_table(pa.table({"img": [{"bytes": text, "path": None}], "label": [0]}), file)
    return file.getvalue()


def claims_members(_) -> bytes:
    """An archive whose index claims more than it has."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("features.npy", npy("<f8", (6, 4), bytes(192)))
    data = bytearray(file.getvalue())
    place = data.rindex(b"PK\x01\x02")
    data[place + 24 : place + 28] = struct.pack("<I", 2**32 - 2)
    return bytes(data)


# Of what, called what, made of a good one how, and what the sentence says.
FOUND = [
    ("features of one's own", ".npz", lambda _: zeros(3 * 2**30), "would grow to"),
    ("features of one's own", ".npz", lambda _: zeros(2**26, members=3), "would grow to"),
    ("features of one's own", ".npz", claims_members, "would grow to"),
    ("features of one's own", ".parquet", lambda _: runs(2**26), "would grow to"),
    ("features of one's own", ".parquet", lambda _: runs(2**23, pa.string()), "would grow to"),
    ("features of one's own", ".npy", lambda _: npy("<f8", (10**12,)), "is damaged"),
    ("features of one's own", ".npy", lambda _: npy("O", (1,), b"\x80\x04cos\nsystem\n"), "is damaged"),
    ("features of one's own", ".npy", lambda _: npy("<f8", (2,) * 40), "is damaged"),
    ("features of one's own", ".safetensors", lambda _: safetensors(b"[" * DEEP), "is damaged"),
    ("features of one's own", ".safetensors", lambda _: struct.pack("<Q", 2**62), "is damaged"),
    ("pictures", "", lambda _: picture(40_000, 40_000), "pixels"),
    ("pictures", "", lambda _: picture(33, 32), "33×32 pixels"),
    ("pictures", "", lambda _: great_value(2**30), "would grow to"),
    ("pictures", "", postscript, "has no 32×32 image"),
    ("params.yaml", "", lambda _: laughs(12), "aliases stand for more than"),
    ("params.yaml", "", lambda _: merged(12), "too much is merged|lacks scales"),
    ("params.yaml", "", lambda _: b"a: &a [*a]", "Circular reference"),
    ("params.yaml", "", lambda _: b"a: 2020-13-45", "month must be in 1..12"),
    ("params.yaml", "", lambda _: b"[" * DEEP, "nested too deeply"),
    ("params.yaml", "", lambda data: data * 200, "more than the .* bytes"),
    ("params.yaml", "", lambda data: data.replace(b"- '1'", b"- 1e-99999999"), "is not a fraction"),
    ("params.yaml", "", lambda data: data.replace(b"- '1'", b"- " + b"x" * 5_000), "is not a fraction"),
    ("dvc.lock", "", lambda data: data + b"stages: {}\n", "is damaged"),
    ("dvc.lock", "", lambda _: b"[" * DEEP, "is damaged"),
    ("dvc.lock", "", lambda _: b"stages: &a {x: *a}", "is damaged"),
    ("dvc.lock", "", lambda _: laughs(12), "is damaged"),
    ("margins", "", lambda _: b"a = " + b"[" * DEEP, "recursion"),
    ("margins", "", lambda data: data.replace(b"span = 0.02", b"span = " + b"9" * 5000), "Exceeds the limit"),
    ("verdicts", "", lambda _: b"[" * DEEP, "nested too deeply"),
    (
        "verdicts",
        "",
        lambda data: data.replace(b'"task"', b'"claim": "another", "task"', 1),
        "key 'claim' stands twice",
    ),
    ("records", "", lambda data: data.replace(b'"task"', b'"key": "another", "task"', 1), "key 'key' stands twice"),
    ("records", "", sealed(lambda c: c["samples"]["span"]["penalty_factors"].__setitem__(2, 1.5)), "have 1 among them"),
    ("records", "", sealed(lambda c: c["samples"]["span"]["quantities"].pop()), "values of span are"),
    ("records", "", sealed(lambda c: c["replicates"].pop()), "of 1 replicates"),
    ("records", "", sealed(lambda c: c["networks"].pop("1")), "networks are those of its widths"),
    ("records", "", sealed(lambda c: c["networks"]["1"].update(train_accuracy=[])), "have an accuracy each|replicates"),
    ("records", "", sealed(lambda c: c["samples"]["span"].update(values=[[[1.0], [1.0, 2.0]]])), "rows of rows"),
    ("the toy's record", "", sealed(lambda c: c["spec"].update(alphas=[["1"]])), "alphas"),
    ("the toy's record", "", sealed(lambda c: c["spec"].pop("threshold")), "lacks threshold"),
    ("the toy's record", "", sealed(lambda c: next(iter(c["quantities"].values())).pop()), "a number a seed each"),
    ("error rates", "", sealed(lambda c: c["rows"][0]["counts"].clear()), "has no count"),
    (
        "error rates",
        "",
        sealed(lambda c: c["rows"][0]["bounds"][0].update({"at most": 1, "at least": 1})),
        "no one limit",
    ),
    ("the tokenizer", "", lambda data: data.replace(b'"unk_token": "[UNK]"', '"unk_token": "α"'.encode()), "Unk token"),
    ("the tokenizer", "", lambda data: data.replace(b"[PAD]", b"[CLS]"), "is no tokenizer"),
    ("source.json", "", lambda data: data.replace(b'"source"', b'"source": "hub", "source"'), "is damaged"),
    ("meta.json", "", lambda data: data.replace(b'"wide"', b'"wide": 0.1, "wide"'), "key 'wide' stands twice"),
    ("meta.json", "", lambda _: b'{"train_accuracy": {"\x1b[31m": 0.5}}', "Invalid control character"),
]


@pytest.mark.parametrize(("name", "suffix", "made", "said"), FOUND)
def test_what_was_found_is_refused_in_a_sentence_and_in_little_memory(tmp_path, name, suffix, made, said):
    goods = {path.suffix: path for path in _goods(name, tmp_path)}
    path = goods[suffix] if suffix else next(iter(goods.values()))
    path.write_bytes(made(path.read_bytes()))
    with open("/proc/self/clear_refs", "w") as most:
        most.write("5")
    before = _of_process("VmHWM")
    with pytest.raises(OverparamError, match=said) as refused:
        READERS[name].use(path)
    assert _of_process("VmHWM") - before < 200 * 2**20
    assert str(refused.value).isprintable()


def _goods(name, folder):
    for k, make in enumerate(READERS[name].goods):
        (folder / str(k)).mkdir()
        yield make(folder / str(k))


def test_a_checkpoint_that_claims_to_be_huge_is_not_built(tmp_path):
    from overparam.io.sealed import read_sealed, write_sealed

    path = good("checkpoints", tmp_path)
    arrays, said = read_sealed(path, remedy="")
    for claim in ({"base_width": 2**20}, {"classes": 2**40}, {"seeds": [1] * 10**6}, {"alpha": "1/0"}, {"seeds": []}):
        write_sealed(path, arrays, {**said, **claim})
        with pytest.raises(OverparamError, match="is no checkpoint of this version"):
            READERS["checkpoints"].use(path)


def test_the_same_seed_makes_the_same_fault():
    data = json.dumps({"a": [1, 2, {"b": None}], "c": "text"}).encode()
    of = dict.fromkeys((*mutations.OF_TEXT, mutations.in_json), 1)
    once, again = ([mutations.mutate(f"{seed}", of, data) for seed in range(200)] for _ in range(2))
    assert once == again
    assert len({changed for _, changed in once}) > 120
    assert sys.version_info  # seeds are text, which Python draws from alike in every version since 3.2


def test_what_features_take_to_be_read_is_at_most_their_size_twice(tmp_path):
    from overparam.io.arrays import read_array

    rng = np.random.default_rng(0)
    features = rng.normal(size=(20_000, 500))  # 80 MB
    np.save(tmp_path / "a.npy", features)
    np.savez(tmp_path / "a.npz", features)
    pq.write_table(pa.table({f"f{k}": column for k, column in enumerate(features.T)}), tmp_path / "a.parquet")
    for suffix in (".npy", ".npz", ".parquet"):
        with open("/proc/self/clear_refs", "w") as most:
            most.write("5")
        before = _of_process("VmHWM")
        assert read_array(tmp_path / f"a{suffix}").shape == features.shape
        assert _of_process("VmHWM") - before < 2 * features.nbytes + 200 * 2**20
