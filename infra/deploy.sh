#!/usr/bin/env bash
# Deploys the stack of a stage, takes it away, or shows what would change: make deploy, make destroy, make diff STAGE=prod.
# infra/deploy says what STAGE, REGION, YES and TABLE mean.
set -euo pipefail
cd "$(dirname "$0")/.."
exec go run ./infra/deploy "$@"
