"""What pydantic finds wrong, said in one sentence: where, by keys, and what must stand there."""

from collections.abc import Callable
from reprlib import Repr

from pydantic import ValidationError

Keys = tuple[str | int, ...]  # from the top of a file down to an entry
Place = Callable[[Keys], tuple[str, Keys]]  # the section that an entry stands in, in words, and the keys below it

_INPUTS = Repr()
_INPUTS.maxlevel, _INPUTS.maxlist, _INPUTS.maxdict = 2, 3, 3  # of rows of numbers, the first

# By pydantic's type of an error, what an entry must be; "must" is that of `overparam.config.entries.Must`.
MUST = {
    "bool_type": "be true or false",
    "dataclass_type": "be a section",
    "dict_type": "be a section",
    "finite_number": "be a finite number",
    "float_type": "be a finite number",
    "greater_than": "be positive",  # the one such bound is 0
    "greater_than_equal": "be at least {ge:g}",
    "int_from_float": "be a whole number",
    "int_type": "be a whole number",
    "list_type": "be a list",
    "literal_error": "be {expected}",
    "must": "{must}",
    "string_type": "be a word",
    "too_short": "have an entry",
    "tuple_type": "be a list",
}
# Of which one sentence names all.
NAMES = {"missing": "lacks", "unexpected_keyword_argument": "has unknown", "extra_forbidden": "has unknown"}


def refusal(error: ValidationError, place: Place) -> str:
    """The first error in the order of the file; with it whatever else its section lacks or has unknown."""
    errors = error.errors(include_url=False)
    first = errors[0]
    if first["type"] in NAMES:
        section = first["loc"][:-1]
        said = []
        for kind, verb in NAMES.items():
            named = [_named(e["loc"][-1]) for e in errors if e["type"] == kind and e["loc"][:-1] == section]
            said += [f"{verb} {', '.join(sorted(named))}"] if named else []
        return f"{_at(section, place)} {' and '.join(said)}"
    context = first.get("ctx", {})
    if first["type"] in MUST:
        must = MUST[first["type"]].format(**context)
        return f"{_at(first['loc'], place)} must {must}, not {_INPUTS.repr(first['input'])}"
    if first["type"] == "value_error":  # raised in the package, a sentence that names what it is about
        return f"{place(first['loc'])[0]}: {context['error']}"
    return f"{_at(first['loc'], place)} is refused: {first['msg']}"


def _at(keys: Keys, place: Place) -> str:
    where, inner = place(keys)
    return f"{where}: {'.'.join(map(_named, inner))}" if inner else where


def _named(key: object) -> str:
    """A key as it was written, or the beginning of one that no sentence has room for."""
    return key if isinstance(key, str) and key.isprintable() and len(key) < 80 else _INPUTS.repr(key)
