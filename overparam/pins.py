"""What DVC pins: a record answers only for the checkpoints and data of the commit that it stands in."""

from pathlib import Path
from typing import Any

import yaml

from overparam.errors import ArtifactError
from overparam.files import digest_file
from overparam.results import Record

# LibYAML, where PyYAML was built with it, is the faster reader of long lock files.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def stale_reason(record: Record, path: Path, root: Path) -> str | None:
    """Why a record does not answer for what is pinned; None if it does.

    Args:
        record: as read from ``path``.
        path: of the record.
        root: of the repository, with the ``dvc.lock`` files that pin records and checkpoints, and ``data.dvc``, whose
            outs name the SHA-256 of each data file in their ``meta``.
    """
    pinned = pinned_outs(root)
    for entry in record.networks.values():
        for checkpoint in entry["checkpoints"]:
            place, md5 = checkpoint["path"], checkpoint["md5"]
            if pinned.get(place) != md5:
                state = "another version of" if place in pinned else "no"
                return f"the record was measured on {place} with md5 {md5}, and dvc.lock pins {state} that checkpoint"
    data_pins = root / "data.dvc"
    outs = _read(data_pins).get("outs", []) if data_pins.exists() else []
    known = {(out.get("meta") or {}).get("sha256") for out in outs}
    for name, sha256 in record.data["sha256"].items():
        if sha256 not in known:
            return f"the record was measured on a {name} split that {data_pins.name} does not pin"
    place = path.relative_to(root).as_posix()
    if pinned.get(place) != digest_file(path, "md5"):
        return f"dvc.lock pins {'another version of' if place in pinned else 'no'} {place}"
    return None


def pinned_outs(root: Path) -> dict[str, str]:
    """The md5 of every out that the ``dvc.lock`` files of a repository pin, by its path."""
    pinned: dict[str, str] = {}
    for lock in (*root.glob("dvc.lock"), *root.glob("*/dvc.lock")):
        for stage in _read(lock).get("stages", {}).values():
            pinned |= {out["path"]: out["md5"] for out in stage.get("outs", []) if "md5" in out}
    return pinned


def _read(path: Path) -> dict[str, Any]:
    """A file of DVC's, or ArtifactError if it is damaged."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), LOADER) or {}
    except (yaml.YAMLError, UnicodeDecodeError):
        content = None
    if not isinstance(content, dict):
        raise ArtifactError(f"{path} is damaged: restore it with git")
    return content
