# Targets that people and CI use. `make run` and `make test` install what a fresh Debian machine lacks.

SHELL := /bin/bash
.DEFAULT_GOAL := help
TARGET := $(or $(CARGO_TARGET_DIR),target)
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
# Servers stand in /usr/sbin, which is not in everybody's PATH. Looked for first: nobody is asked for a password when
# nothing is missing.
missing = ! PATH="$$PATH:/usr/local/sbin:/usr/sbin:/sbin" command -v $(1) >/dev/null
install = apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(1)
apt = if $(call missing,$(1)); then $(SUDO) bash -c '$(call install,$(2))'; fi
# A server that is only to be measured: its package must not start it as a service. Debian asks this file, and 101 means
# no (invoke-rc.d). One that is there already is somebody else's decision and stays.
RC := /usr/sbin/policy-rc.d
quiet = if $(call missing,$(1)); then $(SUDO) bash -c 'if [ ! -e $(RC) ]; then \
	trap "rm -f $(RC)" EXIT; printf "\043!/bin/sh\nexit 101\n" >$(RC); chmod 755 $(RC); fi; $(call install,$(2))'; fi

.PHONY: help run web test lint bench soak fuzz tools-build tools-web tools-test tools-bench tools-lint

help:
	@echo "make run    starts a made-up contact centre"
	@echo "make web    builds the web app"
	@echo "make test   runs every test"
	@echo "make lint   formatting, clippy, licences and advisories"
	@echo "make bench  measures beside Kamailio and rtpengine; prints ratios"
	@echo "make soak   100,000 calls with churn (CALLS=3000 for fewer): memory flat, laws kept, nothing left open"
	@echo "make fuzz   runs every fuzz target, 20 s each (FOR=60 for longer)"

# What the web app is made of. A stamp says that the packages of the lock file are installed.
WEB := $(shell find web/src web/build web/public web/scripts -type f 2>/dev/null) web/index.html web/vite.config.ts web/tsconfig.json
WEB_PACKAGES := web/node_modules/.package-lock.json

tools-web:
	@command -v npm >/dev/null || { echo "install Node 20 or newer first: https://nodejs.org"; exit 1; }
	@$(call apt,chromium,chromium)

$(WEB_PACKAGES): web/package.json web/package-lock.json
	@command -v npm >/dev/null || { echo "install Node 20 or newer first: https://nodejs.org"; exit 1; }
	cd web && npm ci --no-audit --no-fund
	touch $@

web/dist/index.html: $(WEB_PACKAGES) $(WEB)
	cd web && npm run build

web: web/dist/index.html

tools-build:
	@$(call apt,cc,gcc)
	@$(call apt,cmake,cmake)
	@command -v cargo >/dev/null || { echo "install Rust first: https://rustup.rs"; exit 1; }

# The far ends that tests use: SIPp and baresip, Kamailio as a carrier, rtpengine, sipvicious for what is not wanted, SoftHSM as a
# token for keys, and a browser driven from Node. tshark reads what went over the wire.
tools-test: tools-build
	@$(call apt,sipp,sip-tester)
	@$(call apt,baresip,baresip)
	@$(call apt,linphonec,linphone-cli)
	@$(call apt,svmap,sipvicious)
	@$(call apt,tshark,tshark)
	@$(call quiet,kamailio,kamailio)
	@$(call quiet,rtpengine,rtpengine-daemon)
	@ls /usr/lib/*/kamailio/modules/tls.so >/dev/null 2>&1 || $(SUDO) bash -c '$(call install,kamailio-tls-modules)'
	@$(call apt,openssl,openssl)
	@$(call apt,softhsm2-util,softhsm2)
	@$(call apt,faketime,faketime)
	@$(call apt,chromium,chromium)
	@$(call apt,npm,nodejs npm)
	@npm ci --silent --no-audit --no-fund --prefix crates/server/tests/browser
	@npm ci --silent --no-audit --no-fund --prefix crates/server/tests/microsoft

tools-bench: tools-build
	@$(call apt,python3,python3)
	@$(call apt,sipp,sip-tester)
	@$(call quiet,kamailio,kamailio)
	@$(call quiet,rtpengine,rtpengine-daemon)
	@ls /usr/lib/*/kamailio/modules/tls.so >/dev/null 2>&1 || $(SUDO) bash -c '$(call install,kamailio-tls-modules)'
	@$(call apt,openssl,openssl)

run: tools-build web
	cargo build --release --bin switchroom
	$(TARGET)/release/switchroom demo $(ARGS)

test: tools-test tools-web web
	cd web && npm test && npm run browser
	# Most tests wait for phones to ring: more of them at once than there are cores.
	RUST_TEST_THREADS=4 cargo test --workspace
	# The web app against a demo of the program that was just built.
	cd web && npm run browser -- --demo $(abspath $(TARGET))/debug/switchroom
	# Faults put in on purpose must be found by those who look for them.
	cargo test -p sim --features faults --test it faults

# Built without optimisation: it runs for a second.
tools-lint: tools-build
	@command -v cargo-deny >/dev/null || cargo install cargo-deny --version 0.20.2 --locked --debug --quiet

# Advisories of crates and npm packages need their sources, which cannot be reached everywhere: then it says so.
lint: tools-lint $(WEB_PACKAGES)
	cd web && npm run lint
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo deny --log-level error check bans licenses sources
	.ci/secrets
	.ci/advisories

bench: tools-bench
	cargo build --release --bin switchroom
	cargo build --release -p sim --example engine_speed
	cargo build --release -p media --example browser_speed --example translate_speed --example srtp_blast
	bench/run $(ARGS)

# Needs SIPp only, and no peer.
soak: tools-build
	@$(call apt,python3,python3)
	@$(call apt,sipp,sip-tester)
	cargo build --release --bin switchroom
	bench/soak --calls $(or $(CALLS),100000) $(ARGS)

fuzz: tools-build
	fuzz/run $(or $(FOR),20)
