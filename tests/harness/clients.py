"""For a process that others are forked from: importing this reads botocore's models of what commands ask, once."""

from __future__ import annotations

from notejam_cfn.deploy.aws.client import Access, Aws
from notejam_cfn.local.emulator import REGION

SERVICES = ("cloudformation", "ec2", "ecs", "elbv2", "service-quotas", "sts")
_nobody = Aws(Access(endpoint_url="http://localhost", keys=("nobody", "secret")))
for service in SERVICES:
    _nobody._client(service, REGION)
