"""A contract for import-linter that is a positive list: what is not named may not be imported.

A list of forbidden modules forgets the one that nobody thought of; this one fails on it.
"""

import sys
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output
from importlinter.application import contract_utils


class OnlyContract(Contract):
    """Some packages import only themselves and what is allowed.

    Options: `modules`, the packages that the contract is about, each with all below it; `allowed`, what they may
    import directly, each with all below it; `also`, single imports (`a.** -> b`) allowed to some of the packages;
    `standard_library`, whether all of it is allowed (no by default).
    """

    type_name = "only"

    modules = fields.ListField(subfield=fields.StringField())
    allowed = fields.ListField(subfield=fields.StringField())
    also = fields.SetField(subfield=fields.ImportExpressionField(), required=False)
    standard_library = fields.BooleanField(required=False, default=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Collect every direct import of these packages that nothing allows."""
        options: dict[str, Any] = vars(
            self
        )  # import-linter puts the parsed options over the field declarations
        contract_utils.remove_ignored_imports_and_report(
            graph, ignore_imports=options["also"], unmatched_alerting=contract_utils.AlertLevel.NONE
        )
        allowed = [*options["allowed"], *(sys.stdlib_module_names if options["standard_library"] else ())]
        wrong = [
            (importer, imported)
            for package in options["modules"]
            for importer in sorted({package, *graph.find_descendants(package)})
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if not any(within(imported, name) for name in (package, *allowed))
        ]
        return ContractCheck(kept=not wrong, metadata={"wrong": wrong})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print one line for each import that is not on the list."""
        wrong: list[tuple[str, str]] = check.metadata["wrong"]
        for importer, imported in wrong:
            output.print_error(f"{importer} imports {imported}, which is not on its list.", bold=True)


def within(module: str, package: str) -> bool:
    """Whether the module is the package or below it."""
    return module == package or module.startswith(package + ".")
