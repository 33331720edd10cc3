#!/usr/bin/env bash
# Looks at a Zilliz Cloud cluster, shows the plan, and applies it when asked.
#
#   export MILVUS_URI=https://in03-0123456789abcde.serverless.gcp-us-west1.vectordb.zillizcloud.com
#   echo "$YOUR_API_KEY" > ~/.zilliz-token && chmod 600 ~/.zilliz-token
#   ./sync.sh            # what would happen
#   ./sync.sh --apply    # do it
#
# The endpoint is on the page of the cluster. That of a Dedicated cluster has
# the port 19530. Always https: the token travels with each request. An API key
# or user:password of a cluster user serves as token.
set -euo pipefail
cd "$(dirname "$0")"

: "${MILVUS_URI:?set it to the public endpoint of the cluster}"
export ALIASCTL_TOKEN_FILE="${ALIASCTL_TOKEN_FILE:-$HOME/.zilliz-token}"

# Zilliz Cloud takes about five drops, loads and releases a second.
export ALIASCTL_PARALLEL=4

aliasctl doctor -f aliases.yaml
case "${1:-}" in
  --apply) aliasctl sync --apply -f aliases.yaml ;;
  *)       aliasctl sync --dry-run -f aliases.yaml ;;
esac
