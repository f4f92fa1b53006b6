"""ODRL text to statements and back: Turtle and JSON-LD, of bounded size and depth, with nothing ever fetched.

XML is not read, so there are no entities to expand. A JSON-LD context has to stand in the document, or be the one
that ODRL publishes, which is built in here from the vocabulary.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from dataspace.errors import PolicyUnreadable
from dataspace.model.odrl import ODRL, Iri, Literal, Statement, Value
from dataspace.vocabulary.odrl import INCLUDED_IN, OPERANDS, PREFIXES

LARGEST = 8 * 1024 * 1024
"""Bytes of a document, and of a literal far below that: more is no policy."""
LONGEST_LITERAL = 64 * 1024
DEEPEST = 64
"""Levels of nesting in JSON and of conditions in conditions."""
MOST = 200_000
"""Statements in a document."""
FORMS = {"turtle": ox.RdfFormat.TURTLE, "jsonld": ox.RdfFormat.JSON_LD}
_STRING = PREFIXES["xsd"] + "string"
_LANGUAGE = PREFIXES["rdf"] + "langString"
_CONTEXTS = frozenset(
    f"{scheme}://www.w3.org/ns/odrl{end}"
    for scheme in ("http", "https")
    for end in (".jsonld", "/2/ODRL22.json", "/2/", "/2", "")
)


def read_file(file: Path) -> str:
    """The text of a policy's file. Raises PolicyUnreadable where there is none, or it is too large or no text."""
    try:
        if file.stat().st_size > LARGEST:
            raise _refused(
                file.name, f"it is larger than {LARGEST // 1024 // 1024} MB.", "That is no policy."
            )
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(file.name, "it cannot be read as text.", "Check the path.") from error


def parse(text: str, name: str, mark: str = "b") -> tuple[Statement, ...]:
    """The statements of a document, with blank nodes named `_:b1`, … in their order (`mark` for the b).

    Raises PolicyUnreadable.
    """
    if len(text) > LARGEST:
        raise _refused(name, f"it is larger than {LARGEST // 1024 // 1024} MB.", "That is no policy.")
    start = text.lstrip("\ufeff \t\r\n")[:1]
    body = text.lstrip("\ufeff")
    if start == "<" and body.lstrip()[:5].lower() in ("<?xml", "<!doc", "<rdf:"):
        raise _refused(name, "it is XML.", "Save it as Turtle or JSON-LD.")
    jsonld = start in ("{", "[") and not body.lstrip()[1:].lstrip().startswith("]")
    form = ox.RdfFormat.JSON_LD if jsonld and _is_json(body, start) else ox.RdfFormat.TURTLE
    data = _without_remote(body, name) if form is ox.RdfFormat.JSON_LD else body
    names: dict[str, str] = {}
    found: list[Statement] = []
    try:
        for quad in ox.parse(data.encode(), format=form, base_iri="urn:dataspace:document"):
            if len(found) >= MOST:
                raise _refused(name, f"it has more than {MOST} statements.", "Split it.")
            found.append(_statement(quad, names, name, mark))
    except (SyntaxError, ValueError) as error:
        raise _refused(name, _where(error), "It is neither Turtle nor JSON-LD as it stands.") from error
    return tuple(dict.fromkeys(found))


def write(statements: Iterable[Statement], form: str) -> str:
    """The statements in `turtle` or `jsonld`, in a fixed order."""
    triples = [ox.Triple(_node(s.subject), ox.NamedNode(s.predicate), _term(s.object)) for s in statements]
    unique = sorted(set(triples), key=str)
    if form == "jsonld":
        return _jsonld(unique)
    return (ox.serialize(unique, format=ox.RdfFormat.TURTLE, prefixes=dict(PREFIXES)) or b"").decode()


def context() -> dict[str, Any]:
    """The JSON-LD context for ODRL terms: built from the vocabulary, so that none is fetched."""
    nodes = (
        "permission prohibition obligation duty consequence remedy assigner assignee target action constraint"
    )
    nodes += (
        " refinement leftOperand operator rightOperandReference conflict profile inheritFrom partOf source"
    )
    nodes += " hasPolicy includedIn implies unit dataType status relation function failure output uid"
    nodes += (
        " attributedParty compensatedParty consentingParty consentedParty contractingParty contractedParty"
    )
    nodes += " informedParty informingParty trackingParty trackedParty"
    types = "Policy Set Offer Agreement Request Assertion Privacy Ticket Rule Permission Prohibition Duty Action Asset"
    types += " Party Constraint LogicalConstraint PartyCollection AssetCollection Operator LeftOperand RightOperand"
    operators = "eq neq lt lteq gt gteq isA isPartOf hasPart isAnyOf isAllOf isNoneOf perm prohibit invalid"
    table: dict[str, Any] = dict(PREFIXES) | {"@vocab": ODRL}
    table |= {name: {"@id": ODRL + name, "@type": "@vocab"} for name in nodes.split()}
    table |= {name: ODRL + name for name in f"{types} {operators}".split()}
    for iri in (*INCLUDED_IN, *OPERANDS, ODRL + "use", ODRL + "transfer"):
        if iri.startswith(ODRL):
            table[iri.removeprefix(ODRL)] = iri
    for name in ("and", "or", "xone", "andSequence"):
        table[name] = {"@id": ODRL + name, "@type": "@vocab", "@container": "@list"}
    table |= {"type": "@type", "id": "@id"}
    table["uid"] = {"@id": ODRL + "uid", "@type": "@id"}
    return table | {"rightOperand": {"@id": ODRL + "rightOperand"}, "rightOperandIri": ODRL + "rightOperand"}


def _is_json(text: str, start: str) -> bool:
    """Turtle may begin with `[` too: a blank node. JSON says so by what parses, or by failing as JSON."""
    if start == "{":
        return True
    try:
        json.loads(text)
    except RecursionError:
        return True
    except ValueError:
        return False
    return True


def _without_remote(text: str, name: str) -> str:
    """The document with ODRL's own context put in, and refused where another would have to be fetched."""
    try:
        tree = json.loads(text, object_pairs_hook=lambda pairs: _unique(pairs, name))
    except RecursionError as error:
        raise _refused(name, "it is nested too deeply.", f"{DEEPEST} levels at most.") from error
    except ValueError as error:
        raise _refused(name, _where(error), "It is no JSON.") from error
    return json.dumps(_inlined(tree, name, 0))


def _unique(pairs: list[tuple[str, Any]], name: str) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise _refused(name, "an object has the same key twice.", "Which of them holds could not be told.")
    return table


def _inlined(tree: Any, name: str, depth: int) -> Any:
    if depth > DEEPEST:
        raise _refused(name, "it is nested too deeply.", f"{DEEPEST} levels at most.")
    if isinstance(tree, list):
        return [_inlined(item, name, depth + 1) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if "@import" in tree:
        raise _refused(name, "its context imports another one.", "Nothing is fetched: write it out.")
    return {
        key: _local(value, name, depth + 1) if key == "@context" else _inlined(value, name, depth + 1)
        for key, value in tree.items()
    }


def _local(given: Any, name: str, depth: int) -> Any:
    if isinstance(given, str):
        if given in _CONTEXTS:
            return context()
        raise _refused(name, "its context stands elsewhere.", "Nothing is fetched: write the context out.")
    if isinstance(given, list):
        return [_local(item, name, depth + 1) for item in given]
    return _inlined(given, name, depth + 1)


def _statement(quad: ox.Quad, names: dict[str, str], name: str, mark: str) -> Statement:
    if isinstance(quad.graph_name, ox.NamedNode | ox.BlankNode):
        raise _refused(name, "it has named graphs.", "A policy is one graph.")
    subject, about = _value(quad.subject, names, name, mark), quad.predicate.value
    held = _value(quad.object, names, name, mark)
    return Statement(subject.text, about, held)


def _value(term: object, names: dict[str, str], name: str, mark: str) -> Value:
    match term:
        case ox.NamedNode():
            return Iri(term.value)
        case ox.BlankNode():
            return Iri(names.setdefault(term.value, f"_:{mark}{len(names) + 1}"))
        case ox.Literal():
            if len(term.value) > LONGEST_LITERAL:
                raise _refused(name, "a literal is too long.", f"{LONGEST_LITERAL} characters at most.")
            datatype = term.datatype.value
            plain = "" if datatype in (_STRING, _LANGUAGE) else datatype
            return Literal(term.value, plain, term.language or "")
    raise _refused(name, "a statement is about a statement.", "Write it as plain triples.")


def _node(text: str) -> ox.NamedNode | ox.BlankNode:
    return ox.BlankNode(text[2:]) if text.startswith("_:") else ox.NamedNode(text)


def _term(value: Value) -> ox.NamedNode | ox.BlankNode | ox.Literal:
    if isinstance(value, Iri):
        return _node(value.text)
    if value.language:
        return ox.Literal(value.text, language=value.language)
    return ox.Literal(value.text, datatype=ox.NamedNode(value.datatype) if value.datatype else None)


def _jsonld(triples: list[ox.Triple]) -> str:
    """Flat, with the prefixes as its context: what any reader takes without fetching anything."""
    raw = ox.serialize(triples, format=ox.RdfFormat.JSON_LD, prefixes=dict(PREFIXES)) or b"[]"
    return json.dumps(json.loads(raw), indent=2, ensure_ascii=False) + "\n"


def _where(error: BaseException) -> str:
    line = getattr(error, "lineno", None)
    return f"line {line} cannot be read." if line else "it cannot be read."


def _refused(name: str, fact: str, hint: str) -> PolicyUnreadable:
    return PolicyUnreadable(f"{name}: {fact}", hint)
