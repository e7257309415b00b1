# SPDX-License-Identifier: GPL-2.0-only
#
# The work is done by scripts/; "make help" lists the targets.

MAKEFLAGS += --no-print-directory
export V KERNEL_SRC KERNEL_TARBALL ACCEL PREFIX DESTDIR FAULT_SECONDS ONLY TALLY SOAK SCALE BENCH CONFIG
Q := $(if $(filter 1,$(V)),,@)

.PHONY: help run test test-debug test-kcsan test-scale test-peers soak bench shell kernel image install uninstall deb test-deb check setup clean
.NOTPARALLEL:

help: ## show this list
	@echo "Targets:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16
	@echo "Variables:"
	@echo "  KERNEL_SRC=DIR, KERNEL_TARBALL=FILE  another 6.12.y source than Debian's"
	@echo "  ACCEL=kvm|tcg                        how the guest is run; found out by itself"
	@echo "  BENCH=full                           measure among 100,000 processes, too"
	@echo "  PREFIX=DIR, DESTDIR=DIR              where install goes; /usr/local"
	@echo "  FAULT_SECONDS=N                      how long each kind of fault is injected; 60"
	@echo "  ONLY=PATTERN                         of test*: only files or titles that match"
	@echo "  SOAK=TIME, SCALE=NUMBER              how long, as 60 or 10m; how many processes"
	@echo "  CONFIG=FILE                          configuration of the kernel that is packaged"
	@echo "  V=1                                  show commands and whole output"

run: image ## build everything, boot the guest, show the demo
	$(Q)scripts/vm/run --timeout 300 demo

test: image ## run the test suite
	$(Q)scripts/suites/test

test-debug: image ## the suite on a kernel that forgives nothing, with faults injected
	$(Q)scripts/suites/debug

test-kcsan: image ## what reads the files, with the kernel's detector of data races
	$(Q)scripts/suites/kcsan

test-scale: image ## 100,000 processes under each preempt= mode; SCALE= sets how many
	$(Q)scripts/suites/scale

soak: image ## stress-ng and readers for SOAK=10m, normal and debug kernel
	$(Q)scripts/suites/soak

test-peers: image ## the kernel's own selftests, patched and unpatched kernel compared
	$(Q)scripts/suites/peers

bench: image ## measure; also to build/bench.json, bench.md and bench/*.svg
	$(Q)scripts/bench/run

shell: image ## an interactive shell in the guest
	$(Q)scripts/vm/run shell

kernel: setup ## build the kernel, build/bzImage
	$(Q)scripts/kernel/build

image: kernel ## build the kernel and the guest's file system, build/image.cpio
	$(Q)scripts/vm/image

install: ## header, man pages, tools and tamalloc.pc, below DESTDIR/PREFIX
	$(Q)scripts/package/install

uninstall: ## take these away again
	$(Q)scripts/package/install --remove

deb: setup ## Debian packages of kernel and tools, in build/deb
	$(Q)scripts/package/deb

test-deb: image ## install the packages in a Debian system, boot and test it
	$(Q)scripts/suites/deb

check: setup ## style and static checks
	$(Q)scripts/check

setup: ## install the Debian packages that are missing
	$(Q)scripts/setup

clean: ## remove all that was built
	rm -rf build
