"""The gate `baseline`: every recorded verdict is taken again, at the same margins, and comes out the same."""

import json
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pydantic import TypeAdapter

from overparam.errors import ArtifactError
from overparam.io.reading import one_line, read_json
from overparam.verdicts.judge import Judgement

TREND = "trend"
REMEDY = "restore it with git, or record the verdicts anew"


class Cell(NamedTuple):
    """What a line of the scoreboard is about, whatever it says."""

    claim: str
    task: str
    arch: str
    alpha: str
    scale: str

    @property
    def name(self) -> str:
        """What its test is called."""
        return "-".join((self.claim, self.task, self.arch, self.scale, self.alpha.replace("/", "_")))


@dataclass(frozen=True)
class Baseline:
    """Verdicts as they were last reviewed, by cell."""

    rows: Mapping[Cell, Judgement]

    @classmethod
    def read(cls, path: Path) -> "Baseline":
        """Verdicts as ``--verdicts`` writes them; none if there is no such file.

        Raises:
            ArtifactError: if the file is damaged, or holds a cell twice.
        """
        try:
            content = read_json(path)
            lines = TypeAdapter(list[Judgement]).validate_json(json.dumps(content))  # JSON has no tuples
        except FileNotFoundError:
            return cls({})
        except ValueError as error:
            raise ArtifactError(f"{path} holds no verdicts ({one_line(error)}): {REMEDY}") from None
        rows = {Cell(*line.cell): line for line in lines}
        if len(rows) < len(lines):
            raise ArtifactError(f"{path} holds a cell twice: {REMEDY}")
        return cls(rows)

    def complaint(self, judgement: Judgement) -> str | None:
        """Why a verdict does not pass; None if it is the recorded one."""
        now = f"now it is: {judgement.verdict} ({judgement.why})"
        recorded = self.rows.get(Cell(*judgement.cell))
        if recorded is None:
            return f"the recorded verdict is: not recorded; {now}"
        if recorded.preregistration != judgement.preregistration:
            return (
                f"the recorded verdict was taken at the margins of SHA-256 {recorded.preregistration[:12]}…, this one "
                f"at those of {judgement.preregistration[:12]}…: restore the margins, or record the verdicts anew"
            )
        if recorded.verdict != judgement.verdict:
            return f"the recorded verdict is: {recorded.verdict}; {now}"
        return None

    def untested(self, collected: Set[Cell], selected: Set[Cell], scale: str | None) -> list[Cell]:
        """The recorded cells that no test takes again.

        Args:
            collected: the cells of all tests.
            selected: of those, the cells of the tests that were not deselected; a task of which none is left is not
                asked for.
            scale: which alone is asked for; None for each task's default.
        """
        deselected = {cell.task for cell in collected} - {cell.task for cell in selected}
        asked = [cell for cell in self.rows if cell.task not in deselected and scale in (None, cell.scale)]
        return [cell for cell in asked if cell not in collected]
