# server/libtserver.a (what the tests link too) and the program
# server/tabellad: one file per line, alphabetical, headers included.
#
# Only these lists go inside `if SERVER`; EXTRA_DIST stays outside, so that the
# tarball does not depend on how it was configured.

if SERVER
bin_PROGRAMS += server/tabellad
server_tabellad_SOURCES = server/main.c
server_tabellad_LDADD = $(SERVER_LIBS)

noinst_LIBRARIES += server/libtserver.a
SERVER_LIB = server/libtserver.a
server_libtserver_a_SOURCES = \
	server/answer.c \
	server/api.c \
	server/api.h \
	server/api_entries.c \
	server/api_read.c \
	server/append.c \
	server/board.c \
	server/board.h \
	server/boardkey.c \
	server/boardkey.h \
	server/clerk.c \
	server/clerk.h \
	server/check.c \
	server/clock.c \
	server/clock.h \
	server/cluster.c \
	server/cluster.h \
	server/cluster_inner.h \
	server/cluster_make.c \
	server/cluster_make.h \
	server/cluster_run.c \
	server/connection.c \
	server/connection.h \
	server/connection_read.c \
	server/connection_send.c \
	server/dbconn.c \
	server/dbconn.h \
	server/dbconn_answer.c \
	server/dbconn_inner.h \
	server/dbconn_run.c \
	server/dbconn_values.c \
	server/download.c \
	server/download.h \
	server/follow.c \
	server/hosted.c \
	server/hosted.h \
	server/http.c \
	server/http.h \
	server/http_fields.c \
	server/job.c \
	server/job.h \
	server/listen.c \
	server/listen.h \
	server/listen_accept.c \
	server/log.c \
	server/log.h \
	server/mark.c \
	server/mark.h \
	server/meter.c \
	server/meter.h \
	server/pace.c \
	server/pace.h \
	server/process.c \
	server/process.h \
	server/reply.c \
	server/reply.h \
	server/request.c \
	server/request.h \
	server/roles.h \
	server/segment.c \
	server/segment.h \
	server/signing.c \
	server/stamp.c \
	server/stamp.h \
	server/store.c \
	server/store.h \
	server/store_blob.c \
	server/store_blob.h \
	server/store_commit.c \
	server/store_inner.h \
	server/store_read.c \
	server/store_schema.c \
	server/store_schema.h \
	server/store_settle.c \
	server/store_tree.c \
	server/stretch.c \
	server/stretch.h \
	server/tls.c \
	server/tls.h \
	server/verify.c \
	server/witness.c \
	server/witness.h \
	server/witnessed.c \
	server/witnessed.h
server_libtserver_a_CPPFLAGS = $(AM_CPPFLAGS) -DPG_BINDIR='"$(PG_BINDIR)"'
nodist_server_libtserver_a_SOURCES = server/schema.c
endif

# For systemd, which looks there for what is not from the distribution.
if SERVER
unitdir = $(prefix)/lib/systemd/system
nodist_unit_DATA = server/tabellad.service
endif

server/tabellad.service: $(srcdir)/server/tabellad.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) server && \
	    $(SED) 's,[@]bindir[@],$(bindir),' $(srcdir)/server/tabellad.service.in >$@.tmp && mv $@.tmp $@

CLEANFILES += server/tabellad.service

# The SQL of store_schema.h, a string for each version.
schema_sql = $(srcdir)/server/schema_1.sql $(srcdir)/server/schema_2.sql

server/schema.c: $(schema_sql) $(srcdir)/server/local.mk
	$(AM_V_GEN)$(MKDIR_P) server && { \
	    echo '#include "server/store_schema.h"' && \
	    echo 'const char *const store_schema_sql[STORE_SCHEMA_VERSION] = {' && \
	    for sql in $(schema_sql); do \
		$(SED) -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/"&\\n"/' "$$sql" && echo ',' || exit 1; \
	    done && echo '};'; } >$@.tmp && mv $@.tmp $@

CLEANFILES += server/schema.c

EXTRA_DIST += \
	server/tabellad.service.in \
	server/schema_1.sql \
	server/schema_2.sql \
	server/README.md
