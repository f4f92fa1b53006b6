"""What is not taken from outside: entities, contexts that lie elsewhere, and names that point into a machine."""

import json
from re import IGNORECASE, search
from typing import Any

from pyoxigraph import BlankNode, NamedNode, Triple

from dataspace.errors import InvalidRequest


def refuse_xml(text: str) -> None:
    """RDF/XML is not read: its entities could make a small text large, or read a file of this machine."""
    head = text.lstrip("\ufeff \t\r\n")[:256].casefold()
    if head.startswith(("<?xml", "<!doctype", "<rdf:rdf")) or search(r"<!ENTITY\s", text, IGNORECASE):
        raise InvalidRequest("The record is XML, or declares an entity.", "Send Turtle or JSON-LD.")


def refuse_remote(text: str) -> None:
    """A context that lies elsewhere could change what a record means after it was checked."""
    try:
        waiting: list[Any] = [json.loads(text)]
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("The record is not JSON.", "Check it, or name its form.") from error
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            contexts = value.get("@context")
            for context in contexts if isinstance(contexts, list) else [contexts]:
                if isinstance(context, str) or (isinstance(context, dict) and "@import" in context):
                    raise InvalidRequest(
                        "The record's context lies elsewhere, and is not fetched.",
                        "Put the context into the record.",
                    )
            waiting += value.values()


_INWARD = ("file:", "javascript:", "data:", "jar:", "vbscript:")


def refuse_hostile(triple: Triple) -> None:
    """Names of files and scripts, and statements about statements."""
    for node in (triple.subject, triple.predicate, triple.object):
        if isinstance(node, NamedNode) and node.value.lstrip().casefold().startswith(_INWARD):
            raise InvalidRequest(
                "The record names something inside a machine, or a script (file:, data:, javascript:).",
                "Name what others can reach: http or https.",
            )
    if not isinstance(triple.subject, NamedNode | BlankNode):
        raise InvalidRequest("The record speaks about a statement.", "Plain RDF is read, not RDF-star.")
