"""The connector of objects: a folder of this machine, and a real S3 server."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dataspace_objects import ObjectsSource
from pyarrow import fs

from dataspace.connector import Source
from dataspace.errors import SourceUnreadable, UnknownName
from dataspace.testing import SourceContract

KEYS = "AKIAEXAMPLE:hunter2hunter2"
TRIAL = pa.table({"age": list(range(5000)), "name": [f"name {n}" for n in range(5000)]})


PEER = Path(__file__).resolve().parents[2] / ".venv-peers" / "bin" / "python"
SERVER = """
import logging, sys
logging.disable(logging.CRITICAL)
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.readline()
server.stop()
"""


def fill(folder: Path) -> None:
    pq.write_table(TRIAL, folder / "trial.parquet", row_group_size=700)
    (folder / "visits.csv").write_text("ward,beds\nnorth,3\nsouth,4\n")
    (folder / "notes.txt").write_text("not data")
    (folder / ".hidden.csv").write_text("a\n1\n")
    (folder / "deeper").mkdir()
    (folder / "deeper" / "trap.csv").write_text("a\n1\n")


class TestFolderOfObjects(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        fill(tmp_path)
        made: Source = ObjectsSource(f"file://{tmp_path}")
        return made

    @pytest.fixture
    def broken(self, tmp_path: Path) -> Source:
        fill(tmp_path)
        whole = (tmp_path / "trial.parquet").read_bytes()
        (tmp_path / "trial.parquet").write_bytes(whole[:200] + b"\0" * 400 + whole[600:])
        made: Source = ObjectsSource(f"file://{tmp_path}")
        return made


def test_only_objects_right_under_the_prefix_are_listed(tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / "out.csv").symlink_to("/etc/hostname")
    source = ObjectsSource(f"file://{tmp_path}")
    assert source.names() == ["trial", "visits"]
    assert [field.name for field in source.schema("visits")] == ["ward", "beds"]
    assert sum(batch.num_rows for batch in source.scan("visits", ["beds"])) == 2
    assert ObjectsSource(f"file://{tmp_path}/trial.parquet").names() == ["trial"]


@pytest.mark.parametrize(
    "address",
    [
        "s3://key:hunter2@bucket/x",
        "s3:///x",
        "s3://bucket/../other",
        "s3://bucket/x?background_writes=1",
        "gs://bucket/x",
        "file://host/x",
        "http://bucket/x",
    ],
)
def test_an_address_that_is_none_of_ours_is_refused_without_being_repeated(address: str) -> None:
    with pytest.raises(SourceUnreadable) as told:
        ObjectsSource.at(address, "")
    assert "hunter2" not in str(told.value) and "bucket" not in str(told.value).replace(
        "s3://bucket/prefix", ""
    )


def test_a_secret_of_another_form_is_refused_without_being_repeated() -> None:
    with pytest.raises(SourceUnreadable) as told:
        ObjectsSource.at("s3://bucket/x", "hunter2")
    assert "hunter2" not in str(told.value)


def test_a_store_that_is_away_is_told_without_its_address() -> None:
    source = ObjectsSource.at("s3://bucket/x?endpoint_override=127.0.0.1:1&scheme=http", KEYS)
    with pytest.raises(SourceUnreadable) as told:
        source.names()
    assert "127.0.0.1" not in str(told.value) and "hunter2" not in str(told.value)


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """The address of a bucket on a real server, with what `fill` puts into a folder."""
    if not PEER.exists():
        pytest.skip("moto, the S3 server of this test, is not in .venv-peers: run `make peers`")
    server = subprocess.Popen([PEER, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    port = int(server.stdout.readline())
    key, _, secret = KEYS.partition(":")
    store = fs.S3FileSystem(
        access_key=key,
        secret_key=secret,
        endpoint_override=f"127.0.0.1:{port}",
        scheme="http",
        region="us-east-1",
        allow_bucket_creation=True,
    )
    store.create_dir("research")
    pq.write_table(TRIAL, "research/2024/trial.parquet", filesystem=store, row_group_size=700)
    with store.open_output_stream("research/2024/visits.csv") as stream:
        stream.write(b"ward,beds\nnorth,3\nsouth,4\n")
    yield f"s3://research/2024?endpoint_override=127.0.0.1:{port}&scheme=http"
    server.communicate("end\n", timeout=30)


@pytest.mark.slow
def test_objects_of_a_bucket_are_read_where_they_lie(bucket: str) -> None:
    source = ObjectsSource.at(bucket, KEYS)
    assert source.names() == ["trial", "visits"]
    assert pa.Table.from_batches(source.scan("trial")).equals(TRIAL)
    assert [batch.to_pydict() for batch in source.scan("visits", ["beds"])] == [{"beds": [3, 4]}]
    with pytest.raises(UnknownName):
        source.schema("../trial")
    one = ObjectsSource.at(bucket.replace("2024?", "2024/trial.parquet?"), KEYS)
    assert one.names() == ["trial"]
