"""Files of a repository: what it trains, and what it pins."""

from fractions import Fraction
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def params(folder: Path) -> Path:
    """The repository's with one task at one scale."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["tasks"] = {"mosaics": params["tasks"]["mosaics"]}
    params["scales"] = {"smoke": {"mosaics": params["scales"]["smoke"]["mosaics"]}}
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(params), encoding="utf-8")
    return path


def use_params(path: Path) -> object:
    from overparam.config.studies import load_config
    from overparam.toy.spec import read_toy

    return load_config(path), read_toy(path)


def lock(folder: Path) -> Path:
    outs = [{"path": f"results/smoke/{k}.json", "hash": "md5", "md5": f"{k:032x}", "size": k} for k in range(4)]
    stages = {f"train@{k}": {"cmd": "train", "outs": [out]} for k, out in enumerate(outs)}
    path = folder / "dvc.lock"
    path.write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}), encoding="utf-8")
    return path


def use_lock(path: Path) -> object:
    from overparam.pipeline import dvc_pins

    dvc_pins._parsed.cache_clear()
    return dvc_pins.pinned_outs(path.parent)


def data_pins(folder: Path) -> Path:
    from records import synthetic_record
    from test_pins import real, write_pins

    write_pins(folder, real(synthetic_record(alphas=(Fraction(1), Fraction(1, 4)), replicates=2)))
    return folder / "data.dvc"


def use_data_pins(path: Path) -> object:
    from test_pins import RECORD

    from overparam.pipeline import dvc_pins
    from overparam.study.record import read_record

    dvc_pins._parsed.cache_clear()
    return dvc_pins.stale_reason(read_record(path.parent / RECORD), path.parent / RECORD, path.parent)
