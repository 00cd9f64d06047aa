"""YAML as what JSON can say, in which no key stands twice."""

import json
from pathlib import Path
from typing import Any

import yaml

from overparam.errors import SpecError


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


def read_yaml(path: Path) -> str:
    """A YAML file as JSON, aliases and merges resolved.

    Raises:
        SpecError: if the file is missing or no such YAML.
    """
    try:
        with path.open(encoding="utf-8") as file:
            return json.dumps(yaml.load(file, _UniqueKeys), default=str)
    except FileNotFoundError:
        raise SpecError(f"there is no {path} here: run the command from the root of the repository") from None
    except RecursionError:
        raise SpecError(f"{path} is no valid YAML: it is nested too deeply") from None
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise SpecError(f"{path} is no valid YAML: {' '.join(str(error).split())}") from None
