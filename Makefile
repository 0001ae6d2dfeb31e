# The targets are the whole interface; each is what CI calls. Any Go from 1.25 on works: it fetches the one named here.
export GOTOOLCHAIN := go1.27.3
export GOEXPERIMENT := simd
export CGO_ENABLED := 0
export GOFLAGS := -trimpath

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
GO := go

.PHONY: build build-xla quickstart test test-xla lint generate torture bench cuda-compile gpu-bundle

LDFLAGS := -s -w -X main.version=$(VERSION)

build: ## the program: bin/fettle
	$(GO) build -ldflags "$(LDFLAGS)" -o bin/fettle .

build-xla: ## the program with XLA beside the Go backend (needs a C compiler): bin/fettle
	CGO_ENABLED=1 $(GO) build -tags xla -ldflags "$(LDFLAGS)" -o bin/fettle .

quickstart: build ## the main job: open data to a tuned model and a verdict against RAG
	bin/fettle dagu install
	bin/fettle run quickstart

test: ## unit, conformance, script and end-to-end tests
	$(GO) test ./...

test-xla: build-xla ## the tests that compute, on xla:cpu; fetches its plugin (63 MB) where it is not there
	bin/fettle backend install xla-cpu
	CGO_ENABLED=1 $(GO) vet -tags xla ./...
	$(ONXLA) ./internal/backend/... ./internal/quant ./internal/optimizer
	$(ONXLA) -run '$(COMPARED)' ./stages/train ./internal/model ./internal/lora
	XLA_FLAGS=$(UNTUNED) $(ONXLA) -skip '$(COMPARED)' ./stages/train ./internal/generate ./internal/model ./internal/export ./internal/lora
	XLA_FLAGS="$(UNTUNED) $(DEVICES)" $(ONXLA) -run TestDevices ./stages/train

ONXLA := CGO_ENABLED=1 FETTLE_TEST_BACKEND=xla:cpu $(GO) test -tags xla -timeout 30m

# The graphs' numbers are compared with reference data, and their memory with what the documentation says, as they are compiled for
# use. What is built on them compiles hundreds of programs to run each a few times: it need not run fast, only compile fast.
COMPARED := Families|PackedRow|EqualsPEFT|EqualTheReference|EqualTRL|EqualTransformers|CompiledMemory|Techniques
UNTUNED := --xla_backend_optimization_level=0

# As many devices as TestDevices wants: on one it can only leave its work out.
DEVICES := --xla_force_host_platform_device_count=3

lint: ## gofmt, vet, staticcheck
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not gofmt'ed:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	$(GO) build -C tools -o ../bin/staticcheck honnef.co/go/tools/cmd/staticcheck
	bin/staticcheck ./...

generate: build ## schemas and tables of settings, from the code
	bin/fettle schema -o schemas/stages.schema.json
	docs/settings.sh bin/fettle

torture: ## a thousand random kills: the same bytes at the end
	FETTLE_KILLS=1000 $(GO) test -count=1 -timeout 12h -run Torture -v ./internal/e2e/

bench: ## training and answering beside the peers, about 20 minutes on a quiet machine (FORCE=1 on any); bench/setup.sh first
	bench/quiet.sh
	$(MAKE) build-xla
	bin/fettle backend install xla-cpu
	bench/run.sh train
	bench/run.sh infer

cuda-compile: ## docs/cuda-memory.md: compiles trainings for an H100, which need not be there; fetches the compiler (257 MB) where it is not there
	CGO_ENABLED=1 $(GO) build -tags xla -ldflags "$(LDFLAGS)" -o bin/fettle-xla .
	[ -n "$$FETTLE_PJRT_CUDA" ] || bin/fettle-xla backend install xla-cuda -compile-only
	CGO_ENABLED=1 $(GO) test -tags xla -count=1 -timeout 12h -v -run 'TestCUDAMemory' ./stages/train -update

gpu-bundle: ## gpu-bundle/: all that a machine with a GPU needs to try what waits for one, without Go or network
	bench/gpu/bundle.sh
