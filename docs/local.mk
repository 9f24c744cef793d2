# docs: the specification, its vectors, and the man pages. One per line.
# Man pages go to dist_man_MANS, everything else to EXTRA_DIST.

EXTRA_DIST += \
	docs/README.md \
	docs/api.md \
	docs/operations.md \
	docs/protocol.md \
	docs/security.md \
	docs/vectors/README.md \
	docs/vectors/decoding.json \
	docs/vectors/dleq.json \
	docs/vectors/elgamal.json \
	docs/vectors/embedding.json \
	docs/vectors/generators.json \
	docs/vectors/keygen.json \
	docs/vectors/lagrange.json \
	docs/vectors/reduction.json \
	docs/vectors/schnorr.json \
	docs/vectors/shuffle.json \
	docs/vectors/stream.json \
	docs/vectors/tagged.json \
	docs/vectors/checkpoint.json \
	docs/vectors/transcript.json

if SERVER
dist_man_MANS += \
	docs/man/tabellad.8
endif

dist_man_MANS += \
	docs/man/tabella-organiser.1 \
	docs/man/tabella-registrar.1 \
	docs/man/tabella-trustee.1 \
	docs/man/tabella-verify.1 \
	docs/man/tabella-vote.1 \
	docs/man/tabella-watch.1 \
	docs/man/tabella.1
