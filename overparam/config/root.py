"""Where the repository lies: where this package does, whatever folder a command is called in."""

from pathlib import Path

from overparam.errors import SpecError

PACKAGE = Path(__file__).parents[1]
INSTALLED = PACKAGE / "repository"  # a wheel's: parameters, records and pins, as they were when it was built
PARAMS = "params.yaml"
REMEDY = "name a clone of the repository with --root FOLDER (of pytest, --claims-root FOLDER)"


def find_root(named: Path | None = None) -> Path:
    """The repository to read.

    Args:
        named: the folder that was asked for; None for the repository that this package lies in, or what a wheel has of
            it.

    Raises:
        SpecError: if that folder is no repository, or there is none.
    """
    if named is not None:
        if not (named / PARAMS).is_file():
            raise SpecError(f"{named} is no repository of overparam, as it has no {PARAMS}: {REMEDY}")
        return named.absolute()
    for root in (INSTALLED, PACKAGE.parent):
        if (root / PARAMS).is_file():
            return root
    raise SpecError(f"overparam is installed in {PACKAGE} without its repository: {REMEDY}")


def own_root(named: Path | None = None) -> Path:
    """The repository to train, measure and write in; raises as `find_root`, and for what a wheel brought along."""
    root = find_root(named)
    if root == INSTALLED:
        raise SpecError(f"overparam is installed with its records alone, and no repository to make others in: {REMEDY}")
    return root
