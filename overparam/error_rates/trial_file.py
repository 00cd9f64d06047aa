"""What the JSON of the judge's error rates says: checked when it is read, printed by `overparam schema error-rates`."""

from functools import cache
from typing import Annotated, NotRequired

from pydantic import AfterValidator, ConfigDict, TypeAdapter, with_config
from typing_extensions import TypedDict

BoundFile = TypedDict("BoundFile", {"counted": str, "at most": NotRequired[int], "at least": NotRequired[int]})


class Row(TypedDict):
    """What came out of worlds of one kind, beside what must; counts of each of `bounds.COUNTED`."""

    world: str
    claim: str
    R: int
    worlds: int
    counts: dict[str, int]
    bounds: list[BoundFile]
    met: bool


@with_config(ConfigDict(strict=True, extra="forbid"))
class TrialFile(TypedDict):
    """The judge's trial: its seed, the digest of the margins, and whether every row is as it must be."""

    seed: int
    preregistration: str
    met: bool
    rows: list[Row]
    sha256: NotRequired[str]  # the seal, which is taken off before this is checked


@cache
def of_trials() -> TypeAdapter[TrialFile]:
    """What validates the content of such a file."""
    return TypeAdapter(Annotated[TrialFile, AfterValidator(_is_whole)])


def _is_whole(trial: TrialFile) -> TrialFile:
    """Raise ValueError unless every row has counts of what it bounds, and every bound a limit."""
    for row in trial["rows"]:
        for bound in row["bounds"]:
            if bound["counted"] not in row["counts"] or len(bound) != 2:
                raise ValueError(f"the row of {row['world']!r} has no count, or no one limit, of {bound['counted']!r}")
    return trial
