"""Files of data: pictures, sentences, the note beside them, and the tokenizer of the sentences."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image


def pictures(rows: int) -> pa.Table:
    def encoded(value: int) -> dict:
        buffer = io.BytesIO()
        Image.new("RGB", (32, 32), (value, 7, 9)).save(buffer, "PNG")
        return {"bytes": buffer.getvalue(), "path": None}

    return pa.table({"img": [encoded(row) for row in range(rows)], "label": [row % 10 for row in range(rows)]})


def sentences(rows: int) -> pa.Table:
    columns = {name: [f"{name} number {row}" for row in range(rows)] for name in ("premise", "hypothesis")}
    return pa.table({**columns, "label": [row % 3 for row in range(rows)]})


def mirror(table: Callable[[int], pa.Table]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        pq.write_table(table(12), folder / "train.parquet")
        return folder / "train.parquet"

    return write


def use_pictures(path: Path) -> object:
    from overparam.data.images import CIFAR, _decode

    return _decode(CIFAR.read(path), None, first_id=0, where=path)


def use_sentences(path: Path) -> object:
    from overparam.data.sentences import MNLI

    return MNLI.read(path).to_pydict()


def write_note(folder: Path) -> Path:
    from overparam.io.files import digest_file

    place = folder / "mnli"
    place.mkdir()
    for split in ("train", "validation_matched"):
        pq.write_table(sentences(3), place / f"{split}.parquet")
    sha256 = {path.stem: digest_file(path) for path in sorted(place.iterdir())}
    (place / "source.json").write_text(json.dumps({"source": "local mirror", "sha256": sha256}, indent=1))
    return place / "source.json"


def use_note(path: Path) -> object:
    from overparam.data.sentences import MNLI

    opened = MNLI.open(path.parents[1])
    return opened.note.source, opened.note.sha256


def write_tokenizer(folder: Path) -> Path:
    from overparam.data.sentences import tokenizer_of

    tokenizer_of(sentences(12), "0" * 64, folder / "mnli.json")
    return folder / "mnli.json"


def use_tokenizer(path: Path) -> object:
    from overparam.data.sentences import encode_pairs, tokenizer_of

    tokenizer = tokenizer_of(sentences(12), "0" * 64, path)
    return tokenizer.to_str(), encode_pairs(tokenizer, ["premise number 1"], ["a hypothesis"], length=16)
