"""What DVC pins: a record answers only for the checkpoints and data of the commit that it stands in."""

from collections.abc import Mapping
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel

from overparam.config.yaml_file import check_size
from overparam.errors import ArtifactError
from overparam.io.files import digest_file
from overparam.io.reading import RECORDED, read_text
from overparam.study.record import Record

# LibYAML, where PyYAML was built with it, is the faster reader of long lock files; all that is asked of them is text.
LOADER: type[yaml.BaseLoader] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
ENTRIES = 1_000_000  # in a file; the longest here has twenty thousand
Content = TypeVar("Content", bound=BaseModel)
DATA = "data.dvc"


class _UniqueKeys(LOADER):
    """Refuses a mapping that names a key twice, of which YAML would silently take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        made = super().construct_mapping(node, deep)
        if len(made) < len(node.value):
            raise yaml.MarkedYAMLError(problem="a key stands twice", problem_mark=node.start_mark)
        return made


class _Meta(BaseModel):
    sha256: str | None = None
    content: str | None = None


class _Out(BaseModel):
    path: str
    md5: str | None = None
    meta: _Meta | None = None


class _Stage(BaseModel):
    outs: list[_Out] = []


class _Lock(BaseModel):
    stages: Mapping[str, _Stage] = {}


def stale_reason(record: Record, path: Path, root: Path) -> str | None:
    """Why a record does not answer for what is pinned; None if it does.

    Args:
        record: as read from ``path``.
        path: of the record.
        root: of the repository, with the ``dvc.lock`` files that pin records and checkpoints, and ``data.dvc``, whose
            outs name the SHA-256 of each data file in their ``meta``.
    """
    pinned = pinned_outs(root)
    trained_less = [one for entry in record.networks.values() for one in entry.get("less", {}).get("checkpoints", [])]
    for checkpoint in chain(*(entry["checkpoints"] for entry in record.networks.values()), *trained_less):
        place, md5 = checkpoint["path"], checkpoint["md5"]
        if pinned.get(place) != md5:
            state = "another version of" if place in pinned else "no"
            return f"the record was measured on {place} with md5 {md5}, and dvc.lock pins {state} that checkpoint"
    for name in not_pinned(record.data["sha256"], root):
        return f"the record was measured on a {name} split that {DATA} does not pin"
    place = path.relative_to(root).as_posix()
    if pinned.get(place) != digest_file(path, "md5"):
        return f"dvc.lock pins {'another version of' if place in pinned else 'no'} {place}"
    return None


def pinned_as(sha256: Mapping[str, str], content: Mapping[str, str], root: Path) -> dict[str, str]:
    """By split, the SHA-256 of the data file that ``data.dvc`` pins with the same examples; of its own if none is.

    Args:
        sha256: by split, of the file at hand.
        content: by split, of its examples, whatever file holds them, as far as known.
        root: of the repository.
    """
    pinned = {meta.content: meta.sha256 for meta in _data_pins(root) if meta.content and meta.sha256}
    return {split: pinned.get(content.get(split, ""), own) for split, own in sha256.items()}


def not_pinned(sha256: Mapping[str, str], root: Path) -> list[str]:
    """The splits whose files, by SHA-256, ``data.dvc`` does not pin."""
    known = {meta.sha256 for meta in _data_pins(root)}
    return [split for split, own in sha256.items() if own not in known]


def _data_pins(root: Path) -> list[_Meta]:
    path = root / DATA
    return [out.meta for out in _read(path, _Stage).outs if out.meta] if path.exists() else []


def pinned_outs(root: Path) -> dict[str, str]:
    """The md5 of every out that the ``dvc.lock`` files of a repository pin, by its path."""
    pinned: dict[str, str] = {}
    for lock in (*root.glob("dvc.lock"), *root.glob("*/dvc.lock")):
        for stage in _read(lock, _Lock).stages.values():
            pinned |= {out.path: out.md5 for out in stage.outs if out.md5}
    return pinned


def _read(path: Path, kind: type[Content]) -> Content:
    """A file of DVC's, or ArtifactError if it is damaged."""
    try:
        state = path.stat()
        return _parsed(path, kind, (state.st_mtime_ns, state.st_size, state.st_ino))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, OSError):
        raise ArtifactError(f"{path} is damaged: restore it with git") from None


@lru_cache(maxsize=16)
def _parsed(path: Path, kind: type[Content], state: tuple[int, ...]) -> Content:
    """Read once, as long as the file is in the same state: every record asks for the same locks."""
    content = yaml.load(read_text(path, RECORDED), _UniqueKeys) or {}
    check_size(content, ENTRIES)
    return kind.model_validate(content)
