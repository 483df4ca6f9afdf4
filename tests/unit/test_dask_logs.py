"""What Dask logs when an experiment ends is nothing that went wrong."""

import io
import logging

import pytest

from technopole.experiments import dask_logs
from technopole.experiments.executor_dask import Dask


class Client:
    """Says what the scheduler says that finds the connection to a worker closed."""

    def close(self):
        try:
            raise ConnectionError("CommClosedError")
        except ConnectionError:
            logging.getLogger("distributed.batched").info("Batched Comm Closed", exc_info=True)


@pytest.fixture
def said():
    """What the logger of Dask writes."""
    logger, handler = logging.getLogger("distributed"), logging.StreamHandler(io.StringIO())
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler.stream
    logger.removeHandler(handler)
    logger.setLevel(level)


def test_the_end_of_connections_is_not_told(said, monkeypatch):
    executor = object.__new__(Dask)
    executor._cluster, executor._client = None, Client()
    executor.close()
    Client().close()  # by a thread of Dask, somewhat later
    assert said.getvalue() == ""
    logging.getLogger("distributed").critical("this is")
    assert said.getvalue() == "this is\n"
    now = dask_logs.time.monotonic()
    monkeypatch.setattr(dask_logs.time, "monotonic", lambda: now + 11.0)
    Client().close()  # of another cluster of the same program
    assert "Batched Comm Closed" in said.getvalue()
