#!/usr/bin/env bash
# Takes on a role of the stage, as the AWS profile `stage`: bash delivery/stage.sh plan
# ACCESS is what the ARNs of the stage's roles begin with. The build's own credentials stay the default.
set -euo pipefail

aws configure set profile.stage.role_arn "$ACCESS-$1"
aws configure set profile.stage.credential_source EcsContainer
