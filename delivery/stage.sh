#!/usr/bin/env bash
# Takes on a role of the stage, as the AWS profile `stage`: bash delivery/stage.sh plan
# ACCESS is what the ARNs of the stage's roles begin with. The build's own credentials stay the default.
set -euo pipefail

mkdir -p ~/.aws
cat > ~/.aws/config <<EOF
[profile stage]
role_arn = $ACCESS-$1
credential_source = EcsContainer
EOF
