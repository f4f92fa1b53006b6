"""Who reads which records of the log, and how they come page by page."""

from datetime import UTC, datetime

import pytest

from dataspace.adapters.memory import MemoryLog, MemorySigner
from dataspace.errors import InvalidRequest
from dataspace.model.names import HUB, PrincipalId
from dataspace.model.principals import Principal, Role
from dataspace.model.records import Record, RecordKind
from dataspace.service.auditing import Auditing

AT = datetime(2026, 11, 22, tzinfo=UTC)


def person(name: str, role: Role) -> Principal:
    return Principal(PrincipalId(name), name, frozenset({role}), "")


ANA, VERA = person("ana", Role.RESEARCHER), person("vera", Role.AUDITOR)


@pytest.fixture
def auditing() -> Auditing:
    log = MemoryLog(MemorySigner())
    for number in range(1200):
        who = PrincipalId("ana" if number % 300 == 0 else "ben")
        log.append(Record(RecordKind.QUERY_INTENDED, AT, HUB, who, {}))
    return Auditing(log)


def test_an_auditor_reads_all_of_it_newest_first(auditing: Auditing) -> None:
    page = auditing.page(VERA, count=500)
    read, size = [index for index, _ in page.records], auditing.log.size()
    assert read == list(range(size - 1, size - 501, -1))
    while page.before is not None:
        page = auditing.page(VERA, page.before, 500)
        read += [index for index, _ in page.records]
    assert read == list(range(size - 1, -1, -1))


def test_others_read_what_concerns_them_and_the_end_is_told(auditing: Auditing) -> None:
    page = auditing.page(ANA, count=3)
    assert len(page.records) == 3 and page.before is not None
    rest = auditing.page(ANA, page.before, 3)
    assert len(rest.records) == 1 and rest.before is None
    assert {record.principal for _, record in (*page.records, *rest.records)} == {"ana"}


@pytest.mark.parametrize("count", [0, -1, 501])
def test_a_page_has_a_size(auditing: Auditing, count: int) -> None:
    with pytest.raises(InvalidRequest, match="A page has 1 to 500"):
        auditing.page(VERA, count=count)
