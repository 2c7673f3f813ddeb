# EXCS: everything a developer or an operator runs. `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help

LINT_VERSION := v2.15.0
LINT := .tools/golangci-lint
FUNCTIONS := $(notdir $(patsubst %/main.go,%,$(wildcard functions/*/main.go)))
NODE_MODULES := infra/node_modules/.package-lock.json
STAGE ?= dev
CDK := CDK_DISABLE_CLI_TELEMETRY=true NODE_NO_WARNINGS=1 JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=18,20 infra/node_modules/.bin/cdk
export STAGE # what stands on the command line of make is in the environment of its commands anyway

help: ## list the targets
	@grep -hE '^[a-z0-9 -]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-10s %s\n", $$1, $$2}'

## On this machine

# has-go-node … says what the command needs and this machine lacks, and how to get it.
has-%:
	@infra/preflight/preflight.sh $(subst -, ,$*)

demo: has-go ## the whole service on one machine, on a generated site: TIER=medium RATE=300 ENGAGE_DSN=postgres://… FILL=1 TENANT=101 EXCS_EXORG_SECRET='{…}'
	@go run ./infra/local/demo -tier '$(or $(TIER),medium)' -rate '$(or $(RATE),0)' $(if $(FILL),-fill) $(if $(TENANT),-tenant '$(TENANT)')

test: has-go-node-postgres $(NODE_MODULES) ## every test, real servers and the e2e run included (DYNAMODB_LOCAL=1 adds DynamoDB Local)
	DYNAMODB_LOCAL='$(DYNAMODB_LOCAL)' go test -race -shuffle=on -timeout 20m $$(go list ./... | grep -v -e /infra$$ -e /infra/stack$$ -e /infra/local/sim$$)
	go test ./infra/local/sim # one goroutine at a time runs in it, so the race detector has nothing to find
	go test ./infra ./infra/stack # one goroutine talks to CDK, and compiling CDK with the race detector takes minutes
	EXCS_LARGE=1 go test -timeout 20m -run 'Large' -count=1 ./shared/run/
	go run ./infra/local/e2e

sim: ## lives that repeat themselves: SEED= is the first seed, RUNS= how many of each preset (5000 take a night), PRESET= one alone, STORY=1 tells them, LOG= writes the last one
	@go test ./infra/local/sim -count=1 -timeout 24h -v -run TestLives -sim.runs=$(or $(RUNS),10) -sim.seed=$(or $(SEED),0) $(if $(PRESET),-sim.preset='$(PRESET)') $(if $(STORY),-sim.story) $(if $(LOG),-sim.log='$(LOG)')

e2e: has-go-node $(NODE_MODULES) ## the deployed service on this machine, from its template: TIER=tiny is quick
	@go run ./infra/local/e2e $(if $(TIER),-tier '$(TIER)')

local: has-go-node $(NODE_MODULES) ## keep the deployed service up on this machine until Ctrl-C (TIER=small RATE=300); LOCAL=1 makes the commands below use it
	@go run ./infra/local/up $(if $(TIER),-tier '$(TIER)') $(if $(RATE),-rate '$(RATE)')

check: $(LINT) ## formatting, vet, linter and the import rules
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo 'gofmt these files:'; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(LINT) run ./...

bench: has-go-node $(NODE_MODULES) ## speed, memory, zip sizes and cold starts: prints figures, asserts nothing
	EXCS_LARGE=1 go test -run '^$$' -bench . -benchmem -benchtime 1x -timeout 30m ./...

cost: ## the monthly cost for 500, 5,000 and 30,000 agents: MEASURE=1 counts anew
	@go run ./infra/local/cost $(if $(MEASURE),-measure) $(if $(FORMAT),-format '$(FORMAT)')

deflake: ## the tests again and again, shuffled, until one fails
	@while go test -race -shuffle=on -count=1 ./shared/...; do :; done

build: ## linux/arm64 bootstraps in dist/, reproducible
	@for f in $(FUNCTIONS); do \
	  CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build -trimpath -buildvcs=false -tags=lambda.norpc,nethttpomithttp2 -ldflags='-s -w -buildid=' -o dist/$$f/bootstrap ./functions/$$f || exit 1; \
	done; ls -l dist/*/bootstrap

## In AWS: STAGE=prod, default dev

synth: has-go-node $(NODE_MODULES) ## the CloudFormation template and the assets in cdk.out/: STAGE= (TWICE=1: again, and compares every byte)
	@rm -rf cdk.out && $(CDK) synth --quiet -c stage='$(STAGE)' && ls -l cdk.out/*.template.json
	@if [ -n '$(TWICE)' ]; then $(CDK) synth --quiet -c stage='$(STAGE)' --output cdk.out.again && diff -r cdk.out cdk.out.again && echo 'twice the same, byte for byte'; r=$$?; rm -rf cdk.out.again; exit $$r; fi

deploy: has-go-node $(NODE_MODULES) ## create or update the stack of a stage; shows where and what will change, and asks: STAGE= YES=1
	@infra/deploy.sh deploy

diff: $(NODE_MODULES) ## what make deploy would change in the template: STAGE=
	@infra/deploy.sh diff

destroy: $(NODE_MODULES) ## take the stack away, the mapping table stays: STAGE= (TABLE=excs-dev: table, secrets and logs go too; the name is asked for again, or YES=1)
	@infra/deploy.sh destroy

## Operating a stage: STAGE= REGION= FORMAT=text|json|markdown YES=1, or LOCAL=1

plan sync verify explain list history report doctor status approve discard release link forget pause resume replay: ## KEY= KEYS= KINDS= HASH= EXID= NOTE= WHO= UNTIL= RUN= SINCE= SETTINGS= PRESET= REASON= MAX= DRY=1, as the action takes them
	@go run ./infra/operate $@

invoke: ## call a function with a sample payload: FUNCTION=sync EVENT=events/sync-plan.json
	@go run ./infra/operate invoke '$(FUNCTION)' '$(EVENT)'

$(LINT):
	GOBIN=$(CURDIR)/.tools go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

$(NODE_MODULES): infra/package-lock.json
	npm --prefix infra ci --silent
	@touch $@

.PHONY: sim help demo test e2e local check bench cost deflake build synth deploy diff destroy invoke \
  plan sync verify explain list status approve discard release link forget pause resume replay
