#!/usr/bin/env bash
# Checks requests to Metabase against the schemas of its own client, and our stand-in for its server by that client.
# The client (AGPL) is installed into a folder of its own and runs as a process of its own; nothing of it is kept here.
set -euo pipefail
cd "$(dirname "$0")/../.."

client="${SLUICE_METABASE_CLI:-$(mktemp -d)}"
if [ ! -d "$client/node_modules/@metabase/cli" ]; then
  npm install --silent --prefix "$client" @metabase/cli@0.3.1
fi
SLUICE_METABASE_CLI="$client" npx vitest run --config src/testing/vitest.config.ts src/testing/metabase
