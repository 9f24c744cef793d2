#include "server/pace.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "crypto/rng.h"

#define SETS 16384
#define WAYS 4

/* An allowance is whole again at `whole`; each use moves that one step on. */
struct spender {
	uint64_t name; /* keyed hash */
	uint64_t whole;
};

struct pace {
	pthread_mutex_t lock;
	struct pace_rule rule;
	uint8_t key[crypto_shorthash_siphashx24_KEYBYTES]; /* so that nobody can aim at a set */
	struct spender spender[SETS][WAYS];
};

enum result
pace_new(struct pace **out, struct pace_rule rule)
{
	struct pace *p = calloc(1, sizeof *p);
	struct rng rng;
	enum result r;

	*out = NULL;
	if (p == NULL)
		return R_NO_MEMORY;
	r = rng_system(&rng);
	if (r != R_GOOD) {
		free(p);
		return r;
	}
	rng_fill(&rng, p->key, sizeof p->key);
	rng_wipe(&rng);
	p->rule = rule;
	(void)pthread_mutex_init(&p->lock, NULL);
	*out = p;
	return R_GOOD;
}

void
pace_free(struct pace *p)
{
	if (p == NULL)
		return;
	(void)pthread_mutex_destroy(&p->lock);
	free(p);
}

/* The place of a name in its set, NULL if it has none; or else, if it is to have one, that
 * of the one that has spent least. */
static struct spender *
find(struct pace *p, const struct digest *space, struct slice name, bool make)
{
	uint8_t text[sizeof *space + crypto_shorthash_siphashx24_BYTES] = { 0 };
	struct spender *set, *least = NULL;
	uint64_t hash[2];
	size_t i;

	if (space != NULL)
		memcpy(text, space->b, sizeof *space);
	(void)crypto_shorthash_siphashx24(text + sizeof *space, name.p, name.n, p->key);
	(void)crypto_shorthash_siphashx24((uint8_t *)hash, text, sizeof text, p->key);
	set = p->spender[hash[0] % SETS];
	for (i = 0; i < WAYS; i++) {
		if (set[i].name == hash[1])
			return &set[i];
		if (least == NULL || set[i].whole < least->whole)
			least = &set[i];
	}
	if (!make)
		return NULL;
	*least = (struct spender){ .name = hash[1] };
	return least;
}

unsigned
pace_wait(struct pace *p, const struct digest *space, struct slice name, uint64_t now)
{
	const uint64_t most = (uint64_t)(p->rule.burst - 1) * p->rule.step_ms;
	struct spender *s;
	uint64_t spent;

	(void)pthread_mutex_lock(&p->lock);
	s = find(p, space, name, false);
	spent = s != NULL && s->whole > now ? s->whole - now : 0;
	(void)pthread_mutex_unlock(&p->lock);
	return spent <= most ? 0 : (unsigned)((spent - most + 999) / 1000);
}

void
pace_spend(struct pace *p, const struct digest *space, struct slice name, uint64_t now)
{
	struct spender *s;

	(void)pthread_mutex_lock(&p->lock);
	s = find(p, space, name, true);
	s->whole = (s->whole > now ? s->whole : now) + p->rule.step_ms;
	(void)pthread_mutex_unlock(&p->lock);
}

void
pace_return(struct pace *p, const struct digest *space, struct slice name)
{
	struct spender *s;

	(void)pthread_mutex_lock(&p->lock);
	s = find(p, space, name, false);
	if (s != NULL)
		s->whole -= s->whole > p->rule.step_ms ? p->rule.step_ms : s->whole;
	(void)pthread_mutex_unlock(&p->lock);
}
