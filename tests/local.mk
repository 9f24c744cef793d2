# tests: programs tests/test_<subject>.c with libcheck, scripts tests/*.sh.
# One per line, alphabetical, but for the longest scripts.
#
# A new program takes one line in check_PROGRAMS; its only source is then
# tests/test_<subject>.c and it is linked with ballots and crypto. One that
# has more sources or needs another layer says so:
#	tests_test_store_SOURCES = tests/test_store.c tests/board.c tests/board.h
#	tests_test_store_LDADD = $(SERVER_LIBS) $(CHECK_LIBS)
# A test of the server goes inside `if SERVER`. A script takes one line in
# test_scripts. A script and a program may not differ in their ending alone.

LDADD = $(BALLOTS_LIBS) $(CHECK_LIBS)

# What `make check` builds besides its programs.
check_DATA =

# The tiny groups, and every group from its definition. A test that uses them says
#	tests_test_shuffle_LDADD = $(GROUPS_LIB) $(LDADD)
check_LIBRARIES += tests/libgroups.a
GROUPS_LIB = tests/libgroups.a
tests_libgroups_a_SOURCES = \
	tests/judge.c \
	tests/judge.h \
	tests/slow.c \
	tests/slow.h \
	tests/tiny.c \
	tests/tiny.h

# Keys, lists, mixes and spoilt bytes, for the tests of the proofs.
check_LIBRARIES += tests/libproofs.a
PROOFS_LIB = tests/libproofs.a $(GROUPS_LIB)
tests_libproofs_a_SOURCES = \
	tests/mix_kit.c \
	tests/mix_kit.h \
	tests/proof_kit.c \
	tests/proof_kit.h

# A whole election in memory, for the tests of the rule book and of archives.
check_LIBRARIES += tests/libbottle.a
BOTTLE_LIB = tests/libbottle.a
tests_libbottle_a_SOURCES = \
	tests/attack_kit.c \
	tests/attack_kit.h \
	tests/bottle.c \
	tests/bottle.h \
	tests/bottle_archive.c \
	tests/bottle_archive.h \
	tests/bottle_parts.h \
	tests/bottle_setup.c \
	tests/bottle_tally.c \
	tests/expect.h \
	tests/forge.c \
	tests/forge.h \
	tests/small.c \
	tests/small.h \
	tests/spoil.c \
	tests/spoil.h \
	tests/tree.c \
	tests/tree.h \
	tests/trial.c \
	tests/trial.h

# Secrets watched by valgrind.
check_LIBRARIES += tests/libct.a
tests_libct_a_SOURCES = \
	tests/ct_kit.c \
	tests/ct_kit.h

check_PROGRAMS += \
	tests/test_archive \
	tests/test_attacks \
	tests/test_attacks_tally \
	tests/test_audit \
	tests/test_base64 \
	tests/test_bottle \
	tests/test_canon \
	tests/test_choice \
	tests/test_code \
	tests/test_cosign \
	tests/test_count \
	tests/test_count_random \
	tests/test_ct \
	tests/test_ct_proofs \
	tests/test_dleq \
	tests/test_elgamal \
	tests/test_embed \
	tests/test_evidence \
	tests/test_fe51 \
	tests/test_forgeries \
	tests/test_group \
	tests/test_gvec \
	tests/test_hash \
	tests/test_keyfile \
	tests/test_keygen \
	tests/test_lanes \
	tests/test_mem \
	tests/test_merkle \
	tests/test_modp \
	tests/test_mutants \
	tests/test_note \
	tests/test_par \
	tests/test_receipt \
	tests/test_record \
	tests/test_result \
	tests/test_ristretto \
	tests/test_rng \
	tests/test_rows \
	tests/test_rules \
	tests/test_rules_keygen \
	tests/test_rules_memory \
	tests/test_rules_setup \
	tests/test_rules_table \
	tests/test_rules_tally \
	tests/test_rules_threads \
	tests/test_rules_vote \
	tests/test_scalar \
	tests/test_schnorr \
	tests/test_sheet \
	tests/test_shuffle \
	tests/test_shuffle_equations \
	tests/test_sign \
	tests/test_svec \
	tests/test_vectors \
	tests/test_voters \
	tests/test_walk \
	tests/test_whole

tests_test_count_SOURCES = tests/test_count.c tests/count_kit.c tests/count_kit.h
tests_test_count_random_SOURCES = tests/test_count_random.c tests/count_kit.c tests/count_kit.h

tests_test_embed_LDADD = $(GROUPS_LIB) $(LDADD)
tests_test_group_LDADD = $(GROUPS_LIB) $(LDADD)
tests_test_gvec_LDADD = $(GROUPS_LIB) $(LDADD)
tests_test_ristretto_LDADD = $(GROUPS_LIB) $(LDADD)
tests_test_rows_LDADD = $(GROUPS_LIB) $(LDADD)
tests_test_svec_LDADD = $(GROUPS_LIB) $(LDADD)
tests_test_ct_LDADD = tests/libct.a $(LDADD)
tests_test_ct_proofs_LDADD = tests/libct.a $(LDADD)
tests_test_dleq_LDADD = $(PROOFS_LIB) $(LDADD)
tests_test_elgamal_LDADD = $(PROOFS_LIB) $(LDADD)
tests_test_keygen_LDADD = $(PROOFS_LIB) $(LDADD)
tests_test_archive_LDADD = $(BOTTLE_LIB) $(LDADD)
tests_test_attacks_LDADD = $(BOTTLE_LIB) $(LDADD)
tests_test_attacks_tally_LDADD = $(BOTTLE_LIB) $(LDADD)
tests_test_audit_LDADD = $(BOTTLE_LIB) $(CLIENT_LIBS) $(CHECK_LIBS)
tests_test_bottle_LDADD = $(BOTTLE_LIB) $(LDADD)
tests_test_cosign_LDADD = $(BOTTLE_LIB) $(CLIENT_LIBS) $(CHECK_LIBS)
tests_test_evidence_LDADD = $(BOTTLE_LIB) $(LDADD)
tests_test_forgeries_LDADD = $(BOTTLE_LIB) $(LDADD)
tests_test_mutants_LDADD = $(BOTTLE_LIB) $(LDADD)
tests_test_receipt_LDADD = $(BOTTLE_LIB) $(LDADD)
tests_test_rules_LDADD = $(BOTTLE_LIB) $(LDADD)
tests_test_rules_keygen_LDADD = $(BOTTLE_LIB) $(LDADD)
tests_test_rules_memory_LDADD = $(BOTTLE_LIB) $(LDADD)
tests_test_rules_setup_LDADD = $(BOTTLE_LIB) $(LDADD)
tests_test_rules_table_LDADD = $(BOTTLE_LIB) $(LDADD)
tests_test_rules_tally_LDADD = $(BOTTLE_LIB) $(LDADD)
tests_test_rules_threads_LDADD = $(BOTTLE_LIB) $(LDADD)
tests_test_rules_vote_LDADD = $(BOTTLE_LIB) $(LDADD)
tests_test_schnorr_LDADD = $(PROOFS_LIB) $(LDADD)
tests_test_shuffle_LDADD = $(PROOFS_LIB) $(LDADD)
tests_test_shuffle_equations_LDADD = $(PROOFS_LIB) $(LDADD)
tests_test_voters_LDADD = $(BOTTLE_LIB) $(PROOFS_LIB) $(LDADD)

# The vector fields, with flags of their own, as crypto/libavx2.a and crypto/libifma.a.
tests_test_lanes_LDADD =
if AVX2
check_LIBRARIES += tests/libavx2.a
tests_libavx2_a_SOURCES = tests/vfield.h tests/vfield_avx2.c tests/vfield_lanes.h
tests_libavx2_a_CFLAGS = $(AM_CFLAGS) $(AVX2_CFLAGS)
tests_test_lanes_LDADD += tests/libavx2.a
endif
if IFMA
check_LIBRARIES += tests/libifma.a
tests_libifma_a_SOURCES = tests/vfield.h tests/vfield_ifma.c tests/vfield_lanes.h
tests_libifma_a_CFLAGS = $(AM_CFLAGS) $(IFMA_CFLAGS)
tests_test_lanes_LDADD += tests/libifma.a
endif
tests_test_lanes_LDADD += $(LDADD)

# The known answers: compared in every run, written by `make vectors`.
tests_test_vectors_SOURCES = \
	tests/test_vectors.c \
	tests/vectors.h \
	tests/vectors_basic.c \
	tests/vectors_keygen.c \
	tests/vectors_proofs.c
tests_test_vectors_LDADD = $(GROUPS_LIB) $(LDADD)

vectors: tests/test_vectors
	tests/test_vectors $(top_srcdir)/docs/vectors

.PHONY: vectors

# tabellad and its parts. libpg.a: a PostgreSQL of the test's own.
if SERVER
check_LIBRARIES += tests/libpg.a
PG_LIBS = tests/libpg.a $(SERVER_LIBS) $(CHECK_LIBS)
tests_libpg_a_SOURCES = \
	tests/pg.c \
	tests/pg.h \
	tests/pg_proxy.c \
	tests/pg_proxy.h \
	tests/store_board.c \
	tests/store_board.h

# libload.a: boards, and the ballots of many voters for them.
check_LIBRARIES += tests/libload.a
LOAD_LIBS = tests/libload.a $(BOTTLE_LIB) $(PG_LIBS)
tests_libload_a_SOURCES = \
	tests/bench/load.h \
	tests/bench/load_board.c \
	tests/bench/load_check.c \
	tests/bench/load_drive.c \
	tests/bench/load_election.c

check_PROGRAMS += \
	tests/test_cluster \
	tests/test_hosted \
	tests/test_http \
	tests/test_listen \
	tests/test_log \
	tests/test_mark \
	tests/test_pace \
	tests/test_queue \
	tests/test_reply \
	tests/test_segment \
	tests/test_siege \
	tests/test_store \
	tests/test_store_blob \
	tests/test_store_faults

tests_test_cluster_LDADD = $(PG_LIBS)
tests_test_hosted_LDADD = $(BOTTLE_LIB) $(PG_LIBS)
tests_test_http_LDADD = $(SERVER_LIBS) $(CHECK_LIBS)
tests_test_listen_LDADD = $(SERVER_LIBS) $(CHECK_LIBS)
tests_test_log_LDADD = $(SERVER_LIBS) $(CHECK_LIBS)
tests_test_mark_LDADD = $(SERVER_LIBS) $(CHECK_LIBS)
tests_test_pace_LDADD = $(SERVER_LIBS) $(CHECK_LIBS)
tests_test_queue_LDADD = $(SERVER_LIBS) $(CHECK_LIBS)
tests_test_reply_LDADD = $(SERVER_LIBS) $(CHECK_LIBS)
tests_test_segment_LDADD = $(LOAD_LIBS)
tests_test_siege_LDADD = $(LOAD_LIBS)
tests_test_store_LDADD = $(PG_LIBS)
tests_test_store_blob_LDADD = $(PG_LIBS)
tests_test_store_faults_LDADD = $(PG_LIBS)

# Not tests: they measure. `make tests/bench/store`
EXTRA_PROGRAMS += tests/bench/store
tests_bench_store_SOURCES = tests/bench/store.c
tests_bench_store_LDADD = $(PG_LIBS)
CLEANFILES += tests/bench/store

EXTRA_PROGRAMS += tests/bench/fill
tests_bench_fill_SOURCES = tests/bench/fill.c
tests_bench_fill_LDADD = $(LOAD_LIBS)
CLEANFILES += tests/bench/fill
check_DATA += tests/bench/fill

# `make load`, with options in LOAD.
EXTRA_PROGRAMS += tests/bench/load
tests_bench_load_SOURCES = tests/bench/load.c
tests_bench_load_LDADD = $(LOAD_LIBS)
CLEANFILES += tests/bench/load
check_DATA += tests/bench/load

load: tests/bench/load server/tabellad
	tests/bench/load $(LOAD)

# `make check-crash CYCLES=n`; `make check` runs a few cycles of each kind (test_crash.sh).
EXTRA_PROGRAMS += tests/crash
tests_crash_SOURCES = \
	tests/crash.c \
	tests/crash.h \
	tests/crash_clients.c \
	tests/crash_compare.c
tests_crash_LDADD = $(LOAD_LIBS)
CLEANFILES += tests/crash
check_DATA += tests/crash

# A board on a full disk, for test_full.sh.
EXTRA_PROGRAMS += tests/full
tests_full_SOURCES = \
	tests/crash.h \
	tests/crash_clients.c \
	tests/crash_compare.c \
	tests/full.c
tests_full_LDADD = $(LOAD_LIBS)
CLEANFILES += tests/full
check_DATA += tests/full

CYCLES = 200
check-crash: tests/crash server/tabellad client/tabella
	tests/crash --cycles $(CYCLES)
endif

# `make bench` and `make bench-large`: tests/bench/README.md. Built by these two, and by
# `make check`, whose test_bench.sh runs rows of each kind over a few items.
EXTRA_PROGRAMS += tests/bench/bench tests/bench/pipeline
tests_bench_bench_SOURCES = \
	tests/bench/bench.c \
	tests/bench/bench.h \
	tests/bench/election.c \
	tests/bench/failure.c \
	tests/bench/field.c \
	tests/bench/field.h \
	tests/bench/field_modp.c \
	tests/bench/field_parts.h \
	tests/bench/job.c \
	tests/bench/job.h \
	tests/bench/least.c \
	tests/bench/paths.c \
	tests/bench/primitives.c \
	tests/bench/rows_ballot.c \
	tests/bench/rows_field.c \
	tests/bench/rows_group.c \
	tests/bench/rows_hash.c \
	tests/bench/rows_mix.c \
	tests/bench/table.c \
	tests/bench/table.h
tests_bench_bench_LDADD = $(BOTTLE_LIB) $(LDADD) -lm
# With flags of their own, as crypto/libavx2.a and crypto/libifma.a.
EXTRA_LIBRARIES =
if AVX2
EXTRA_LIBRARIES += tests/bench/libavx2.a
tests_bench_libavx2_a_SOURCES = \
	tests/bench/field_avx2.c \
	tests/bench/field_lanes.h
tests_bench_libavx2_a_CFLAGS = $(AM_CFLAGS) $(AVX2_CFLAGS)
tests_bench_bench_LDADD += tests/bench/libavx2.a $(LDADD)
CLEANFILES += tests/bench/libavx2.a
endif
if IFMA
EXTRA_LIBRARIES += tests/bench/libifma.a
tests_bench_libifma_a_SOURCES = \
	tests/bench/field_ifma.c \
	tests/bench/field_lanes.h \
	tests/bench/field_modp_ifma.c
tests_bench_libifma_a_CFLAGS = $(AM_CFLAGS) $(IFMA_CFLAGS)
tests_bench_bench_LDADD += tests/bench/libifma.a $(LDADD)
CLEANFILES += tests/bench/libifma.a
endif
tests_bench_pipeline_SOURCES = \
	tests/bench/bench.h \
	tests/bench/election.c \
	tests/bench/failure.c \
	tests/bench/paths.c \
	tests/bench/pipeline.c \
	tests/bench/table.c \
	tests/bench/table.h
tests_bench_pipeline_LDADD = $(LDADD) -lm
check_DATA += tests/bench/bench tests/bench/pipeline
CLEANFILES += tests/bench/bench tests/bench/pipeline
EXTRA_DIST += tests/bench/README.md

bench: tests/bench/bench tests/bench/pipeline
	@BENCH='$(BENCH)' BENCH_JSON='$(BENCH_JSON)' tests/bench/bench
bench-large: tests/bench/bench tests/bench/pipeline
	@BENCH='$(BENCH)' BENCH_JSON='$(BENCH_JSON)' tests/bench/bench --large

# The comparisons of fast and slow paths, ten million of each kind: half an hour or so. LONG=n for
# another number. test_modp makes 13.5 times as many as it is told: two moduli each of three groups
# on two paths, and an eighth as many powers as products.
LONG = 10000000
check-long: tests/test_lanes tests/test_scalar tests/test_modp
	TABELLA_LONG=$(LONG) tests/test_lanes
	TABELLA_LONG=$(LONG) tests/test_scalar
	TABELLA_LONG=`expr $(LONG) / 13` tests/test_modp

.PHONY: bench bench-large check-crash check-long load

# For the scripts that hold whole elections (elect.sh): what signs and chains any bytes, a
# trustee that does not keep the rules, and a library that makes a program stumble.
EXTRA_PROGRAMS += tests/scribe tests/rogue
tests_scribe_SOURCES = tests/scribe.c
tests_rogue_SOURCES = tests/rogue.c
tests_rogue_LDADD = $(CLIENT_LIBS)
check_DATA += tests/scribe tests/rogue tests/trip.so
CLEANFILES += tests/scribe tests/rogue tests/trip.so

tests/trip.so: $(srcdir)/tests/trip.c
	$(AM_V_CC)$(MKDIR_P) tests && $(CC) -std=gnu11 $(AM_CPPFLAGS) $(CPPFLAGS) $(WARN_CFLAGS) \
	    -O1 -fPIC -shared -o $@ $(srcdir)/tests/trip.c

# They watch what is freed, and make memory and the random source fail.
tests_test_mem_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=free -Wl,--wrap=calloc
tests_test_rules_memory_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc -Wl,--wrap=calloc \
	-Wl,--wrap=realloc -Wl,--wrap=reallocarray -Wl,--wrap=aligned_alloc
tests_test_rng_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=getrandom

# The longest first, so that none of them is left alone at the end.
test_scripts = \
	tests/verifier.sh \
	tests/test_paths.sh \
	tests/second.sh \
	tests/test_bench.sh \
	tests/test_api.sh \
	tests/test_board.sh \
	tests/test_boards.sh \
	tests/test_clock.sh \
	tests/test_crash.sh \
	tests/test_damage.sh \
	tests/test_driver.sh \
	tests/test_election.sh \
	tests/test_equations.sh \
	tests/test_forks.sh \
	tests/test_full.sh \
	tests/test_honest.sh \
	tests/test_layers.sh \
	tests/test_liars.sh \
	tests/test_load.sh \
	tests/test_manual.sh \
	tests/test_newkey.sh \
	tests/test_readme.sh \
	tests/test_restart.sh \
	tests/test_stamps.sh \
	tests/test_tls.sh \
	tests/test_tree.sh \
	tests/test_trustee.sh \
	tests/test_verify.sh \
	tests/test_witness.sh

TESTS += $(test_scripts) $(check_PROGRAMS)

EXTRA_DIST += \
	$(test_scripts) \
	tests/README.md \
	tests/authority.py \
	tests/ct.supp \
	tests/driver.sh \
	tests/elect.sh \
	tests/pair.sh \
	tests/lib.sh \
	tests/lint.sh \
	tests/must.h \
	tests/paths.py \
	tests/proxy.py \
	tests/second.py \
	tests/stub_board.py \
	tests/suite.h \
	tests/summary.sh \
	tests/trip.c

# The second verifier, in Python.
EXTRA_DIST += \
	tests/verifier/README.md \
	tests/verifier/archive.py \
	tests/verifier/board.py \
	tests/verifier/canonical.py \
	tests/verifier/chacha.py \
	tests/verifier/checkpoint.py \
	tests/verifier/count.py \
	tests/verifier/duel.py \
	tests/verifier/ed25519.py \
	tests/verifier/edwards.py \
	tests/verifier/forge.py \
	tests/verifier/forms.py \
	tests/verifier/groups.py \
	tests/verifier/hashing.py \
	tests/verifier/keys.py \
	tests/verifier/merkle.py \
	tests/verifier/multiexp.py \
	tests/verifier/proofs.py \
	tests/verifier/prove.py \
	tests/verifier/reasons.py \
	tests/verifier/remember.py \
	tests/verifier/replay.py \
	tests/verifier/results.py \
	tests/verifier/roll.py \
	tests/verifier/rules.py \
	tests/verifier/rules_keygen.py \
	tests/verifier/rules_setup.py \
	tests/verifier/rules_tally.py \
	tests/verifier/rules_vote.py \
	tests/verifier/runner.py \
	tests/verifier/test_count.py \
	tests/verifier/test_mutants.py \
	tests/verifier/test_primitives.py \
	tests/verifier/test_rules.py \
	tests/verifier/test_vectors.py \
	tests/verifier/verify.py
