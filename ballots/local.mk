# ballots/libtballots.a: one file per line, alphabetical, headers included.

noinst_LIBRARIES += ballots/libtballots.a
BALLOTS_LIB = ballots/libtballots.a

ballots_libtballots_a_SOURCES = \
	ballots/arena.c \
	ballots/arena.h \
	ballots/archive.c \
	ballots/archive.h \
	ballots/archive_entries.c \
	ballots/archive_files.c \
	ballots/archive_parts.h \
	ballots/archive_report.c \
	ballots/archive_result.c \
	ballots/archive_write.c \
	ballots/ballot.c \
	ballots/ballot.h \
	ballots/ballot_audit.c \
	ballots/body.c \
	ballots/body.h \
	ballots/canon.c \
	ballots/canon.h \
	ballots/checks.c \
	ballots/checks_tally.c \
	ballots/checks_voters.c \
	ballots/choice.c \
	ballots/choice.h \
	ballots/choice_text.c \
	ballots/count.c \
	ballots/count.h \
	ballots/count_condorcet.c \
	ballots/count_method.h \
	ballots/count_most.c \
	ballots/count_print.c \
	ballots/definition.c \
	ballots/definition.h \
	ballots/entry.c \
	ballots/entry.h \
	ballots/evidence.c \
	ballots/evidence.h \
	ballots/evidence_judge.c \
	ballots/evidence_parts.h \
	ballots/folder.c \
	ballots/folder.h \
	ballots/frozen.c \
	ballots/frozen.h \
	ballots/frozen_duty.c \
	ballots/frozen_list.c \
	ballots/frozen_result.c \
	ballots/frozen_view.c \
	ballots/head.c \
	ballots/head.h \
	ballots/item.c \
	ballots/item.h \
	ballots/outcome.c \
	ballots/outcome.h \
	ballots/receipt.c \
	ballots/receipt.h \
	ballots/record.c \
	ballots/record.h \
	ballots/roll.c \
	ballots/roll.h \
	ballots/roll_parts.h \
	ballots/roll_read.c \
	ballots/rules.c \
	ballots/rules.h \
	ballots/rules_entries.c \
	ballots/rules_judge.c \
	ballots/rules_keygen.c \
	ballots/rules_parts.h \
	ballots/rules_setup.c \
	ballots/rules_store.c \
	ballots/rules_tally.c \
	ballots/rules_vote.c \
	ballots/sheet.c \
	ballots/sheet.h \
	ballots/source.c \
	ballots/source.h \
	ballots/ticket.c \
	ballots/ticket.h \
	ballots/token.c \
	ballots/token.h \
	ballots/walk.c \
	ballots/walk.h \
	ballots/walk_values.c \
	ballots/whole.c \
	ballots/whole.h

EXTRA_DIST += \
	ballots/README.md \
	ballots/examples/README.md \
	ballots/examples/leader-2013.results.txt \
	ballots/examples/leader-2013.txt \
	ballots/examples/resolution-2014.results.txt \
	ballots/examples/resolution-2014.txt
