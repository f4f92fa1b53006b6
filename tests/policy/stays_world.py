"""One researcher who asks how old people were, of one dataset, at one moment: what the tests of deciding start from."""

from datetime import UTC, datetime

from dataspace.model.datasets import Column, ColumnType, Label, VersionRef
from dataspace.model.names import ColumnName, DatasetName, PrincipalId
from dataspace.model.policies import Action, AnswerKind
from dataspace.model.principals import Principal, Role
from dataspace.model.requests import AccessRequest

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
STAYS = DatasetName("stays")
AGE = Column(ColumnName("age"), ColumnType.INTEGER)
DIED = Column(ColumnName("died"), ColumnType.INTEGER, labels=frozenset({Label.SPECIAL_CATEGORY}))
ANA = Principal(PrincipalId("ana"), "Ana", frozenset({Role.RESEARCHER}))
REQUEST = AccessRequest(
    ANA, Action.AGGREGATE, "scientific research", VersionRef(STAYS, "ab" * 32), (AGE,), AnswerKind.AGGREGATE
)
