# EXCS: everything a developer or an operator runs. `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help

LINT_VERSION := v2.15.0
LINT := .tools/golangci-lint
FUNCTIONS := $(notdir $(patsubst %/main.go,%,$(wildcard functions/*/main.go)))
NODE_MODULES := infra/node_modules/.package-lock.json

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-10s %s\n", $$1, $$2}'

demo: ## the whole service on one machine, on a generated site: TIER=medium RATE=300 ENGAGE_DSN=postgres://… FILL=1 TENANT=101 EXCS_EXORG_SECRET='{…}'
	@go run ./infra/local/demo -tier '$(or $(TIER),medium)' -rate '$(or $(RATE),0)' $(if $(FILL),-fill) $(if $(TENANT),-tenant '$(TENANT)')

test: $(NODE_MODULES) ## every test, real servers included (DYNAMODB_LOCAL=1 adds DynamoDB Local)
	DYNAMODB_LOCAL='$(DYNAMODB_LOCAL)' go test -race -shuffle=on -timeout 20m ./...
	EXCS_LARGE=1 go test -timeout 20m -run 'Large' -count=1 ./infra/local/world/

check: $(LINT) ## formatting, vet, linter and the import rules
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo 'gofmt these files:'; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(LINT) run ./...

bench: ## speed and memory: prints figures, asserts nothing
	EXCS_LARGE=1 go test -run '^$$' -bench . -benchmem -benchtime 1x -timeout 30m ./...

build: ## linux/arm64 bootstraps in dist/, reproducible
	@for f in $(FUNCTIONS); do \
	  CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build -trimpath -buildvcs=false -tags=lambda.norpc -ldflags='-s -w -buildid=' -o dist/$$f/bootstrap ./functions/$$f || exit 1; \
	done; ls -l dist/*/bootstrap

deflake: ## the tests again and again, shuffled, until one fails
	@while go test -race -shuffle=on -count=1 ./shared/...; do :; done

$(LINT):
	GOBIN=$(CURDIR)/.tools go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

$(NODE_MODULES): infra/package-lock.json
	npm --prefix infra ci --silent
	@touch $@

.PHONY: help demo test check bench build deflake
