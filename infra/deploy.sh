#!/usr/bin/env bash
# Deploys the stack of a stage, or takes it away: make deploy STAGE=prod, make destroy STAGE=prod.
#
# Account, region and stage are shown before anything is done. YES=1 asks nothing; TABLE=<stack> with destroy also destroys
# what a destroy keeps: the mapping table, the secrets and the logs.
set -euo pipefail
cd "$(dirname "$0")/.."

action=$1
stage=${STAGE:-dev}
stack=excs-$stage
cdk=infra/node_modules/.bin/cdk
export CDK_DISABLE_CLI_TELEMETRY=true NODE_NO_WARNINGS=1 JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=18,20

command -v aws >/dev/null || { echo 'The aws CLI is missing: install it, then sign in (aws configure, or aws sso login).' >&2; exit 1; }
account=$(aws sts get-caller-identity --query Account --output text) || {
  echo 'AWS does not know you: sign in (aws configure, or aws sso login), or set AWS_PROFILE.' >&2
  exit 1
}
region=${REGION:-${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region || true)}}}
[ -n "$region" ] || { echo 'No region: give REGION=eu-central-1, or set AWS_REGION.' >&2; exit 1; }
export AWS_REGION=$region AWS_DEFAULT_REGION=$region
echo "account $account, region $region, stage $stage: $action of $stack" >&2

# consent asks once; without a terminal only YES=1 is one.
consent() {
  [ -z "${YES:-}" ] || return 0
  [ -t 0 ] || { echo 'Nobody can be asked here: give YES=1.' >&2; exit 2; }
  read -r -p "$1 [y/N] " answer
  [ "$answer" = y ] || { echo 'Nothing was done.' >&2; exit 1; }
}

case $action in
deploy)
  consent "Deploy $stack to account $account in $region?"
  if ! aws cloudformation describe-stacks --stack-name CDKToolkit >/dev/null 2>&1; then
    echo 'CDK was never used in this account and region: bootstrapping it.' >&2
    "$cdk" bootstrap "aws://$account/$region" --app ''
  fi
  # A table and logs that a destroy kept are taken back by their names.
  "$cdk" deploy -c "stage=$stage" --import-existing-resources ${YES:+--require-approval never}
  ;;
destroy)
  if [ -n "${TABLE:-}" ]; then
    [ "$TABLE" = "$stack" ] || { echo "TABLE=$TABLE is not $stack: nothing was done." >&2; exit 2; }
    consent "Destroy $stack AND its mapping table, secrets and logs? The table is all that knows which object is which."
    "$cdk" deploy -c "stage=$stage" -c "destroyTable=$stack" --require-approval never
  else
    consent "Take $stack away? The mapping table stays. Dead letters go: their reasons stay in the table."
    protected=$(aws cloudformation describe-stacks --stack-name "$stack" --query 'Stacks[0].EnableTerminationProtection' --output text)
    if [ "$protected" = True ]; then
      echo "$stack is protected against termination. If it is meant:" >&2
      echo "  aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name $stack" >&2
      exit 1
    fi
  fi
  "$cdk" destroy -c "stage=$stage" --force
  ;;
*)
  echo "deploy or destroy, not $action" >&2
  exit 2
  ;;
esac
