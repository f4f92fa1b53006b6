"""An app's `nn.Module` over the rows of one block: some steps of descent, or the class of each row."""

from types import ModuleType
from typing import Any

import numpy as np

from dataspace.adapters.duckdb.guest_job import Job, Vector, classes_of
from dataspace.planning.own_apps import by_name, flat_of


def run(job: Job, app: ModuleType, flat: Vector, x: Vector, y: Any) -> Vector:
    """The difference that `job.steps` steps make to the weights, or a class for each row. Raises what the app does,
    and ValueError where its parameters are not the ones that its manifest declares."""
    import torch

    torch.manual_seed(job.seed)
    net: Any = app.build(x.shape[1], job.classes)
    parameters = dict(net.named_parameters())
    if {name: tuple(value.shape) for name, value in parameters.items()} != {
        weight.name: weight.shape for weight in job.weights
    }:
        raise ValueError("the module has other parameters than the manifest declares")
    with torch.no_grad():
        for name, values in by_name(job.weights, flat).items():
            parameters[name].copy_(torch.from_numpy(values.copy()))
    rows = torch.from_numpy(x.astype(np.float32))
    if job.do == "score":
        net.eval()
        with torch.no_grad():
            return classes_of(net(rows).numpy(), len(x), job.classes)
    net.train()
    _descend(job, app, net, list(parameters.values()), rows, torch.from_numpy(y))
    after = {name: value.detach().numpy().astype(np.float64) for name, value in parameters.items()}
    return flat_of(job.weights, after) - flat


def _descend(job: Job, app: ModuleType, net: Any, parameters: list[Any], rows: Any, told: Any) -> None:
    """Mini-batches in an order drawn anew whenever all rows were seen."""
    import torch

    loss = getattr(app, "loss", torch.nn.functional.cross_entropy)
    batch, order = min(job.batch, len(rows)), torch.empty(0, dtype=torch.int64)
    for _ in range(job.steps):
        if len(order) < batch:
            order = torch.randperm(len(rows))
        chosen, order = order[:batch], order[batch:]
        net.zero_grad()
        loss(net(rows[chosen]), told[chosen]).mean().backward()
        with torch.no_grad():
            for parameter in parameters:
                if parameter.grad is not None:
                    parameter -= job.learning_rate * parameter.grad
