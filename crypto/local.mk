# crypto/libtcrypto.a: one file per line, alphabetical, headers included
# (a header that is missing here is missing from the tarball).

noinst_LIBRARIES += crypto/libtcrypto.a
CRYPTO_LIB = crypto/libtcrypto.a

crypto_libtcrypto_a_SOURCES = \
	crypto/result.c \
	crypto/result.h

EXTRA_DIST += \
	crypto/README.md
