"""Files gone wrong, by a seed: what disks, transfers, editors and people of ill will make of a good one.

A mutation takes a source of chance and the bytes of a good file, and gives other bytes. The same seed gives the same.
"""

import json
import tomllib
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import yaml

from overparam.io.files import digest_json

Mutation = Callable[[Random, bytes], bytes]
Tree = Any  # what JSON, YAML and TOML can say

DEEP = 5_000
HUGE = "9" * 5_000
# In the place of any value.
ODD: tuple[Tree, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**40, 10**400, 0.5, -0.0, 1e308, 5e-324, float("nan"), float("inf"),
    "", "0", "NaN", "1e-99999999", "1/0", "-1/4", "α", "\ud800", "\0", "[/red]", "../../etc", "x" * 5_000,
    [], [[]], [None], [0.5, "a"], [[1.0], [1.0, 2.0]], {}, {"a": {}}, {"": None},
)  # fmt: skip


def _place(random: Random, data: bytes) -> int:
    return random.randrange(len(data) + 1)


def flip_bits(random: Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 8))):
        changed[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return bytes(changed)


def set_byte(random: Random, data: bytes) -> bytes:
    changed = bytearray(data)
    changed[random.randrange(len(data))] = random.choice((0, 0x7F, 0x80, 0xFF, *b'"{}[]:,-.eE09 \n#&*<'))
    return bytes(changed)


def set_head(random: Random, data: bytes) -> bytes:
    """Where formats keep lengths and types."""
    changed = bytearray(data)
    changed[random.randrange(min(len(data), 256))] = random.randrange(256)
    return bytes(changed)


def set_tail(random: Random, data: bytes) -> bytes:
    """Where parquet and archives keep them."""
    changed = bytearray(data)
    changed[-random.randint(1, min(len(data), 256))] = random.randrange(256)
    return bytes(changed)


def truncate(random: Random, data: bytes) -> bytes:
    return data[: random.choice((random.randrange(len(data)), random.randrange(min(len(data), 16)), len(data) - 1))]


def drop(random: Random, data: bytes) -> bytes:
    first, last = sorted((_place(random, data), _place(random, data)))
    return data[:first] + data[min(last, first + 64) :]


def repeat(random: Random, data: bytes) -> bytes:
    first, last = sorted((_place(random, data), _place(random, data)))
    return data[:last] + data[max(first, last - 64) :]


def insert(random: Random, data: bytes) -> bytes:
    place = _place(random, data)
    return (
        data[:place] + random.choice((random.randbytes(8), bytes(4096), b"\xff" * 16, b"\n", data[:64])) + data[place:]
    )


def long_integer(random: Random, data: bytes) -> bytes:
    """The greatest numbers that four and eight bytes hold, either way round, where a length may stand."""
    place = _place(random, data)
    number = random.choice((2**31 - 1, 2**32 - 1, 2**40, 2**62, 2**63 - 1, 2**64 - 1))
    size = 4 if number < 2**32 else 8
    return data[:place] + number.to_bytes(size, random.choice(("little", "big"))) + data[place + size :]


def encode_anew(random: Random, data: bytes) -> bytes:
    text = data.decode("utf-8", "replace")
    return random.choice((b"\xef\xbb\xbf" + data, text.encode("utf-16"), text.encode("utf-32"), data + b"\xff"))


def change_number(random: Random, data: bytes) -> bytes:
    """Another number in the place of a digit."""
    digits = [place for place, byte in enumerate(data) if 48 <= byte < 58]
    if not digits:
        return flip_bits(random, data)
    place = random.choice(digits)
    other = random.choice(
        ("-", "1e400", "NaN", "Infinity", HUGE, "1e-99999999", ".5", "0x10", "1_0", '"a"', "null", "é")
    )
    return data[:place] + other.encode() + data[place + 1 :]


def move_lines(random: Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    first, second = random.randrange(len(lines)), random.randrange(len(lines))
    match random.randrange(4):
        case 0:
            lines[first], lines[second] = lines[second], lines[first]
        case 1:
            lines.insert(second, lines[first])
        case 2:
            del lines[first]
        case _:
            lines[first] = b"  " + lines[first]
    return b"".join(lines)


def nest(random: Random, data: bytes) -> bytes:
    """Deep in the place of one of the values, or of all."""
    opening, closing = random.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"{a: ", b"}"), (b"- ", b"")))
    deep = opening * DEEP + random.choice((b"", closing * DEEP))
    place = data.find(b":", _place(random, data)) + 1
    return random.choice((deep, data[:place] + deep + data[place:]))


OF_BYTES: tuple[Mutation, ...] = (flip_bits, set_byte, set_head, set_tail, truncate, drop, repeat, insert, long_integer)
OF_TEXT: tuple[Mutation, ...] = (
    flip_bits, set_byte, truncate, drop, repeat, insert, encode_anew, change_number, move_lines, nest,
)  # fmt: skip


def change_tree(random: Random, tree: Tree) -> Tree:
    """One entry somewhere in it odd, gone, of another name, in another's place, or deeper; the tree itself at times."""
    containers = [part for part in _parts(tree) if isinstance(part, dict | list) and part]
    if not containers:
        return random.choice(ODD)
    at = random.choice(containers)
    keys = list(at) if isinstance(at, dict) else list(range(len(at)))
    key, other = random.choice(keys), random.choice(keys)
    match random.randrange(8):
        case 0 if isinstance(at, dict):
            at[random.choice(("extra", "", "α", "__class__"))] = at.pop(key)
        case 1:
            del at[key]
        case 2:
            at[key], at[other] = at[other], at[key]
        case 3:
            at[key] = [at[key]] * random.choice((0, 1, 2))
        case 4 if isinstance(at, list):
            at.append(random.choice((at[key], *ODD)))
        case 4:
            at["extra"] = at[key]
        case 5 if isinstance(at, list):
            del at[random.randrange(len(at)) :]
        case _:
            at[key] = random.choice(ODD)
    return tree


def _parts(tree: Tree) -> list[Tree]:
    below = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return [tree, *(part for entry in below for part in _parts(entry))]


def in_json(random: Random, data: bytes) -> bytes:
    return json.dumps(change_tree(random, json.loads(data))).encode()


def in_sealed_json(random: Random, data: bytes) -> bytes:
    """Sealed again by one who knows how, as far as JSON can say it."""
    content = json.loads(data)
    content.pop("sha256")
    content = change_tree(random, content)
    if isinstance(content, dict):
        try:
            content["sha256"] = digest_json(content)
        except ValueError:
            content["sha256"] = "0" * 64
    return json.dumps(content).encode()


def in_yaml(random: Random, data: bytes) -> bytes:
    return yaml.safe_dump(change_tree(random, yaml.safe_load(data))).encode("utf-8", "replace")


def in_toml(random: Random, data: bytes) -> bytes:
    tree = change_tree(random, tomllib.loads(data.decode()))
    tables = tree if isinstance(tree, dict) else {"margins": tree}
    lines = []
    for name, entries in tables.items():
        if isinstance(entries, dict):
            lines += [f"[{name or '_'}]", *(f"{key or '_'} = {json.dumps(value)}" for key, value in entries.items())]
        else:
            lines = [f"{name or '_'} = {json.dumps(entries)}", *lines]
    return "\n".join(lines).encode("utf-8", "replace")


def key_twice_in_json(random: Random, data: bytes) -> bytes:
    """A key of any object once more, with an odd value: before the true one, which readers take, or after it."""
    text = data.decode()
    tree = json.loads(text)
    mapping = random.choice([part for part in _parts(tree) if isinstance(part, dict) and part])
    key = random.choice(list(mapping))
    true, odd = json.dumps({key: mapping[key]})[1:-1], json.dumps({key: "another"})[1:-1]
    mapping["\x00 here"] = 0
    both = random.choice((f"{odd}, {true}", f"{true}, {odd}"))
    mapping.pop(key)
    return json.dumps(tree).replace(r'"\u0000 here": 0', both).encode()


def key_twice_in_lines(random: Random, data: bytes) -> bytes:
    """A line ``key: value`` or ``key = value`` once more, with another value."""
    lines = data.decode().splitlines()
    named = [place for place, line in enumerate(lines) if (":" in line or " = " in line) and "#" not in line]
    place = random.choice(
        [p for p in named if not lines[p].lstrip().startswith(("-", "{")) and not lines[p].endswith(":")]
    )
    mark = " = " if " = " in lines[place] else ": "
    key, _, value = lines[place].partition(mark)
    lines.insert(random.choice((place, place + 1)), f"{key}{mark}{value}")
    return "\n".join(lines).encode()


# Those that no reader may take for a good file, whatever it says.
NEVER: tuple[Mutation, ...] = (key_twice_in_json, key_twice_in_lines)


def mutate(seed: str, mutations: Mapping[Mutation, int], data: bytes) -> tuple[Mutation, bytes]:
    """One mutation of those, by their weights, and what it makes of a file."""
    random = Random(seed)
    (mutation,) = random.choices([*mutations], [*mutations.values()])
    return mutation, mutation(random, data)
