#!/usr/bin/env bash
# Says what a command needs and this machine lacks, before anything else fails: preflight.sh go node postgres
# It looks at versions only, installs nothing, and ends with 1 when something is missing.
set -euo pipefail

here=$(dirname "${BASH_SOURCE[0]}")
missing=0

lack() { # what, how to get it
  echo "$1" >&2
  echo "  $2" >&2
  missing=1
}

# atLeast says whether version $1 is $2 or later; both are numbers with dots between them.
atLeast() {
  local IFS=.
  local -a have=($1) want=($2)
  for i in 0 1 2; do
    ((10#${have[i]:-0} > 10#${want[i]:-0})) && return 0
    ((10#${have[i]:-0} < 10#${want[i]:-0})) && return 1
  done
  return 0
}

needGo() {
  local want have
  want=$(sed -n 's/^go //p' "$here/../../go.mod")
  if ! command -v go >/dev/null 2>&1; then
    lack "Go is missing: EXCS needs Go $want or later." "Get it from https://go.dev/dl/ and put its bin folder into PATH."
    return
  fi
  have=$(GOTOOLCHAIN=local go env GOVERSION | sed 's/^go//; s/[^0-9.].*//')
  atLeast "$have" "$want" || lack "Go $have is too old: EXCS needs Go $want or later." "Get it from https://go.dev/dl/."
}

needNode() {
  local want=20 have
  if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
    lack "Node.js is missing: this command needs Node.js $want or later, with npm (for the AWS CDK and the local servers)." "Get it from https://nodejs.org/, or with your system's packages (nodejs, npm)."
    return
  fi
  have=$(node --version | sed 's/^v//')
  atLeast "$have" "$want" || lack "Node.js $have is too old: this command needs Node.js $want or later." "Get it from https://nodejs.org/."
}

needPostgres() {
  compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || command -v postgres >/dev/null 2>&1 ||
    lack "PostgreSQL's server programs are missing: the tests read Engage from a real server." "Debian and Ubuntu: apt-get install postgresql. macOS: brew install postgresql. No server has to run: the tests start their own."
}

for need in "$@"; do
  case $need in
    go) needGo ;;
    node) needNode ;;
    postgres) needPostgres ;;
    *) echo "preflight.sh: nobody knows how to look for $need" >&2; exit 2 ;;
  esac
done
exit $missing
