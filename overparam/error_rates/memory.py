"""What a trial has found so far: one that was interrupted goes on from there."""

import json
from pathlib import Path
from typing import Any

from overparam.errors import StorageError
from overparam.io.files import digest_json, digest_source
from overparam.io.reading import RECORDED, read_bytes
from overparam.pipeline.provenance import libraries
from overparam.verdicts.margins import Preregistration

# What decides how worlds come out.
CODE = ("constants", "error_rates", "metrics", "study", "study/budgets", "study/controls", "verdicts")


class Memory:
    """Lines of JSON, one a part of a trial that is done; those of other code, margins or libraries are not found.

    Attributes:
        path: of the file.
        found: by name of a part, what it gave before, as plain JSON values.
    """

    def __init__(self, path: Path, margins: Preregistration) -> None:
        self.path = path
        self._key = digest_json({"code": digest_source(*CODE), "margins": margins.sha256, "libraries": libraries()})
        self.found: dict[str, Any] = {}
        try:
            lines = read_bytes(path, RECORDED).decode("utf-8", "replace").splitlines()
        except (FileNotFoundError, ValueError):
            lines = []  # what cannot be read is found again
        for line in lines:
            try:
                key, name, found = json.loads(line)
            except (ValueError, TypeError, RecursionError):
                continue  # the end of a line that an interrupted run did not write
            if key == self._key and isinstance(name, str):
                self.found[name] = found

    def keep(self, name: str, found: Any) -> None:
        """Write down what a part has found, for those who come later.

        Raises:
            StorageError: if it cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                # The end of its line comes with the next one, which so never joins what an interrupted run left of one.
                file.write("\n" + json.dumps([self._key, name, found], ensure_ascii=False))
        except OSError as error:
            raise StorageError(
                f"could not write {self.path} ({error.strerror or error}), which keeps what a trial has found: "
                "free some space or make the folder writable, then run the same command again"
            ) from error

    def forget(self) -> None:
        """Once the whole trial is written, its parts are not needed."""
        self.path.unlink(missing_ok=True)
