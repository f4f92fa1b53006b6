"""The index in memory keeps the promises of the one in the store, so that what is tried on one holds on the other."""

import pytest

from dataspace.adapters.memory_finder import MemoryFinder, MemoryHarvests
from dataspace.ports import Finder, Harvests
from dataspace.testing import FinderContract, HarvestsContract


class TestMemoryFinder(FinderContract):
    @pytest.fixture
    def finder(self) -> Finder:
        return MemoryFinder()


class TestMemoryHarvests(HarvestsContract):
    @pytest.fixture
    def kept(self) -> tuple[Harvests, Finder]:
        finder = MemoryFinder()
        return MemoryHarvests(finder), finder
