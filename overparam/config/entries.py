"""What an entry of ``params.yaml`` may be: types without coercion, finite, bounded, and no others beside them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Annotated, Any, TypeVar, dataclass_transform

from pydantic import ConfigDict, Field, GetCoreSchemaHandler, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as validated
from pydantic_core import CoreSchema, core_schema

from overparam.config.refusals import Place, refusal
from overparam.errors import SpecError

STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
Section = TypeVar("Section")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(Field,))
def section(of: type[Section]) -> type[Section]:
    """Make a class a frozen pydantic dataclass that is strict and has no other entries.

    What does not fit raises SpecError also when it is made in code, as by `dataclasses.replace`.
    """
    made: Any = validated(of, frozen=True, kw_only=True, config=STRICT)
    validate = made.__init__

    @wraps(validate)
    def checked(self: object, **entries: object) -> None:
        try:
            validate(self, **entries)
        except ValidationError as error:
            raise SpecError(refusal(error, lambda keys: (of.__name__, keys))) from None

    made.__init__ = checked
    return made


def read_section(kind: type[Section], text: str, place: Place) -> Section:
    """A section of this kind, from JSON.

    Raises:
        SpecError: for an entry that is lacking, unknown, of the wrong kind or out of range, with its place.
    """
    try:
        return TypeAdapter(kind).validate_json(text)
    except ValidationError as error:
        raise SpecError(refusal(error, place)) from None


def stated(of: Any) -> dict[str, Any]:
    """What a section says, as plain JSON values: that which keys digest.

    Entries at their default are left out, so that a new optional one changes no key but of those that use it.
    """
    return TypeAdapter(type(of)).dump_python(of, mode="json", exclude_defaults=True)


def require(conditions: Mapping[str, bool]) -> None:
    """Raise ValueError, which pydantic makes an error of the section, with the first sentence that does not hold."""
    for sentence, holds in conditions.items():
        if not holds:
            raise ValueError(sentence)


class AsWritten:
    """Keep a number as it was written: keys digest it, and in JSON 10 is not 10.0."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate as the annotations before this one say, but give back what came in."""

        def keep(value: Any, check: core_schema.ValidatorFunctionWrapHandler) -> Any:
            check(value)
            return value

        as_it_is = core_schema.simple_ser_schema("any")
        return core_schema.no_info_wrap_validator_function(keep, handler(source), serialization=as_it_is)


@dataclass(frozen=True)
class Must:
    """Say in these words what an entry must be, where pydantic's own would name a part of it."""

    words: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Replace every error of the annotations before this one."""
        context = {"must": self.words}
        return core_schema.custom_error_schema(
            handler(source), "must", custom_error_message="{must}", custom_error_context=context
        )


Number = Annotated[float, AsWritten]
Positive = Annotated[float, Field(gt=0), AsWritten]
NotNegative = Annotated[float, Field(ge=0), AsWritten]
Share = Annotated[float, Field(ge=0, lt=1), AsWritten, Must("lie in [0, 1)")]
Count = Annotated[int, Field(ge=1)]
