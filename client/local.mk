# client/libtclient.a (what the tests link too) and the program
# client/tabella: one file per line, alphabetical, headers included.

noinst_LIBRARIES += client/libtclient.a
CLIENT_LIB = client/libtclient.a

client_libtclient_a_SOURCES = \
	client/accuse.c \
	client/accuse.h \
	client/audit.c \
	client/audit.h \
	client/board.c \
	client/board.h \
	client/board_blob.c \
	client/board_inner.h \
	client/board_lines.c \
	client/board_send.c \
	client/command.c \
	client/command.h \
	client/credential.c \
	client/credential.h \
	client/desk.c \
	client/desk.h \
	client/file.c \
	client/file.h \
	client/journal.c \
	client/journal.h \
	client/keys.c \
	client/keys.h \
	client/mirror.c \
	client/mirror.h \
	client/mirror_head.c \
	client/organiser.c \
	client/organiser_define.c \
	client/organiser_parts.h \
	client/organiser_phases.c \
	client/register.c \
	client/register.h \
	client/registrar.c \
	client/request.c \
	client/request.h \
	client/rollfile.c \
	client/rollfile.h \
	client/scratch.c \
	client/scratch.h \
	client/status.c \
	client/status.h \
	client/tally.c \
	client/tally.h \
	client/tally_keygen.c \
	client/terminal.c \
	client/terminal.h \
	client/trustee.c \
	client/untar.c \
	client/untar.h \
	client/verify.c \
	client/verify_ballot.c \
	client/verify_evidence.c \
	client/verify_fault.c \
	client/verify_receipt.c \
	client/verify_report.c \
	client/verify_report.h \
	client/verify_words.c \
	client/verify_words.h \
	client/vote.c \
	client/vote_batch.c \
	client/vote_batch.h \
	client/vote_check.c \
	client/vote_check.h \
	client/vote_secret.c \
	client/vote_secret.h \
	client/voter.c \
	client/voter.h \
	client/watch.c \
	client/witness.c \
	client/witness.h \
	client/witness_serve.c \
	client/workspace.c \
	client/workspace.h \
	client/written.c \
	client/written.h

bin_PROGRAMS += client/tabella
client_tabella_SOURCES = client/main.c
client_tabella_LDADD = $(CLIENT_LIBS)

EXTRA_DIST += \
	client/README.md \
	client/election.sh
