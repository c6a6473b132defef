"""What a build reaches besides the APIs: the credentials of its role, and the registry of Amazon ECR.

The registry speaks the OCI distribution protocol and hands everything to the API of ECR, as ECR's own does: with the
permissions of who pushes.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3

from notejam_cfn.local.emulator import Emulator

PATH = re.compile(
    r"/v2/(?P<region>[a-z0-9-]+)/(?P<name>.+?)/(?P<kind>blobs|manifests)/(?P<what>[^?]*)(\?digest=(?P<digest>.+))?"
)


class Services:
    """Serves one build after another; `work_as` says in which role the next one works."""

    def __init__(self, aws: Emulator) -> None:
        self.aws = aws
        self.role: dict[str, str] = {}
        self.uploads: dict[str, str] = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.address = f"127.0.0.1:{self.server.server_address[1]}"

    def work_as(self, role_arn: str) -> None:
        """Give builds the credentials of a role from now on."""
        taken = self.aws.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="build")["Credentials"]
        self.role = {
            "RoleArn": role_arn,
            "AccessKeyId": taken["AccessKeyId"],
            "SecretAccessKey": taken["SecretAccessKey"],
            "Token": taken["SessionToken"],
            "Expiration": taken["Expiration"].isoformat(),
        }

    def environment(self) -> dict[str, str]:
        """Return what a build needs in its environment to find both, and the emulator."""
        region = self.aws.region
        there = {"AWS_ENDPOINT_URL": self.aws.url, "AWS_REGION": region, "AWS_DEFAULT_REGION": region}
        return {
            **there,
            "REGISTRY": self.address,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{self.address}/credentials",
        }

    def ecr(self, region: str) -> Any:
        """Return ECR's API as the build's role reaches it."""
        return boto3.client(
            "ecr",
            endpoint_url=self.aws.url,
            region_name=region,
            aws_access_key_id=self.role["AccessKeyId"],
            aws_secret_access_key=self.role["SecretAccessKey"],
            aws_session_token=self.role["Token"],
        )

    def has_blob(self, region: str, name: str, digest: str) -> bool:
        """Say whether a layer is there already."""
        asked = self.ecr(region).batch_check_layer_availability(repositoryName=name, layerDigests=[digest])
        return any(layer["layerAvailability"] == "AVAILABLE" for layer in asked["layers"])

    def begin(self, region: str, name: str) -> str:
        """Begin to upload a layer, and return what the upload is called."""
        upload = str(uuid.uuid4())
        self.uploads[upload] = self.ecr(region).initiate_layer_upload(repositoryName=name)["uploadId"]
        return upload

    def add(self, region: str, name: str, upload: str, part: bytes) -> None:
        """Upload a part of a layer; ours are small enough to come in one."""
        self.ecr(region).upload_layer_part(
            repositoryName=name,
            uploadId=self.uploads[upload],
            partFirstByte=0,
            partLastByte=len(part) - 1,
            layerPartBlob=part,
        )

    def finish(self, region: str, name: str, upload: str, digest: str) -> None:
        """End the upload of a layer."""
        self.ecr(region).complete_layer_upload(
            repositoryName=name, uploadId=self.uploads.pop(upload), layerDigests=[digest]
        )

    def put(self, region: str, name: str, tag: str, manifest: bytes) -> str:
        """Put an image into its repository, and return its digest."""
        media_type = json.loads(manifest)["mediaType"]
        answer = self.ecr(region).put_image(
            repositoryName=name, imageManifest=manifest.decode(), imageManifestMediaType=media_type, imageTag=tag
        )
        return str(answer["image"]["imageId"]["imageDigest"])


def _handler(services: Services) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path == "/credentials":
                return self._answer(200, json.dumps(services.role).encode())
            signed_in = base64.b64decode(self.headers.get("Authorization", "").partition(" ")[2]).startswith(b"AWS:")
            if self.path == "/v2/":
                return self._answer(200 if signed_in else 401, **{"WWW-Authenticate": 'Basic realm="ecr"'})
            return self._answer(404)

        def do_HEAD(self) -> None:
            found = PATH.match(self.path)
            there = (
                found and found["kind"] == "blobs" and services.has_blob(found["region"], found["name"], found["what"])
            )
            self._answer(200 if there else 404)

        def do_POST(self) -> None:
            found = PATH.match(self.path)
            assert found
            upload = services.begin(found["region"], found["name"])
            self._answer(202, Location=f"/v2/{found['region']}/{found['name']}/blobs/{upload}")

        def do_PATCH(self) -> None:
            found = PATH.match(self.path)
            assert found
            body = self._body()
            services.add(found["region"], found["name"], found["what"], body)
            self._answer(202, Location=self.path, Range=f"0-{len(body) - 1}")

        def do_PUT(self) -> None:
            found = PATH.match(self.path)
            assert found
            body, digest = self._body(), (found["digest"] or "").replace("%3A", ":")
            if found["kind"] == "manifests":
                digest = services.put(found["region"], found["name"], found["what"], body)
            else:
                services.finish(found["region"], found["name"], found["what"], digest)
            self._answer(201, **{"Docker-Content-Digest": digest, "Location": self.path})

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    return Handler


@contextmanager
def serving(aws: Emulator) -> Iterator[Services]:
    """Serve until the block ends."""
    services = Services(aws)
    thread = threading.Thread(target=services.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield services
    finally:
        services.server.shutdown()
        services.server.server_close()
        thread.join()
