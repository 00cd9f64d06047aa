"""Every file that is read, as a good one of its kind, what goes wrong with it, and how it is put to use."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import mutations
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from crafted import arrays_changed, sealed_arrays_changed, tables_changed
from data_files import (
    mirror,
    pictures,
    sentences,
    use_note,
    use_pictures,
    use_sentences,
    use_tokenizer,
    write_note,
    write_tokenizer,
)
from mutations import OF_BYTES, OF_TEXT, Mutation
from repository_files import data_pins, lock, params, use_data_pins, use_lock, use_params

sys.path.insert(0, str(Path(__file__).parents[1]))  # what other tests make worlds with

ROOT = Path(__file__).parents[2]
TEXT, BYTES = dict.fromkeys(OF_TEXT, 1), dict.fromkeys(OF_BYTES, 1)


@dataclass(frozen=True)
class Reader:
    """A kind of file.

    Attributes:
        goods: make a good one each, in a folder with all that belongs beside it; they return its place.
        use: reads it as the package does, and takes the value as far as it is checked.
        mutations: by weight.
        sealed: whether another content shows, unless it is sealed again.
        forged: the mutations that seal again.
    """

    goods: Sequence[Callable[[Path], Path]]
    use: Callable[[Path], object]
    mutations: Mapping[Mutation, int]
    sealed: bool = False
    forged: frozenset[Mutation] = field(default=frozenset())


def _array(suffix: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        features, path = np.arange(24, dtype=np.float32).reshape(6, 4), folder / f"wide{suffix}"
        match suffix:
            case ".npy":
                np.save(path, features)
            case ".npz":
                np.savez_compressed(path, features=features)
            case ".safetensors":
                from safetensors.numpy import save_file

                save_file({"features": features}, path)
            case _:
                pq.write_table(pa.table({f"f{k}": column for k, column in enumerate(features.T)}), path)
        return path

    return write


def _use_array(path: Path) -> object:
    from overparam.io.arrays import read_array
    from overparam.metrics.rows import check_features, plain_array

    array = plain_array(read_array(path))
    check_features(path.name, array, len(array) if array.ndim else 0)
    return array


def _features(folder: Path) -> Path:
    from features import world

    from overparam.study.feature_file import write_features

    path, file = folder / "digits-resnet18-1-r0.safetensors", world()[Fraction(1)]
    arrays = {name: getattr(file, name)[:40] for name in ("features", "ids", "labels", "heldout")}
    arrays["heldout"] = np.arange(40) % 2 == 1
    about = {
        "key": "k",
        "of": {"kind": "features"},
        "checkpoint": {"path": path.name, "md5": "0", "weights": ["0", "1"]},
    }
    write_features(path, {**arrays, "epochs": np.asarray(file.epochs)}, about)
    return path


def _use_features(path: Path) -> object:
    from overparam.study.feature_file import read_features

    return read_features(path)


def _checkpoint(folder: Path) -> Path:
    from dataclasses import asdict

    from networks import tiny_recipe

    from overparam.networks.checkpoints import Provenance, save_checkpoint
    from overparam.networks.registry import build

    path, seeds = folder / "digits-resnet18-1_4-r0.safetensors", [1, 2]
    network = build("resnet18", Fraction(1, 4), 2, base_width=4, channels=1, classes=10)
    about = Provenance(
        identity="i", key="k", task="digits", arch="resnet18", alpha="1/4", replicate=0, base_width=4, channels=1,
        classes=10, seeds=seeds, epochs=[2, 2], recipe=asdict(tiny_recipe()), data={"source": "none"},
        environment={"device": "CPU"}, train_accuracy=[0.9, 0.8], heldout_accuracy=[0.8, 0.7],
        history={"loss": [[1.0, 1.1]], "accuracy": [[0.5, 0.4]]},
    )  # fmt: skip
    save_checkpoint(path, network, about, "float16")
    return path


def _use_checkpoint(path: Path) -> object:
    from overparam.networks.checkpoints import load_checkpoint

    network, provenance = load_checkpoint(path)
    return {name: value.numpy() for name, value in network.state_dict().items()}, provenance


def _record(folder: Path) -> Path:
    from records import ONE, QUARTER, synthetic_record

    from overparam.study.record import write_record

    path = folder / "digits-resnet18.json"
    members = {ONE: 2, QUARTER: 8}
    write_record(path, synthetic_record(alphas=(ONE, QUARTER), replicates=2, members=members, early_stages={}))
    return path


def _committed(place: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / Path(place).name
        path.write_bytes((ROOT / place).read_bytes())
        return path

    return write


def _use_record(path: Path) -> object:
    from overparam.study.record import read_record
    from overparam.verdicts.margins import load_preregistration
    from overparam.verdicts.registry import judge_record

    record = read_record(path)
    record.to_frame()
    return record, judge_record(record, load_preregistration(), evidence="record")


def _toy_record(folder: Path) -> Path:
    from overparam.toy.record import read_toy_record, write_toy_record

    path, whole = folder / "toy.json", read_toy_record(ROOT / "results/smoke/toy.json")
    write_toy_record(path, replace(whole, more={}))
    return path


def _use_toy_record(path: Path) -> object:
    from overparam.toy.record import read_toy_record
    from overparam.verdicts.margins import load_preregistration
    from overparam.verdicts.registry import judge_record

    record = read_toy_record(path)
    return record, judge_record(record, load_preregistration(), evidence="record")


def _baseline(folder: Path) -> Path:
    path, lines = folder / "baseline.json", json.loads((ROOT / "claims/baseline.json").read_text(encoding="utf-8"))
    path.write_text(json.dumps(lines[:4], indent=1), encoding="utf-8")
    return path


def _use_baseline(path: Path) -> object:
    from overparam.verdicts.recorded import Baseline

    read = Baseline.read(path)
    return read, [read.complaint(line) for line in read.rows.values()]


def _margins(folder: Path) -> Path:
    from overparam.verdicts.margins import PACKAGED

    path = folder / "margins.toml"
    path.write_bytes(PACKAGED.read_bytes())
    return path


def _use_margins(path: Path) -> object:
    from overparam.verdicts.margins import load_preregistration

    return replace(load_preregistration(path), sha256="0" * 64)  # which tells any two files apart


def _error_rates(folder: Path) -> Path:
    from overparam.io.files import read_sealed, write_sealed

    whole = read_sealed(ROOT / "results/error-rates.json", "trial of the judge")
    write_sealed(folder / "error-rates.json", {**whole, "rows": whole["rows"][:6]})
    return folder / "error-rates.json"


def _use_error_rates(path: Path) -> object:
    from overparam.report.tables.sections import fill_sections

    page = path.with_name("page.md")
    page.write_text("<!-- error-rates -->\n<!-- end of error-rates -->\n", encoding="utf-8")
    fill_sections(page, path.parent)
    return page.read_text(encoding="utf-8")


def _meta(folder: Path) -> Path:
    path = folder / "meta.json"
    path.write_text('{"train_accuracy": {"wide": 0.99, "baseline": 0.98, "narrow-0": 0.9}}', encoding="utf-8")
    return path


def _use_meta(path: Path) -> object:
    from overparam.compare.fit import read_fit

    return read_fit(path)


SEALED_JSON = {**TEXT, mutations.in_sealed_json: 10, mutations.key_twice_in_json: 1}
FORGED_JSON = frozenset({mutations.in_sealed_json})
JSON = {**TEXT, mutations.in_json: 10, mutations.key_twice_in_json: 1}
YAML = {**TEXT, mutations.in_yaml: 10, mutations.key_twice_in_lines: 1}
SEALED_ARRAYS = {**BYTES, sealed_arrays_changed: 9}

READERS: Mapping[str, Reader] = {
    "features of one's own": Reader(
        [_array(suffix) for suffix in (".npy", ".npz", ".safetensors", ".parquet")],
        _use_array,
        {**BYTES, arrays_changed: 4},
    ),
    "features": Reader([_features], _use_features, SEALED_ARRAYS, True, frozenset({sealed_arrays_changed})),
    "checkpoints": Reader([_checkpoint], _use_checkpoint, SEALED_ARRAYS, True, frozenset({sealed_arrays_changed})),
    "records": Reader([_record], _use_record, SEALED_JSON, True, FORGED_JSON),
    "the toy's record": Reader([_toy_record], _use_toy_record, SEALED_JSON, True, FORGED_JSON),
    "verdicts": Reader([_baseline], _use_baseline, JSON),
    "margins": Reader([_margins], _use_margins, {**TEXT, mutations.in_toml: 10, mutations.key_twice_in_lines: 1}),
    "params.yaml": Reader([params], use_params, YAML),
    "dvc.lock": Reader([lock], use_lock, YAML),
    "data.dvc": Reader([data_pins], use_data_pins, YAML),
    "source.json": Reader([write_note], use_note, JSON),
    "pictures": Reader([mirror(pictures)], use_pictures, {**BYTES, tables_changed: 4}),
    "sentences": Reader([mirror(sentences)], use_sentences, {**BYTES, tables_changed: 4}),
    "the tokenizer": Reader([write_tokenizer], use_tokenizer, JSON),
    "error rates": Reader([_error_rates], _use_error_rates, SEALED_JSON, True, FORGED_JSON),
    "meta.json": Reader([_meta], _use_meta, JSON),
}
