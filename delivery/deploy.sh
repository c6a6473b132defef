#!/usr/bin/env bash
# Deploys a stage as it was planned: bash delivery/deploy.sh PLAN
set -euo pipefail

python delivery/handover.py check "$1" "$DIGEST"
python -m notejam_cfn deploy "$STAGE" --profile stage --role-arn "$ACCESS-execute" --execute "$1" --yes
