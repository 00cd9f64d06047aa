"""The toy's record: made, found again, or read."""

import platform
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, cast

from overparam.config.entries import stated
from overparam.errors import ArtifactError
from overparam.io.files import alone, digest_file, digest_json, digest_source
from overparam.pipeline.dependencies import TOY
from overparam.pipeline.dvc_pins import pinned_outs
from overparam.pipeline.evidence import NoEvidence, check_made
from overparam.study.belonging import check_belongs
from overparam.toy.record import SCALE, TASK, Ran, ToyRecord, read_toy_record, write_toy_record
from overparam.toy.spec import NO_PRODUCT, ToySpec

if TYPE_CHECKING:
    from rich.progress import Progress


# Enough to decide each claim with 90 % power at every threshold, by the spread in the record (docs/default-study.md).
SEEDS_FOR_CLAIMS = 8


def record_path(results: Path) -> Path:
    """Where the toy's record lies in a folder of results."""
    return results / SCALE / f"{TASK}.json"


def run_toy(spec: ToySpec, path: Path, progress: "Progress", *, claims_only: bool = False) -> ToyRecord:
    """Train and measure the toy setting and write its record, unless that very record is there.

    Args:
        spec: what to run.
        path: of the record.
        progress: shows how far training is.
        claims_only: leaves out what no claim needs: further seeds, spans, other controls, trajectories, the phase
            diagram.
    """
    if claims_only:
        spec = replace(spec, seeds=min(spec.seeds, SEEDS_FOR_CLAIMS))
    environment = {"python": platform.python_version(), "numpy": version("numpy"), "torch": version("torch")}
    plain = stated(spec)
    parts = {
        "spec": plain,
        "environment": environment,
        "code": digest_source(*TOY.modules()),
        "claims only": claims_only,
    }
    key = digest_json(parts)
    try:
        found = read_toy_record(path)
        if found.key == key:
            return found
    except ArtifactError:
        pass  # a damaged record is measured again
    # Torch is loaded only by those who train.
    from overparam.toy import measurement

    controls = [NO_PRODUCT] if claims_only else list(spec.controls.changes)
    bar = progress.add_task("toy networks", total=measurement.total_steps(spec, controls, phase=not claims_only))

    def advance(steps: int) -> None:
        progress.advance(bar, steps)

    quantities, networks = measurement.measure_claims(spec, advance=advance)
    changed = measurement.measure_controls(spec, controls, advance=advance)
    more = {}
    if not claims_only:
        quantities |= measurement.measure_spans(spec, networks)
        more = {
            "trajectories": measurement.trajectories(spec, networks),
            "phase": measurement.phase_diagram(spec, advance=advance),
        }
    record = ToyRecord(key, cast(Ran, plain), environment, quantities, changed, more)
    write_toy_record(path, record)
    return record


def gather_toy(
    spec: ToySpec, level: str | None, root: Path, progress: Callable[[], "AbstractContextManager[Progress]"]
) -> tuple[str, ToyRecord]:
    """The evidence for the toy's claims: its level and a record to judge; networks trained now unless a level is named.

    Raises:
        NoEvidence: if there is none at this level.
        ArtifactError: if a record is damaged, stale or of another toy setting.
    """
    if level == "checkpoint":
        raise NoEvidence("the toy keeps no checkpoints: judge it with `--claims-evidence=retrain` or `…=record`")
    if level == "record":
        return level, _recorded(spec, record_path(root / "results"), root)
    path = record_path(root / ".overparam" / "retrain" / "results")
    with progress() as display, alone(path):
        return "retrain", run_toy(spec, path, display, claims_only=True)


def _recorded(spec: ToySpec, path: Path, root: Path) -> ToyRecord:
    check_made(path, root, "the toy has no record: make it with `overparam toy`")
    record = read_toy_record(path)
    plain = stated(spec)
    asked = {name: plain[name] for name in plain if digest_json(plain[name]) != digest_json(record.spec.get(name))}
    check_belongs(path, record.spec, asked, "restore it with git, or make it with `overparam toy`")
    if pinned_outs(root).get(path.relative_to(root).as_posix()) != digest_file(path, "md5"):
        raise ArtifactError(f"dvc.lock does not pin {path}, the toy's record: restore it, or make it with `dvc repro`")
    return record
