"""The options of a run of the claims; light, since every run of pytest has them where overparam is installed."""

import argparse
from pathlib import Path
from typing import Any

import pytest

GATES = ("holds", "decided", "baseline", "none")


def _level(text: str) -> str:
    from overparam.pipeline.evidence import LEVELS

    if text not in LEVELS:
        raise argparse.ArgumentTypeError(f"invalid choice: {text!r} (choose from {', '.join(LEVELS)})")
    return text


OPTIONS: dict[str, dict[str, Any]] = {
    "scale": {"help": "judge the studies of this scale (default: the default scale of each task)"},
    "evidence": {
        "type": _level,
        "metavar": "LEVEL",
        "help": "what to judge on: retrain, checkpoint or record (default: the strongest at hand)",
    },
    "verdicts": {"type": Path, "metavar": "FILE.json", "help": "write every judgement to this file"},
    "gate": {
        "choices": GATES,
        "default": "holds",
        "help": "which tests pass: of claims that hold (holds) or are decided either way (decided), of verdicts that "
        "are the recorded ones (baseline), all (none)",
    },
    "margins": {"type": Path, "metavar": "FILE", "help": "judge by the margins of this file (default: the package's)"},
    "plugin": {
        "type": Path,
        "action": "append",
        "default": [],
        "metavar": "FILE",
        "help": "plug in what a file of Python defines; once for each",
    },
    "root": {"type": Path, "metavar": "FOLDER", "help": "judge the records of this repository (default: its own)"},
}
OLD_NAMES = ("scale", "evidence", "verdicts")


def add_options(parser: pytest.Parser) -> None:
    """Declare `OPTIONS`, as ``--claims-scale`` and so on."""
    group = parser.getgroup("claims", "the claims of overparam")
    for name, how in OPTIONS.items():
        group.addoption(f"--claims-{name}", **how)


def add_old_names(parser: pytest.Parser) -> None:
    """Declare the names that some options had before they carried a prefix."""
    group = parser.getgroup("claims")
    for name in OLD_NAMES:
        how = {**OPTIONS[name], "dest": f"claims_{name}", "default": argparse.SUPPRESS, "help": f"--claims-{name}"}
        group.addoption(f"--{name}", **how)


def option(config: pytest.Config, name: str) -> Any:
    """What was given for one of `OPTIONS`."""
    return config.getoption(f"claims_{name}")
