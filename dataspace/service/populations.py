"""Populations that are declared beforehand: what a question has to be like to declare one."""

from dataspace.errors import InvalidRequest
from dataspace.model.plans import AggregatePlan
from dataspace.model.policies import AnswerKind
from dataspace.service.pricing import Wish

LONGEST_NAME = 80


def population_of(plan: AggregatePlan, kind: AnswerKind, wish: Wish) -> str:
    """The name that is declared; empty where the question is to be answered. Raises InvalidRequest."""
    name = wish.population
    if not name:
        return ""
    if kind is not AnswerKind.AGGREGATE or plan.keys or any(m.column is not None for m in plan.measures):
        raise InvalidRequest(
            "This question does not name a population.", "Write: SELECT count(*) FROM … WHERE …"
        )
    if len(name) > LONGEST_NAME or not name.isprintable() or not name.strip():
        raise InvalidRequest(
            "The name of a population is one line of text.", f"At most {LONGEST_NAME} characters."
        )
    return name
