"""A repository with one record to report, and one scale of which nothing is measured."""

import csv
from pathlib import Path

import yaml
from networks import digits_params
from records import EIGHTH, HALF, QUARTER, SIXTEENTH, synthetic_record

from overparam.config.studies import load_config
from overparam.io.files import digest_file
from overparam.report.page import write_page
from overparam.report.settings import gather_settings
from overparam.study.record import write_record
from overparam.toy.spec import read_toy
from overparam.verdicts.margins import load_preregistration

ROOT = Path(__file__).parent.parent
RECORD = Path("results/smoke/digits-resnet18.json")
# At half the width the gap is too large, and the wide network gains from residuals; performance fails at 1/8.
MIXED = {
    "over": {HALF: 0.1, QUARTER: 0.2, EIGHTH: 0.3, SIXTEENTH: 0.4},
    "performance": {HALF: 0.02, QUARTER: 0.04, EIGHTH: 0.005, SIXTEENTH: 0.08},
    "redundant": 0.05,
}


def make_repository(root: Path) -> Path:
    """One architecture on digits, measured at scale smoke and not at scale paper."""
    params = digits_params()
    params["scales"] = {name: {"digits": params["scales"]["smoke"]["digits"]} for name in ("smoke", "paper")}
    for tasks in params["scales"].values():
        tasks["digits"]["architectures"] = ["resnet18"]
    params["tasks"] = {"digits": {"default_scale": "smoke"}}
    (root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
    put_record(root, MIXED)
    return root


def put_record(root, effects, **changes):
    record = synthetic_record(effects, **changes)
    write_record(root / RECORD, record)
    outs = [checkpoint for entry in record.networks.values() for checkpoint in entry["checkpoints"]]
    outs.append({"path": RECORD.as_posix(), "md5": digest_file(root / RECORD, "md5")})
    (root / "dvc.lock").write_text(yaml.safe_dump({"stages": {"measure": {"outs": outs}}}), encoding="utf-8")


def settings_of(root):
    params = root / "params.yaml"
    return gather_settings(load_config(params), read_toy(params), load_preregistration(), root)


def page_of(root):
    return write_page(settings_of(root), load_preregistration(), root / "report").read_text("utf-8")


def rows(drawing, **wanted):
    """The rows of a drawing's CSV with these columns, as they are written."""
    texts = {name: str(value) for name, value in wanted.items()}
    with drawing.file("csv").open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if texts.items() <= row.items()]
