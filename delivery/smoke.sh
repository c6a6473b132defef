#!/usr/bin/env bash
# Asks a stage whether it works and marks the image it runs; a failure takes the image back: bash delivery/smoke.sh PLAN
set -euo pipefail

python delivery/running.py
if python -m notejam_cfn smoke "$STAGE" --profile stage; then
  python delivery/mark.py
  exit
fi
before="$(python delivery/handover.py before "$1")"
if [ -n "$before" ]; then
  python -m notejam_cfn release "$STAGE" --profile stage --role-arn "$ACCESS-execute" --image "$before" --yes
fi
exit 1
