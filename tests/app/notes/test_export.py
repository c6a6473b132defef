"""An export is as big as it has to be, and needs little memory for it."""

from __future__ import annotations

import concurrent.futures
import io
import json
import random
import re
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

from app.data.pooled import SLOW_THREADS
from tests.harness.application import PASSWORD, Client, RunningServer

# Each of 20 MB, one more than are made at a time: kept in memory as one document each, they would take several times
# what is allowed.
NOTES, LENGTH, EXPORTS, MOST_MB = 200, 100_000, SLOW_THREADS + 1, 120
ADD = """
    INSERT INTO notes (user_id, name, text, created_at, updated_at, summary, folded)
    VALUES (1, {0}, {0}, {0}, {0}, '', '')"""


def fill(environ: dict[str, str]) -> None:
    words = [format(random.getrandbits(30), "x") for _ in range(3000)]
    moment = "2026-11-23 14:05:09.123456"
    text = " ".join(random.choices(words, k=LENGTH // 9))
    # None begins as another does, and drawing words for each would take longer than an export.
    texts = [text[at:] + text[:at] for at in range(0, 50 * NOTES, 50)]
    rows = [(f"Note {number}", text, moment, moment) for number, text in enumerate(texts)]
    if "DATABASE_PATH" in environ:
        with sqlite3.connect(environ["DATABASE_PATH"]) as connection:
            connection.executemany(ADD.format("?"), rows)
        return
    import psycopg

    where: dict[str, Any] = {"host": "127.0.0.1", "port": environ["DATABASE_PORT"], "dbname": "notejam"}
    with psycopg.connect(user="notejam", password=PASSWORD, **where) as connection:
        connection.cursor().executemany(ADD.format("%s"), rows)


def peak_mb(server: RunningServer) -> float:
    return max(
        int(re.findall(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[0]) / 1024
        for pid in server.processes()
    )


def test_big_exports_at_once_stay_small(server: RunningServer) -> None:
    client = Client(server)
    client.sign_up("user@example.com")
    fill(server.environ)
    with concurrent.futures.ThreadPoolExecutor(EXPORTS) as pool:
        asked = [pool.submit(client.get, "/settings/export/") for _ in range(EXPORTS)]
        answers = [each.result() for each in asked]
    assert [answer.status for answer in answers] == [200] * EXPORTS
    archive = zipfile.ZipFile(io.BytesIO(answers[-1].content))
    assert archive.testzip() is None
    assert len(json.loads(archive.read("notes.json"))["notes"]) == NOTES
    assert len(archive.namelist()) == NOTES + 1
    assert peak_mb(server) < MOST_MB
