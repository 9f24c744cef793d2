#include "server/download.h"

#include <stdlib.h>

#include "server/request.h"

struct download {
	struct clerks *clerks;
	struct store_blob blob;
	struct segment *segment; /* if it is not a blob */
	uint64_t at, end;
};

struct piece {
	struct errand errand;
	struct download *download;
	struct request *request;
	uint8_t *buffer;
	size_t n;
};

static void
run_piece(struct errand *errand, struct store *store)
{
	struct piece *p = (struct piece *)errand;
	struct download *d = p->download;
	enum result r = R_NO_DATABASE;

	if (d->segment != NULL)
		r = segment_read(d->segment, p->buffer, (size_t)d->at, p->n);
	else if (store != NULL)
		r = store_blob_read(store, p->buffer, &d->blob, d->at, p->n, NULL);
	if (r == R_GOOD)
		d->at += p->n;
	request_filled(p->request, r == R_GOOD ? p->n : 0);
	free(p);
}

static void
pull(void *ctx, struct request *request, uint8_t *buffer, size_t max)
{
	struct download *d = ctx;
	struct piece *p = calloc(1, sizeof *p);

	if (p != NULL) {
		p->errand.run = run_piece;
		p->download = d;
		p->request = request;
		p->buffer = buffer;
		p->n = d->end - d->at < max ? (size_t)(d->end - d->at) : max;
		if (clerks_send(d->clerks, &p->errand) == R_GOOD)
			return;
	}
	free(p);
	request_filled(request, 0);
}

static void
done(void *ctx)
{
	struct download *d = ctx;

	segment_put(d->segment);
	free(d);
}

static struct download *
start(struct reply *reply, struct clerks *clerks, uint64_t first, uint64_t end)
{
	struct download *d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	d->clerks = clerks;
	d->at = first;
	d->end = end;
	reply->stream.pull = pull;
	reply->stream.done = done;
	reply->stream.ctx = d;
	reply->stream_len = end - first;
	return d;
}

enum result
download_blob(struct reply *reply, struct clerks *clerks, const struct store_blob *blob,
    uint64_t first, uint64_t end)
{
	struct download *d = start(reply, clerks, first, end);

	if (d == NULL)
		return R_NO_MEMORY;
	d->blob = *blob;
	return R_GOOD;
}

enum result
download_segment(struct reply *reply, struct clerks *clerks, struct segment *segment,
    uint64_t first, uint64_t end)
{
	struct download *d = start(reply, clerks, first, end);

	if (d == NULL) {
		segment_put(segment);
		return R_NO_MEMORY;
	}
	d->segment = segment;
	return R_GOOD;
}
