"""YAML as what JSON can say, in which no key stands twice."""

import json
from pathlib import Path
from typing import Any

import yaml

from overparam.errors import SpecError
from overparam.io.reading import WRITTEN_BY_HAND, one_line, read_text

ENTRIES = 100_000  # that a file may say, aliases counted as often as they stand; this repository's says some hundreds


class _UniqueKeys(yaml.SafeLoader):
    """Refuses a mapping that names a key twice, of which YAML would silently take the last; ``<<`` still merges."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        known = set()
        for key, _ in node.value:
            if key.value in known:
                raise yaml.MarkedYAMLError(problem=f"key {key.value!r} stands twice", problem_mark=key.start_mark)
            known.add(key.value)
        return node

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        super().flatten_mapping(node)
        if len(node.value) > ENTRIES:  # what is merged twice by each of many levels
            raise yaml.MarkedYAMLError(problem="too much is merged", problem_mark=node.start_mark)


def read_yaml(path: Path) -> str:
    """A YAML file as JSON, aliases and merges resolved.

    Raises:
        SpecError: if the file is missing or no such YAML, or aliases make much of little.
    """
    try:
        content = yaml.load(read_text(path, WRITTEN_BY_HAND), _UniqueKeys)
        check_size(content)
        return json.dumps(content, default=str)
    except FileNotFoundError:
        raise SpecError(f"there is no {path} here: run the command from the root of the repository") from None
    except RecursionError:
        raise SpecError(f"{path} is no valid YAML: it is nested too deeply") from None
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise SpecError(f"{path} is no valid YAML: {one_line(error)}") from None


def check_size(content: Any, most: int = ENTRIES) -> None:
    """Raise ValueError if a file says more than so many entries; what many aliases stand for is looked at once."""
    sizes: dict[int, int] = {}

    def size(of: Any) -> int:
        if not isinstance(of, dict | list):
            return 1
        if id(of) not in sizes:
            sizes[id(of)] = 0  # of what holds itself, which JSON cannot say
            sizes[id(of)] = 1 + sum(map(size, of.values() if isinstance(of, dict) else of))
        return sizes[id(of)]

    if size(content) > most:
        raise ValueError(f"its aliases stand for more than {most:,} entries")
