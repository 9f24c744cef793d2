#include "ballots/source.h"

#include "ballots/entry.h"

/* Entries that nobody asked for and that are read all the same rather than asking
 * twice. */
#define GAP 64

void
blob_release(struct blob *blob)
{
	if (blob->release != NULL)
		blob->release(blob->owner);
	*blob = (struct blob){ 0 };
}

#define STRETCH ((size_t)4 << 20)

void
blob_passed(const struct blob *blob, size_t n)
{
	if (blob->passed != NULL)
		blob->passed(blob->owner, n);
}

static void
hash_blob(struct digest *hash, const struct blob *blob)
{
	struct sha256 s;
	size_t at, n;

	sha256_start(&s);
	for (at = 0; at < blob->bytes.n; at += n) {
		n = blob->bytes.n - at < STRETCH ? blob->bytes.n - at : STRETCH;
		sha256_add(&s, blob->bytes.p + at, n);
		blob_passed(blob, at + n);
	}
	sha256_finish(&s, hash);
}

enum result
source_blob(const struct source *source, const struct digest *id, struct blob *out)
{
	struct digest hash;
	enum result r;

	*out = (struct blob){ 0 };
	r = source->blob(source->ctx, id, out);
	if (r != R_GOOD)
		return r;
	hash_blob(&hash, out);
	if (digest_equal(&hash, id))
		return R_GOOD;
	blob_release(out);
	return R_BAD_BLOB;
}

struct fetch {
	const struct source_want *wants;
	uint64_t n, at; /* wants[at] is the next one */
	source_got *got;
	void *arg;
};

/* One line that the source gave. */
static enum result
fetched(void *arg, uint64_t seq, struct slice line)
{
	struct fetch *f = arg;
	struct digest hash;
	struct entry entry;
	enum result r;

	if (f->at == f->n || seq != f->wants[f->at].seq)
		return R_GOOD;
	entry_hash(&hash, line);
	if (!digest_equal(&hash, &f->wants[f->at].hash))
		return R_CHAIN_BROKEN;
	r = entry_read(&entry, line, NULL);
	for (; r == R_GOOD && f->at < f->n && f->wants[f->at].seq == seq; f->at++)
		r = f->got(f->arg, &f->wants[f->at], entry.record);
	return r;
}

enum result
source_fetch(const struct source *source, const struct source_want *wants, uint64_t n,
    source_got *got, void *arg)
{
	struct fetch f = { .wants = wants, .n = n, .got = got, .arg = arg };
	uint64_t from, to;
	enum result r;

	for (from = 0; from < n; from = to) {
		for (to = from + 1; to < n && wants[to].seq - wants[to - 1].seq <= GAP; to++)
			continue;
		r = source->entries(source->ctx, wants[from].seq, wants[to - 1].seq + 1, fetched,
		    &f);
		if (r != R_GOOD)
			return r;
		if (f.at != to)
			return R_MISSING_ENTRY;
	}
	return R_GOOD;
}
