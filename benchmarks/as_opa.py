"""The same policies and questions for OPA: one module, with the policies as data by dataset, as its manual advises."""

from typing import Any

from benchmarks.as_cedar import as_request
from dataspace.model.requests import AccessRequest
from dataspace.vocabulary.terms import TERMS, find, is_a

PROGRAM = """
import json, sys, time
from regopy import Interpreter
module, data, inputs = json.load(sys.stdin)
rego = Interpreter()
start = time.perf_counter()
rego.add_module("access", module)
rego.add_data(data)
bundle = rego.build("data.access.allow")
print(json.dumps({"compiled": time.perf_counter() - start}), flush=True)
for one in [inputs[0], *inputs]:
    start = time.perf_counter()
    rego.set_input(one)
    answer = rego.query_bundle(bundle)
    took = (time.perf_counter() - start) * 1e6
    said = str(answer) != "undefined"  # what a query that is false comes to
    print(json.dumps({"took": took, "said": said}), flush=True)
"""
"""Run by a peer: compiles a bundle, then times each question."""

MODULE = """
package access

default allow := false

allow if {
    permitted
    not forbidden
}

permitted if {
    some rule in data.datasets[input.dataset].permit
    input.action in rule.actions
    input.kind in rule.kinds
    rule.purpose in input.purposes
    input.country in rule.countries
}

forbidden if {
    some rule in data.datasets[input.dataset].forbid
    rule.purpose in input.purposes
}

forbidden if {
    not input.purposes
}

forbidden if {
    some label in input.labels
    input.kind in data.labels[label]
}

forbidden if {
    some purpose in input.purposes
    purpose in data.never
}
"""


def as_input(request: AccessRequest) -> dict[str, Any]:
    """The question for OPA, with every purpose that the stated one is a kind of."""
    context = as_request(request)["context"]
    stated = find(request.purpose)
    assert stated is not None
    return {
        "dataset": request.dataset.dataset,
        "action": request.action.value,
        "kind": request.kind.value,
        "labels": context["labels"],
        "country": context["country"].upper(),
        "purposes": sorted(name for name, term in TERMS.items() if is_a(stated, term)),
    }


def as_data(size: int) -> dict[str, Any]:
    """The same policies as data for the module above."""
    permit = {
        "actions": ["aggregate"],
        "kinds": ["aggregate", "noisy"],
        "purpose": "dpv:ScientificResearch",
        "countries": ["DE", "FR"],
    }
    each = {"permit": [permit], "forbid": [{"purpose": "dpv:Marketing"}]}
    return {
        "datasets": {f"d{number}": each for number in range(size - 2)},
        "labels": {"direct-identifier": ["rows"]},
        "never": ["dpv:SellDataToThirdParties"],
    }
