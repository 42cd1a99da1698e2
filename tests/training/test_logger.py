"""metrics.jsonl is the record; wandb mirrors it and never stands in the way."""

import io
import json
import math
import os
import time
from contextlib import ExitStack

import matplotlib.image
import numpy as np
import pytest

from fingan_jax.training import logger as logging

DISABLED = {"mode": "disabled"}


def write(run, steps, start=0, **wandb):
    with logging.open_logger(run, {"seed": 1}, wandb or DISABLED) as logger:
        logging.forget_after(logger, start)
        for step in steps:
            logging.log(logger, {"step": step, "gen/minimax": step / 10})


def test_records_are_lines_of_json(tmp_path):
    write(tmp_path, (10, 20))
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"step": 10, "gen/minimax": 1.0}, {"step": 20, "gen/minimax": 2.0}]
    assert logging.read_records(tmp_path / "metrics.jsonl")[1]["step"] == 20


def test_a_resumed_run_forgets_what_came_after_its_checkpoint(tmp_path):
    write(tmp_path, (10, 20, 30))
    write(tmp_path, (30, 40), start=20)
    assert [record["step"] for record in logging.read_records(tmp_path / "metrics.jsonl")] == [10, 20, 30, 40]


def test_a_line_torn_by_a_kill_is_dropped(tmp_path):
    write(tmp_path, (10, 20))
    path = tmp_path / "metrics.jsonl"
    path.write_text(path.read_text()[:-9])
    assert [record["step"] for record in logging.read_records(path)] == [10]


def test_what_is_not_finite_is_null(tmp_path):
    with logging.open_logger(tmp_path, {}, DISABLED) as logger:
        logging.log(logger, {"step": 1, "a": math.nan, "b": math.inf, "c": 2.0})
    assert logging.read_records(tmp_path / "metrics.jsonl") == [{"step": 1, "a": None, "b": None, "c": 2.0}]


def test_no_file_has_no_records(tmp_path):
    assert logging.read_records(tmp_path / "metrics.jsonl") == []


def test_an_unknown_mode_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"wandb\.mode=offlien.*offline, online, disabled"):
        write(tmp_path, (), mode="offlien")


def recorded(run):
    """What the file of an offline wandb run holds so far."""
    import struct

    from wandb.proto import wandb_internal_pb2

    (path,) = run.glob("wandb/offline-run-*/run-*.wandb")
    data, position, part, records = path.read_bytes(), 7, b"", []
    while position + 7 <= len(data):
        left = 32768 - position % 32768
        if left < 7:
            position += left
            continue
        _, length, kind = struct.unpack("<IHB", data[position : position + 7])
        if position + 7 + length > len(data):
            break  # still being written
        part += data[position + 7 : position + 7 + length]
        position += 7 + length
        if kind in (1, 4):
            records.append(wandb_internal_pb2.Record())
            records[-1].ParseFromString(part)
            part = b""
    return records


def history(run, patience=60.0):
    """The rows that a finished offline run recorded: wandb's own process may write the last of them a moment later."""
    deadline, records = time.monotonic() + patience, recorded(run)
    while not any(record.WhichOneof("record_type") == "exit" for record in records):
        assert time.monotonic() < deadline, f"{run} was never closed"
        time.sleep(0.1)
        records = recorded(run)
    items = [record.history.item for record in records if record.WhichOneof("record_type") == "history"]
    return [{"/".join(i.nested_key) or i.key: json.loads(i.value_json) for i in row} for row in items]


def test_offline_mirrors_every_record(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "cache"))
    write(tmp_path, (10, 20), mode="offline")
    rows = history(tmp_path)
    assert [(row["_step"], row["gen/minimax"]) for row in rows] == [(10, 1.0), (20, 2.0)]
    assert (tmp_path / "wandb" / "run_id").read_text().strip()


def exit_codes(run):
    history(run)  # until it is closed
    return [record.exit.exit_code for record in recorded(run) if record.WhichOneof("record_type") == "exit"]


@pytest.mark.parametrize("code", [1, 130])
def test_a_run_that_failed_or_was_stopped_is_closed_as_such_and_only_once(tmp_path, monkeypatch, code):
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "cache"))
    with logging.open_logger(tmp_path, {}, {"mode": "offline"}) as logger:
        logging.log(logger, {"step": 1, "gen/minimax": 1.0})
        logging.close(logger, code)
    assert exit_codes(tmp_path) == [code]


def test_runs_open_at_once_mirror_their_own_records(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "cache"))
    folders = [tmp_path / f"seed_{k}" for k in range(3)]
    with ExitStack() as opened:
        loggers = []
        for folder in folders:
            folder.mkdir()
            loggers.append(opened.enter_context(logging.open_logger(folder, {}, {"mode": "offline"})))
        for step in (5, 6):
            for k, logger in enumerate(loggers):
                logging.log(logger, {"step": 10 * step + k, "gen/minimax": float(k)})
        logging.log_figures(loggers[1], {"losses": picture()})
    for k, folder in enumerate(folders):
        rows = [(row["_step"], row["gen/minimax"]) for row in history(folder) if "gen/minimax" in row]
        assert rows == [(50 + k, k), (60 + k, k)]
        assert len(list(folder.glob("wandb/offline-run-*/files/media/images/report/losses_*.png"))) == (k == 1)
    assert len({(folder / "wandb/run_id").read_text() for folder in folders}) == 3


def picture():
    buffer = io.BytesIO()
    matplotlib.image.imsave(buffer, np.zeros((2, 2)))
    return buffer.getvalue()


@pytest.mark.parametrize("plant", [os.mkfifo, os.mkdir])
def test_what_is_no_file_has_no_records_and_no_name(tmp_path, plant):
    plant(tmp_path / "metrics.jsonl")
    with pytest.raises(ValueError, match=r"metrics\.jsonl is no record of a run"):
        logging.read_records(tmp_path / "metrics.jsonl")
    (tmp_path / "wandb").mkdir()
    plant(tmp_path / "wandb" / "run_id")
    with pytest.raises(ValueError, match="run_id holds no name"):
        logging.open_mirror(tmp_path, {})


def test_records_larger_than_any_run_writes_are_refused(tmp_path):
    path = tmp_path / "metrics.jsonl"
    with path.open("wb") as file:
        file.truncate(logging.LARGEST + 1)
    with pytest.raises(ValueError, match="delete it"):
        logging.read_records(path)


def test_online_without_a_key_or_network_goes_offline_and_goes_on(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WANDB_API_KEY", "")
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("NETRC", str(tmp_path / "no-netrc"))
    write(tmp_path, (10,), mode="online", init_timeout=2.0)
    assert [record["step"] for record in logging.read_records(tmp_path / "metrics.jsonl")] == [10]
    assert "mirroring offline" in capsys.readouterr().err
