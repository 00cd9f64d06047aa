"""The command that prints what written files may say, for editors and other programs."""

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from overparam.cli.app import app

if TYPE_CHECKING:
    from pydantic import TypeAdapter


class File(StrEnum):
    """The files that have a schema."""

    params = "params"
    record = "record"
    toy = "toy"
    verdicts = "verdicts"
    error_rates = "error-rates"


@app.command()
def schema(of: Annotated[File, typer.Argument(help="a kind of file")] = File.params) -> None:
    """Print the JSON schema of a file that is read or written here: params.yaml, records, verdicts, error rates.

    Example: `overparam schema params > params.schema.json`
    """
    printed = _adapter(of).json_schema()
    typer.echo(json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **printed}, indent=2))


def _adapter(file: File) -> "TypeAdapter[Any]":
    from pydantic import TypeAdapter

    from overparam.error_rates.trial_file import of_trials
    from overparam.study.record_file import of_records
    from overparam.toy.record import ToyFile
    from overparam.toy.spec import ParamsFile
    from overparam.verdicts.judge import Judgement

    adapters = {
        File.params: TypeAdapter(ParamsFile),
        File.record: of_records(),
        File.toy: TypeAdapter(ToyFile),
        File.verdicts: TypeAdapter(list[Judgement]),
        File.error_rates: of_trials(),
    }
    return adapters[file]
