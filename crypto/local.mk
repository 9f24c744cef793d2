# crypto/libtcrypto.a: one file per line, alphabetical, headers included
# (a header that is missing here is missing from the tarball).

noinst_LIBRARIES += crypto/libtcrypto.a
CRYPTO_LIB = crypto/libtcrypto.a

crypto_libtcrypto_a_SOURCES = \
	crypto/base64.c \
	crypto/base64.h \
	crypto/buffer.c \
	crypto/buffer.h \
	crypto/checkpoint.c \
	crypto/checkpoint.h \
	crypto/code.c \
	crypto/code.h \
	crypto/cpu.c \
	crypto/cpu.h \
	crypto/dleq.c \
	crypto/dleq.h \
	crypto/dleq_combine.c \
	crypto/dleq_open.c \
	crypto/edwards.c \
	crypto/edwards.h \
	crypto/edwards_multi.c \
	crypto/edwards_pow.c \
	crypto/elgamal.c \
	crypto/elgamal.h \
	crypto/fe51.c \
	crypto/fe51.h \
	crypto/generator.c \
	crypto/group.c \
	crypto/group.h \
	crypto/group_ops.h \
	crypto/group_pow.c \
	crypto/group_rows.c \
	crypto/hash.c \
	crypto/hash.h \
	crypto/keyfile.c \
	crypto/keyfile.h \
	crypto/keygen.c \
	crypto/keygen.h \
	crypto/keygen_parts.h \
	crypto/keygen_secret.c \
	crypto/lanes.c \
	crypto/lanes.h \
	crypto/lanes_codec.h \
	crypto/lanes_curve.h \
	crypto/lanes_field.h \
	crypto/lanes_multi.h \
	crypto/lanes_portable.c \
	crypto/lanes_powers.h \
	crypto/lanes_straus.h \
	crypto/lanes_table.h \
	crypto/mem.c \
	crypto/mem.h \
	crypto/merkle.c \
	crypto/merkle.h \
	crypto/merkle_proof.c \
	crypto/merkle_tiles.c \
	crypto/merkle_tree.c \
	crypto/modp.c \
	crypto/modp.h \
	crypto/modp_gmp.c \
	crypto/modp_mont.c \
	crypto/modp_mont.h \
	crypto/modp_path.h \
	crypto/modp_primes.c \
	crypto/note.c \
	crypto/note.h \
	crypto/par.c \
	crypto/par.h \
	crypto/result.c \
	crypto/result.h \
	crypto/ristretto.c \
	crypto/ristretto_block.c \
	crypto/ristretto_block.h \
	crypto/ristretto_point.c \
	crypto/ristretto_point.h \
	crypto/rng.c \
	crypto/rng.h \
	crypto/scalar.c \
	crypto/scalar.h \
	crypto/scalar_ifma.c \
	crypto/scalar_ifma.h \
	crypto/schnorr.c \
	crypto/schnorr.h \
	crypto/schnorr_batch.c \
	crypto/schnorr_parts.h \
	crypto/sha512_lanes.c \
	crypto/sha512_lanes.h \
	crypto/shuffle.c \
	crypto/shuffle.h \
	crypto/shuffle_claim.c \
	crypto/shuffle_combine.c \
	crypto/shuffle_combine.h \
	crypto/shuffle_equations.c \
	crypto/shuffle_parts.h \
	crypto/shuffle_prove.c \
	crypto/shuffle_secrets.c \
	crypto/shuffle_verify.c \
	crypto/sign.c \
	crypto/sign.h \
	crypto/slice.h \
	crypto/stages.c \
	crypto/stages.h \
	crypto/svec.c \
	crypto/transcript.c \
	crypto/transcript.h

# With flags of their own: nothing else may be compiled with these.
crypto_libtcrypto_a_LIBADD =
if AVX2
noinst_LIBRARIES += crypto/libavx2.a
crypto_libavx2_a_SOURCES = crypto/fe_avx2.h crypto/lanes_avx2.c
crypto_libavx2_a_CFLAGS = $(AM_CFLAGS) $(AVX2_CFLAGS) $(LANES_CFLAGS)
crypto_libtcrypto_a_LIBADD += $(crypto_libavx2_a_OBJECTS)
endif
if IFMA
noinst_LIBRARIES += crypto/libifma.a
crypto_libifma_a_SOURCES = \
	crypto/fe_ifma.h \
	crypto/lanes_ifma.c \
	crypto/modp8.c \
	crypto/modp8.h \
	crypto/modp8_multi.c \
	crypto/modp8_parts.h \
	crypto/modp8_pow.c
crypto_libifma_a_CFLAGS = $(AM_CFLAGS) $(IFMA_CFLAGS) $(LANES_CFLAGS)
crypto_libtcrypto_a_LIBADD += $(crypto_libifma_a_OBJECTS)
endif

EXTRA_DIST += \
	crypto/README.md
