# SPDX-License-Identifier: GPL-2.0-only
#
# The work is done by scripts/; "make help" lists the targets.

MAKEFLAGS += --no-print-directory
export V KERNEL ARCH KDIR KERNEL_SRC KERNEL_TARBALL ACCEL PREFIX DESTDIR FAULT_SECONDS ONLY TALLY SOAK SCALE BENCH CONFIG COMMITS ROUNDS
Q := $(if $(filter 1,$(V)),,@)

# All others make or use what is for this machine.
ifeq ($(ARCH),arm64)
not_arm64 := $(filter-out help run test shell kernel image setup clean,$(or $(MAKECMDGOALS),help))
ifneq ($(not_arm64),)
$(error ARCH=arm64 is for run, test, shell, image, kernel and setup, not for $(not_arm64); leave it out)
endif
endif

.PHONY: help try module module-install run test test-kernels test-stock test-debug test-kcsan test-rt test-scale test-peers soak bench bench-native shell kernel series image install uninstall deb deb-tools test-deb check setup clean
.NOTPARALLEL:

help: ## show this list
	@echo "Targets:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16
	@echo "Variables:"
	@echo "  KERNEL=VERSION                       6.1, 6.12 (the default) or 7.3"
	@echo "  ARCH=ARCHITECTURE                    x86 (the default) or arm64: run, test, shell, image, kernel"
	@echo "  KERNEL_SRC=DIR, KERNEL_TARBALL=FILE  another source of it than Debian's"
	@echo "  KDIR=DIR                             kernel headers to build the module with"
	@echo "  ACCEL=kvm|tcg                        accelerator; default: KVM if a probe boot succeeds"
	@echo "  BENCH=full                           also measure among 100,000 processes"
	@echo "  PREFIX=DIR, DESTDIR=DIR              target of install; default: /usr/local"
	@echo "  FAULT_SECONDS=N                      time for each kind of injected fault; default: 60"
	@echo "  ONLY=PATTERN                         run only tests whose file or title matches"
	@echo "  SOAK=TIME, SCALE=NUMBER              time of soak, as 60 or 10m; number of processes"
	@echo "  CONFIG=FILE                          configuration for the kernel of make deb"
	@echo "  V=1                                  show commands and their whole output"

try: ## a look in three minutes: the module in a guest with Debian's own kernel
	$(Q)scripts/setup try
	$(Q)scripts/vm/try

module: ## build the module for the kernel that runs, or KDIR=DIR
	$(Q)scripts/kernel/module

module-install: ## build and install it
	$(Q)scripts/kernel/module install

run: image ## build everything, boot the guest, show the demo
	$(Q)scripts/vm/run --timeout 300 demo

test: image ## run the test suite
	$(Q)scripts/suites/test

test-kernels: ## the test suite on each version of the kernel, on x86 and arm64
	$(Q)scripts/suites/kernels

test-debug: image ## the suite on the debug kernel, with injected faults
	$(Q)scripts/suites/debug

test-kcsan: image ## tests that read the files, with the detector of data races
	$(Q)scripts/suites/kcsan

test-rt: image ## the tests of files and call on a kernel with PREEMPT_RT and lockdep
	$(Q)scripts/suites/rt

test-scale: image ## 100,000 processes (or SCALE=) under each preempt= mode
	$(Q)scripts/suites/scale

test-stock: setup ## the module on stock kernels of Debian 12 and 13, in whole systems
	$(Q)scripts/suites/stock

soak: image ## stress-ng and readers for SOAK=10m, normal and debug kernel
	$(Q)scripts/suites/soak

test-peers: image ## compare the kernel's own selftests with the unpatched kernel
	$(Q)scripts/suites/peers

bench: image ## measure; results also in build/bench.json, bench.md and a plot
	$(Q)scripts/bench/run

bench-native: setup ## compare two commits on this processor; COMMITS="A B", ROUNDS=5
	$(Q)scripts/bench/native

shell: image ## an interactive shell in the guest
	$(Q)scripts/vm/run shell

kernel: setup ## build the kernel, build/bzImage
	$(Q)scripts/kernel/build

series: setup ## the patches as a series for git am, in build/series/KERNEL
	$(Q)scripts/kernel/series

image: kernel ## build the kernel and the guest's file system, build/image.cpio
	$(Q)scripts/vm/image

install: ## header, man pages, tools and tamalloc.pc, below DESTDIR/PREFIX
	$(Q)scripts/package/install

uninstall: ## remove the installed files
	$(Q)scripts/package/install --remove

deb: setup ## Debian packages of kernel, module and tools, in build/deb
	$(Q)scripts/package/deb

deb-tools: setup ## only those of module and tools, without building a kernel
	$(Q)scripts/package/deb tools

test-deb: image ## install the packages in a Debian system, boot and test it
	$(Q)scripts/suites/deb

check: setup ## style and static checks
	$(Q)scripts/check

setup: ## install the Debian packages that are missing
	$(Q)scripts/setup

clean: ## remove all built files
	rm -rf build
