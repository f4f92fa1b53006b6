"""Which packages the one wheel holds; everything else stands in pyproject.toml.

`policies/` is shipped as the package `dataspace_policies`, a mapping that the declarative form cannot state
together with discovery.
"""

from setuptools import find_packages, setup

connectors = find_packages("connectors")
setup(
    packages=[*find_packages(include=["dataspace", "dataspace.*"]), *connectors, "dataspace_policies"],
    package_dir={"dataspace_policies": "policies", **{name: f"connectors/{name}" for name in connectors}},
)
