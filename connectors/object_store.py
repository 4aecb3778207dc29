"""Objects in S3-compatible stores, as files that can be read from any position.

Every request is tried again by the client, so an object that is being read outlives
a store that is away for a moment. What a store says no to is not tried again.
The client is pyarrow's: fsspec's (s3fs) cannot be installed beside what else we pin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import pyarrow as pa
from pyarrow import fs

from connectors.attempt import Rules, attempt
from connectors.credential import Credential
from connectors.errors import Invalid
from connectors.retry import Patience, Unreached

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

UNREACHED: Final[Rules] = {Unreached: "the store cannot be reached"}

REQUEST_TRIES: Final = 4
CONNECT_SECONDS: Final = 10.0
REQUEST_SECONDS: Final = 60.0

AWAY: Final = ("NETWORK_CONNECTION", "SERVICE_UNAVAILABLE", "SLOW_DOWN", "TIMEOUT")
"""What the client's error texts say where another try may help."""


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """A bucket of a store, and who asks it. Off this machine, only with encryption."""

    host: str
    bucket: str
    region: str
    credential: Credential
    port: int = 443
    scheme: str = "https"
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        if self.scheme != "https" and not local(self.host):
            raise ValueError("a store elsewhere is asked with https")

    @property
    def endpoint(self) -> str:
        """The store's host and port."""
        return f"{self.host}:{self.port}"

    def files(self) -> fs.S3FileSystem:
        """A client for the store; asks it nothing yet."""
        return fs.S3FileSystem(
            access_key=self.credential.user,
            secret_key=self.credential.password,
            endpoint_override=self.endpoint,
            scheme=self.scheme,
            region=self.region,
            connect_timeout=CONNECT_SECONDS,
            request_timeout=REQUEST_SECONDS,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=REQUEST_TRIES),
        )

    def options(self) -> Mapping[str, str]:
        """How libraries that bring a client of their own are told; secret."""
        return {
            "aws_access_key_id": self.credential.user,
            "aws_secret_access_key": self.credential.password,
            "aws_endpoint": f"{self.scheme}://{self.endpoint}",
            "aws_region": self.region,
            "aws_allow_http": str(self.scheme == "http").lower(),
            "connect_timeout": f"{CONNECT_SECONDS:.0f}s",
            "timeout": f"{REQUEST_SECONDS:.0f}s",
        }


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object of a bucket; a `Place`."""

    store: ObjectStore
    key: str

    @property
    def name(self) -> str:
        """The last part of the object's key."""
        return self.key.rpartition("/")[2]

    def open(self) -> pa.NativeFile:
        """The object's bytes as they are, fetched where they are read."""
        once = partial(self._opened, self.store.files())
        return attempt(lambda: self.store.patience.tried(once), self.name, UNREACHED)

    def _opened(self, files: fs.S3FileSystem) -> pa.NativeFile:
        try:
            return files.open_input_file(f"{self.store.bucket}/{self.key}")
        except FileNotFoundError:
            message = "there is no such object, or none that its user may see"
        except OSError as error:
            away = any(sign in str(error) for sign in AWAY)
            message = "" if away else "the store refused to give it to this user"
        if message:
            raise Invalid(self.name, message)
        raise Unreached


def local(host: str) -> bool:
    """Whether a connection to this host stays on this machine."""
    return host in LOOPBACK
