/*
 * api: the parts of the HTTP interface: api.c finds out what is asked; api_read.c and
 * api_entries.c run what may block, as errands of the clerks.
 */
#ifndef SERVER_API_H
#define SERVER_API_H

#include "server/board.h"
#include "server/store_blob.h"

#define API_PAGE_LINES 4096
#define API_PAGE_BYTES ((size_t)8 << 20)

enum route {
	ROUTE_HEALTH,
	ROUTE_METRICS,
	ROUTE_BOARD,
	ROUTE_ELECTIONS,
	ROUTE_FOUND,
	ROUTE_CHECKPOINT,
	ROUTE_WITNESSED,
	ROUTE_STAMPS,
	ROUTE_STAMP,
	ROUTE_STAMPED,
	ROUTE_ENTRIES,
	ROUTE_POST,
	ROUTE_RECORD,
	ROUTE_TRACKER,
	ROUTE_PROOF,
	ROUTE_CONSISTENCY,
	ROUTE_TICKET,
	ROUTE_CHUNK,
	ROUTE_BLOB
};

/* What a request asks for. */
struct api_call {
	enum route route;
	struct hosted *host; /* of the routes below /v1/elections/E */
	struct digest name;  /* the last part of the address */
};

/* An errand for a request; its `run` answers and frees it. */
struct inquiry {
	struct errand errand;
	struct board *board;
	struct request *request;
	struct api_call call;
	/* Of entries: of `wanted` there are `count` on a board of `size`. */
	uint64_t first, wanted, count, size;
};

/* Hand a copy of it to the clerks; if they have too much to do, the request is answered. */
void api_inquire(const struct inquiry *inquiry, void (*run)(struct errand *, struct store *));

/* 200 with a body (copied). */
void api_reply(struct request *request, const char *type, struct slice body);

/* Errands; each answers the request sooner or later. */
void api_send(struct board *b, struct request *request, const struct api_call *call);
void api_send_health(struct board *b, struct request *request);
/* The lines from `first` on of a board of `size` > first entries: as many as are wanted, or are
 * there, or stand in one segment, or API_PAGE_BYTES allow, at least one. */
void api_send_entries(struct board *b, struct hosted *host, struct request *request, uint64_t first,
    uint64_t wanted, uint64_t size);

#endif
