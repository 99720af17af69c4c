# Set-up: from a fresh clone, with nothing but Python and make, to whatever `make run` and `make test` need.
#
# make decides what there is to do: what exists and is newer than what it is made from, stays. A group of packages has no
# one file to show for it, so it leaves an empty one in .venv/made/ when it is complete. While it is being installed that
# file is called *.begun; a group found begun (killed, say) is installed anew, file by file. emorec_site/step.py shows each
# step with its time, and says what went wrong.

ifndef PYTHON
PYTHON := $(shell for p in python3 python3.13 python3.12 python3.11; do $$p -c 'import sys; sys.exit(not (3,11) <= sys.version_info[:2] < (3,14))' 2>/dev/null && echo $$p && break; done)
endif
BIN := .venv/bin
MADE := .venv/made
BUILT := emorec_site/static/built
BIOME := node_modules/@biomejs/biome/package.json

version = $(shell $(1) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
VERSION := $(filter 3.11 3.12 3.13,$(if $(PYTHON),$(call version,$(PYTHON))))
ALIVE := $(if $(VERSION),$(filter $(VERSION),$(call version,$(BIN)/python)))

SPACE := $(subst ,, )
model = $(subst $(SPACE),\$(SPACE),$(or $($(1)),var/models/$(2)))
SEPARATOR := $(call model,EMOREC_SPLEETER_MODEL,spleeter/2stems)/model.data-00000-of-00001
ENCODER := $(call model,EMOREC_WHISPER_MODEL,whisper/base)/vocabulary.txt
LANDMARKS := $(call model,EMOREC_LANDMARK_MODEL,mediapipe)/face_landmark.tflite
CATALOGUES := $(wildcard locale/*/LC_MESSAGES/django.po)

STEP := $(PYTHON) emorec_site/step.py
INSTALL = $(BIN)/python emorec_site/install.py $(if $(wildcard $@.begun),--reinstall)
LOCKED := --no-deps --require-hashes

.PHONY: setup setup-dev FORCE
.NOTPARALLEL:

setup: $(MADE)/nodeps $(SEPARATOR) $(ENCODER) $(LANDMARKS) $(CATALOGUES:.po=.mo) $(BUILT)

setup-dev: setup $(MADE)/dev

# Made anew if there is none, or its Python no longer runs or is another version.
$(MADE)/environment: $(if $(ALIVE),,FORCE)
	@test -n "$(VERSION)" || { echo "EmoRec needs Python 3.11, 3.12 or 3.13; $(if $(PYTHON),$(PYTHON) is none of them,there is none on the PATH). Install one, or name it: make PYTHON=/path/to/python3.12 ..." >&2; exit 1; }
	@echo "Setting up EmoRec in .venv (the first time: some minutes and about 5 GB)" >&2
	@rm -rf .venv
	@$(STEP) "virtual environment" $(PYTHON) -m venv .venv
	@mkdir $(MADE) && touch $@

$(MADE)/uv: requirements/uv.lock $(MADE)/environment
	@$(STEP) "installer" $(BIN)/python -m pip --disable-pip-version-check install $(LOCKED) -r $<
	@touch $@

$(MADE)/packages: requirements/base.lock $(MADE)/uv
	@touch $@.begun
	@$(STEP) "packages" $(INSTALL) $(LOCKED) -r $<
	@mv $@.begun $@

# After the lock, which holds what torch needs, so that torch itself brings nothing more. The CUDA build brings triton,
# whose import crashes a process that has loaded TensorFlow; nothing here uses it.
$(MADE)/torch: requirements/torch.txt $(MADE)/packages
	@touch $@.begun
	@$(STEP) "torch" $(INSTALL) $(if $(EMOREC_TORCH_INDEX),--default-index $(EMOREC_TORCH_INDEX)) -r $<
	@$(BIN)/uv pip uninstall --quiet --python $(BIN)/python triton
	@mv $@.begun $@

# Spleeter declares Python below 3.12, from before that was out; its code runs on 3.13 (tests/ml/voice).
$(MADE)/nodeps: requirements/nodeps.lock $(MADE)/torch
	@touch $@.begun
	@$(STEP) "packages without dependencies" $(INSTALL) $(LOCKED) -r $<
	@mv $@.begun $@

$(MADE)/dev: requirements/dev.lock $(MADE)/nodeps
	@touch $@.begun
	@$(STEP) "packages for tests" $(INSTALL) $(LOCKED) -r $<
	@mv $@.begun $@

# Each writes its file whole, and holds it against its hash before every use.
$(SEPARATOR): | $(MADE)/nodeps
	@$(STEP) "separation model" $(BIN)/python -m ml fetch-separator
$(ENCODER): | $(MADE)/nodeps
	@$(STEP) "speech encoder" $(BIN)/python -m ml fetch-encoder
$(LANDMARKS): | $(MADE)/nodeps
	@$(STEP) "face landmarks" $(BIN)/python -m ml fetch-landmarks

%/django.mo: %/django.po | $(MADE)/packages
	@$(STEP) "translations" $(BIN)/python -m emorec_site.messages

# npm writes this file last; build.mjs puts the finished folder in place as a whole.
NPM := $(BIN)/python emorec_site/node.py npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
node_modules/.package-lock.json: package.json package-lock.json | $(MADE)/packages
	@$(STEP) "front-end packages" $(NPM) --omit=dev
$(BUILT): node_modules/.package-lock.json $(shell find emorec_site/static_src)
	@$(STEP) "front-end files" $(BIN)/python emorec_site/node.py node emorec_site/static_src/build.mjs

# Checks and formats scripts and styles; large, so it comes with the first `make lint` or `make format`.
$(BIOME): node_modules/.package-lock.json
	@$(STEP) "Biome" $(NPM)
	@touch $@
