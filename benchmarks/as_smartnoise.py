"""SmartNoise SQL on a CSV file, in `.venv-peers`: seconds and mean error of counts and sums by group, as JSON."""

import json
import sys
import time
import warnings

warnings.filterwarnings("ignore")

import pandas as pd  # type: ignore[import-untyped]  # noqa: E402
import snsql  # noqa: E402

QUERY = "SELECT kind, COUNT(*) AS n, SUM(los) AS s FROM PUBLIC.stays GROUP BY kind"

frame = pd.read_csv(sys.argv[1])
columns = {
    "person": {"type": "int", "private_id": True},
    "kind": {"type": "int"},
    "los": {"type": "int", "lower": 0, "upper": 60},
}
table = {"row_privacy": False, "max_ids": 1, "sample_max_ids": True, "censor_dims": False, "rows": len(frame)}
each = float(sys.argv[3]) if len(sys.argv) > 3 else 0.5
"""ε of each of the two numbers."""
reader = snsql.from_df(
    frame,
    privacy=snsql.Privacy(epsilon=each, delta=1e-8),
    metadata={"": {"PUBLIC": {"stays": table | columns}}},
)
truth = frame.groupby("kind")["los"].agg(["count", "sum"])
seconds, wrong = [], []
for _ in range(int(sys.argv[2])):
    began = time.perf_counter()
    rows = reader.execute(QUERY)[1:]
    seconds.append(time.perf_counter() - began)
    wrong += [abs(total - truth.loc[kind, "sum"]) for kind, _, total in rows]
print(json.dumps({"seconds": sorted(seconds)[len(seconds) // 2], "error": sum(wrong) / len(wrong)}))
