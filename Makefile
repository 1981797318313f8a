# `make help` lists the targets.

SHELL := /bin/bash
GO ?= go
# the worker must not have cgo in it, and nothing else needs it
export CGO_ENABLED := 0
# how both programs are linked; the worker with nothing else in its code's last large
# page, see worker/zygote/text.go
LINK := -ldflags '-s -w' -ldflags 'picloud/cmd/picloud-worker=-s -w -R 0x200000'
# seconds that the suite may take in the virtual machine
VM_LIMIT ?= 3600
VM_ARM64_LIMIT ?= 7200
# which end-to-end tests test-vm-arm64 runs, a regular expression; all if empty
E2E_RUN ?=
# by which spawner the soaks' workers are made: exec if empty, or zygote
PICLOUD_SPAWNER ?=
# how much is soaked: calls, natively and in the virtual machine, or minutes
SOAK_CALLS ?= 100000
SOAK_VM_CALLS ?= 5000
SOAK_MINUTES ?=
SOAK_VM_LIMIT ?= 14400

# a run whose machine is reset in the middle of writes, and then rebooted in the
# middle of others
LAB_RUN_RESET = ./test/vm/lab run -a systemd.wants=multi-user.target \
	-n './reset check && ./reset write b && systemctl reboot' -n './reset check'

# those of package sandbox that lock nothing: the emulator has no seccomp
FILTER_TESTS := ^(TestOnlyListedCallsPass|TestArguments|TestMutatedArguments|TestCallsWithoutChecks|TestNumbers.*|TestSignalScope.*|TestClosing.*|TestZygote.*)$$

# what depends on how workers are made, beside the default run
SPAWNER_TESTS := $(shell sed -n "s/^isolation='\(.*\)'/\1/p" test/vm/suite 2>/dev/null)|^TestHostileScripts$$

.DEFAULT_GOAL := help
.PHONY: help run build man package test test-deps test-native test-race test-arm test-vm test-vm-docs test-package test-vm-arm64 soak soak-native soak-vm vet bench bench-doc bench-lua clean
# how often a benchmark does everything; empty: its own default
ROUNDS ?=
# how long `make bench` measures each load, such as 3s; empty: its own default
DURATION ?=
# not empty: `make bench` takes a minute, and keeps nothing in the repository
QUICK ?=

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build, start the daemon, deploy examples/hello.lua, call it, serve until Ctrl-C
	@./examples/run.sh

build: ## build bin/picloud and bin/picloud-worker
	$(GO) build -trimpath $(LINK) -o bin/ ./cmd/picloud ./cmd/picloud-worker

man: build ## the manual page build/picloud.1, and the shells' completions in build/completions
	@mkdir -p build/completions
	bin/picloud man >build/picloud.1
	bin/picloud completion bash >build/completions/picloud
	bin/picloud completion zsh >build/completions/_picloud
	bin/picloud completion fish >build/completions/picloud.fish

# the package's version, and where its programs are built
VERSION ?= $(shell sed -n 's/^const Product = "\(.*\)"/\1/p' picloud.go 2>/dev/null)
PACKAGE_ARCHS ?= amd64 arm64 armhf
# a build of the same commit gives the same bytes
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
GOARCH_armhf := arm

package: build man $(PACKAGE_ARCHS:%=dist/picloud_$(VERSION)_%.deb) ## the Debian packages dist/picloud_VERSION_ARCH.deb, for amd64, arm64 and armhf
	@ls -l dist/picloud_$(VERSION)_*.deb | awk '{ printf "%s: %.1f MiB\n", $$NF, $$5/1048576 }'

.PHONY: $(PACKAGE_ARCHS:%=dist/picloud_$(VERSION)_%.deb)
$(PACKAGE_ARCHS:%=dist/picloud_$(VERSION)_%.deb): dist/picloud_$(VERSION)_%.deb:
	@mkdir -p dist build/package/$*
	GOARCH=$(or $(GOARCH_$*),$*) GOARM=6 $(GO) build -trimpath -buildvcs=false $(LINK) -o build/package/$*/ ./cmd/picloud ./cmd/picloud-worker
	gzip -9n <build/picloud.1 >build/package/$*/picloud.1.gz
	cp -r build/completions build/package/$*/
	cd systemd/deb && GOFLAGS= VERSION=$(VERSION) ARCH=$* BUILD=$(CURDIR)/build/package/$* \
		env -u GOARCH $(GO) tool nfpm package --packager deb --config nfpm.yaml --target $(CURDIR)/dist/

test: test-deps vet test-native test-race test-vm test-vm-docs test-package ## install what the tests need and run them all
	@echo "test: everything passed: natively (degraded), with the race detector, and in the virtual machine (cgroup v2)"

test-deps: ## install what the tests need (as root, on Debian)
	./test/deps
	./test/vm/lab deps

vet: ## formatting and go vet
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "vet: gofmt would change these"; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags vm ./supervisor ./test/docs ./test/e2e ./test/package
	GOARCH=arm $(GO) vet ./...
	GOARCH=arm $(GO) vet -tags vm ./supervisor ./test/docs ./test/e2e ./test/package

test-native: build ## all tests on this machine: no cgroup v2 needed, both databases, real workers
	PICLOUD_BIN=$(CURDIR)/bin $(GO) test -timeout 15m ./...
	PICLOUD_SPAWNER=zygote PICLOUD_BIN=$(CURDIR)/bin $(GO) test -timeout 15m -run '$(SPAWNER_TESTS)' ./test/e2e ./test/hostile

# those that take minutes with the race detector and have nothing for it to find: script
# after script, each in an interpreter of its own, and the filter's
ONE_AFTER_ANOTHER := $(FILTER_TESTS)|^Test(SuitesOfTheVM|Reference|ChangedBytecodeIsRefusedOrSafe|ChangedBytesAreRefusedOrSafe|BytecodeDoesWhatItsSourceDoes|GarbageIsCollected)$$

test-race: ## all tests but those of the built programs and of what is compared with others, with the race detector
	CGO_ENABLED=1 $(GO) test -race -timeout 15m -skip '$(ONE_AFTER_ANOTHER)' $$($(GO) list ./... | grep -v -e /test/e2e -e /test/cli -e /test/docs -e /test/hostile -e /bench$$ -e /bench/lua -e /bench/peer)

test-arm: ## what counts in 32 bits, and the filter, in an emulator of 32-bit ARM (needs qemu-user-static)
	GOARCH=arm GOARM=7 $(GO) test -timeout 30m -exec qemu-arm-static ./limits ./worker/lua/... ./worker/nursery ./worker/wire
	GOARCH=arm GOARM=7 $(GO) test -timeout 5m -exec qemu-arm-static -run '$(FILTER_TESTS)' ./worker/sandbox

test-vm: build ## the suites that need cgroup v2 and systemd, in the virtual machine
	./test/vm/lab build
	./test/vm/stage build/vm
	./test/vm/lab run -t $(VM_LIMIT) build/vm bash suite
	$(LAB_RUN_RESET) -t $(VM_LIMIT) build/vm ./reset write a

test-vm-docs: build man dist/picloud_$(VERSION)_amd64.deb ## every command that docs/ has for a board, in the virtual machine, with the package
	./test/vm/lab build
	./test/docs/stage build/vm-docs dist/picloud_$(VERSION)_amd64.deb
	./test/vm/lab run -t $(VM_LIMIT) build/vm-docs 'cd test/docs && ./docs.test -test.v -test.timeout=35m'

# what is installed, and what it is upgraded to: the same programs, as a package of a
# higher version
FRESH := dist/picloud_$(VERSION)_amd64.deb
NEWER := build/package/picloud_0.3.1_amd64.deb

test-package: package ## the package on a fresh machine: Caddy, HTTPS, reboot, upgrade under load, purge; and one without the memory controller
	$(MAKE) --no-print-directory VERSION=0.3.1 PACKAGE_ARCHS=amd64 dist/picloud_0.3.1_amd64.deb
	mv dist/picloud_0.3.1_amd64.deb $(NEWER)
	./test/package/reproducible $(FRESH)
	./test/vm/lab build
	./test/package/stage build/vm-package $(FRESH) $(NEWER)
	./test/vm/lab run -t $(VM_LIMIT) -a systemd.wants=multi-user.target -n './package.test -test.v -test.timeout=30m -test.run ^TestAfterReboot$$' \
		build/vm-package './package.test -test.v -test.timeout=30m -test.run ^TestInstalled$$ && systemctl reboot'
	./test/vm/lab run -t $(VM_LIMIT) -a cgroup_disable=memory build/vm-package './package.test -test.v -test.run ^TestWithoutMemoryController$$'

test-vm-arm64: export GOARCH := arm64
test-vm-arm64: export PICLOUD_VM_ARCH := arm64
test-vm-arm64: ## the same suites in an emulated 64-bit ARM machine; slow, and no part of `make test`
	./test/vm/lab deps
	$(GO) build -trimpath $(LINK) -o build/arm64/ ./cmd/picloud ./cmd/picloud-worker
	./test/vm/lab build
	./test/vm/stage build/vm-arm64 build/arm64
	./test/vm/lab run -t $(VM_ARM64_LIMIT) build/vm-arm64 env E2E_RUN='$(E2E_RUN)' bash suite
	$(LAB_RUN_RESET) -t $(VM_ARM64_LIMIT) build/vm-arm64 ./reset write a

bench: build ## PiCloud side by side with other ways to answer a call, in some eleven minutes (QUICK=1: one; ROUNDS=5 DURATION=1.2s)
	./bench/deps
	$(GO) build -o build/bench/bench ./bench
	build/bench/bench $(if $(QUICK),-quick) $(if $(ROUNDS),-rounds $(ROUNDS)) $(if $(DURATION),-duration $(DURATION))

bench-doc: ## put the results of the last full `make bench` into docs/performance.md
	$(GO) run ./bench -doc

bench-lua: ## plain gopher-lua, ours and lua5.1 side by side, in a minute or two (ROUNDS=9)
	$(GO) run ./bench/lua $(if $(ROUNDS),-rounds $(ROUNDS))

soak: soak-native soak-vm ## good and hostile calls for long, then nothing may have grown; SOAK_CALLS, SOAK_VM_CALLS or SOAK_MINUTES say how long

soak-native: build ## the soak on this machine (degraded)
	PICLOUD_BIN=$(CURDIR)/bin SOAK_CALLS=$(SOAK_CALLS) SOAK_MINUTES=$(SOAK_MINUTES) \
		$(GO) test -count=1 -v -timeout 0 -run '^TestSoak$$' ./test/e2e

soak-vm: build ## the soak in the virtual machine (cgroup v2)
	./test/vm/lab build
	./test/vm/stage build/vm
	./test/vm/lab run -t $(SOAK_VM_LIMIT) build/vm \
		'chmod -R a+rX . && PICLOUD_E2E=systemd PICLOUD_SPAWNER=$(PICLOUD_SPAWNER) PICLOUD_BIN=$$PWD/bin SOAK_CALLS=$(SOAK_VM_CALLS) SOAK_MINUTES=$(SOAK_MINUTES) \
		./e2e.test -test.v -test.timeout=0 -test.run="^TestSoak$$"'

clean: ## remove what was built here (not the virtual machine: test/vm/lab clean)
	rm -rf bin build dist
