#!/usr/bin/env bash
# Copies an image to the repositories in COPY_URIS, in other regions: bash delivery/copy.sh IMAGE_URI TAG
# What was scanned must be what runs there, so each copy is looked up by the digest of the original.
set -euo pipefail

image="$1" tag="$2" digest="${1#*@}"
for copy in ${COPY_URIS:-}; do
  region="$(cut -d. -f4 <<<"$copy")"
  aws ecr get-login-password --region "$region" | docker login --username AWS --password-stdin "${copy%%/*}"
  docker tag "$image" "$copy:$tag"
  docker push --quiet "$copy:$tag"
  aws ecr describe-images --region "$region" --repository-name "${copy#*/}" --image-ids "imageDigest=$digest" >/dev/null
done
