# client/libtclient.a (what the tests link too) and the program
# client/tabella: one file per line, alphabetical, headers included.
#
# A library without a source cannot be built. With the first file, add here:
#	noinst_LIBRARIES += client/libtclient.a
#	CLIENT_LIB = client/libtclient.a
#	client_libtclient_a_SOURCES = \
#		client/terminal.c \
#		client/terminal.h
# and with main():
#	bin_PROGRAMS += client/tabella
#	client_tabella_SOURCES = client/main.c
#	client_tabella_LDADD = $(CLIENT_LIBS)

EXTRA_DIST += \
	client/README.md
