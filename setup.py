"""Where the packages of a wheel lie: pyproject.toml names either those it finds or all, one by one."""

from typing import Any

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py


class BuildPy(build_py):
    """Leaves out what is of the repository alone."""

    def find_package_modules(self, package: str, package_dir: str) -> list[Any]:
        """The modules of a package, less the conftest of the claims, which judges the repository around it."""
        found = super().find_package_modules(package, package_dir)
        return [module for module in found if module[:2] != ("overparam.claims", "conftest")]


setup(
    packages=[*find_packages(include=["overparam*"]), "overparam.claims", "overparam.repository"],
    # The claims stand at the top of the repository, for people; parameters, records and pins lie all over it.
    package_dir={"overparam.claims": "claims", "overparam.repository": "."},
    cmdclass={"build_py": BuildPy},
)
