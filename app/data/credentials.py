"""The database's user and password, which may change under a running task.

ECS injects the RDS-managed secret when a task starts; RDS rotates it every seven days. When the database refuses the
password, the secret is read again from Secrets Manager.
"""

from __future__ import annotations

import json
import logging
import threading
import time

from ..runtime.aws import new_client
from ..settings import Settings

log = logging.getLogger("notejam.database")
SECONDS_BETWEEN_READS = 5.0


class Credentials:
    """The user and password in use now, shared by all threads."""

    def __init__(self, settings: Settings) -> None:
        self._arn = settings.database_secret_arn
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self.user = settings.database_user
        self.password = settings.database_password
        if self._arn and not self.user:
            self.refresh("")

    def refresh(self, refused_password: str) -> bool:
        """Read the secret again unless another thread just did; return whether trying again makes sense.

        Many threads are refused at the same moment; one of them asks and the others use its answer. The secret is read
        at most every five seconds, so that a password that stays wrong does not become a flood of API calls.
        """
        with self._lock:
            if self.password != refused_password:
                return True
            if not self._arn or time.monotonic() - self._read_at < SECONDS_BETWEEN_READS:
                return False
            self._read_at = time.monotonic()
            before = (self.user, self.password)
            client = new_client("secretsmanager", connect_timeout=3, read_timeout=5, retries={"max_attempts": 2})
            secret = json.loads(client.get_secret_value(SecretId=self._arn)["SecretString"])
            self.user, self.password = secret["username"], secret["password"]
            log.warning("database password read again from Secrets Manager")
            return (self.user, self.password) != before
