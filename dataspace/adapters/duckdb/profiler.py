"""What one pass over a version tells a steward: measures, proposed labels, and what looks like it needs a decision."""

from collections.abc import Sequence

import duckdb

from dataspace.adapters.duckdb.anonymity import anonymity
from dataspace.adapters.duckdb.findings import findings_of, unit_finding
from dataspace.adapters.duckdb.findings_together import (
    anonymity_findings,
    pair_findings,
    quasi_identifiers,
    sensitive_columns,
)
from dataspace.adapters.duckdb.measuring import SAMPLE, SMALL_GROUP, measure
from dataspace.errors import SetupError
from dataspace.model.datasets import Column, Profile, VersionRef
from dataspace.ports import Vault

__all__ = ["SMALL_GROUP", "DuckdbProfiler"]


class DuckdbProfiler:
    """Profiles versions of a vault. `memory_limit` is what the engine may use for it."""

    def __init__(self, vault: Vault, memory_limit: str = "1GB") -> None:
        self._vault, self._memory = vault, memory_limit

    def profile(self, ref: VersionRef, columns: Sequence[Column] = ()) -> Profile:
        """The profile of a version. Raises SetupError where it does not fit in memory."""
        files = self._vault.files(ref)
        known = {column.name: column for column in columns}
        try:
            measured, rows, sample = measure(files, self._memory)
            found = [finding for column in measured for finding in findings_of(column, rows, known)]
            if rows <= SAMPLE:
                found += pair_findings(measured, found, sample, known)
            quasi = quasi_identifiers(measured, found, known)
            groups = anonymity(files, quasi, sensitive_columns(measured, found, known), self._memory)
        except duckdb.Error as error:
            raise SetupError(
                f"{ref} could not be profiled ({type(error).__name__}).", "Raise the memory for profiling."
            ) from error
        findings = (*found, unit_finding(measured, rows), *anonymity_findings(groups, measured, rows))
        return Profile(rows, tuple(column.profile for column in measured), findings, groups)
