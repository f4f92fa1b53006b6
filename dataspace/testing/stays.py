"""Invented hospital stays, as small worlds describe them: a dictionary of the columns that are wanted, and a policy."""

_COLUMNS = {
    "age": "{name: age, type: integer, title: Age}",
    "los": "{name: los, type: integer, title: Length of stay}",
    "died": "{name: died, type: integer, title: Died, codes: {0: alive, 1: died}}",
    "age80": "{name: age80, type: integer, title: Eighty or more, codes: {0: no, 1: yes}}",
    "type": "{name: type, type: integer, title: Kind, codes: {1: elective, 2: urgent, 3: emergency}}",
}


def stays_dictionary(*names: str) -> str:
    """The dictionary `stays`, version 1, of these columns."""
    columns = "".join(f"  - {_COLUMNS[name]}\n" for name in names)
    return f'dictionary: stays\nversion: "1"\ntitle: Invented stays\nunit: stay\ncolumns:\n{columns}'


def stays_policy(answers: str, limits: str = "") -> str:
    """A policy `counts` of the dataset `stays`: holders of a permit for research get these answers."""
    more = f"  limits: {{{limits}}}\n" if limits else ""
    return f"""policy: counts
title: Invented stays
owner: the data steward
on: stays
allow:
  rule: counts
  for: scientific research
  who: permit holders
  answers: {answers}
{more}  because: Research under a permit.
"""
