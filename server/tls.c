#include "server/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct tls {
	char *certificate, *key;
	pthread_mutex_t lock;
	SSL_CTX *context; /* the newest */
};

/* Nobody is there to type one. */
static int
no_passphrase(char *out, int size, int writing, void *ctx)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)ctx;
	return 0;
}

/* Of HTTP versions there is one. */
static int
choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *in, unsigned in_len, void *ctx)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *chosen;

	(void)ssl;
	(void)ctx;
	if (SSL_select_next_proto(&chosen, out_len, ours, sizeof ours - 1, in, in_len) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *
new_context(void)
{
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());

	if (c == NULL)
		return NULL;
	if (SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(c, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1) {
		SSL_CTX_free(c);
		return NULL;
	}
	(void)SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	/* Idle connections give their buffers back. */
	(void)SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
	(void)SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_num_tickets(c, 1);
	SSL_CTX_set_default_passwd_cb(c, no_passphrase);
	SSL_CTX_set_alpn_select_cb(c, choose_protocol, NULL);
	return c;
}

/* What OpenSSL says of its last failure. */
static const char *
reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	return text != NULL ? text : "unreadable";
}

static enum result
check_key_file(const char *path, struct why *why)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return why_set(why, R_NO_DISK, "%s cannot be read: %s", path, strerror(errno));
	if ((st.st_mode & S_IRWXO) != 0)
		return why_set(why, R_KEY_PERMISSIONS,
		    "%s is open to everybody on this machine\nTry: chmod o= %s", path, path);
	return R_GOOD;
}

enum result
tls_reload(struct tls *t, struct why *why)
{
	SSL_CTX *c, *old;
	enum result r = check_key_file(t->key, why);

	if (r != R_GOOD)
		return r;
	ERR_clear_error();
	c = new_context();
	if (c == NULL)
		r = why_set(why, R_NO_MEMORY, "TLS cannot be set up: %s", reason());
	else if (SSL_CTX_use_certificate_chain_file(c, t->certificate) != 1)
		r = why_set(why, R_BAD_INPUT, "%s is no certificate in PEM: %s", t->certificate,
		    reason());
	else if (SSL_CTX_use_PrivateKey_file(c, t->key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(c) != 1)
		r = why_set(why, R_BAD_INPUT,
		    "%s is not the key of %s, in PEM and without a passphrase: %s", t->key,
		    t->certificate, reason());
	ERR_clear_error();
	if (r != R_GOOD) {
		SSL_CTX_free(c);
		return r;
	}
	(void)pthread_mutex_lock(&t->lock);
	old = t->context;
	t->context = c;
	(void)pthread_mutex_unlock(&t->lock);
	/* Connections that were made with it hold it on. */
	SSL_CTX_free(old);
	return R_GOOD;
}

enum result
tls_new(struct tls **out, const char *certificate, const char *key, struct why *why)
{
	struct tls *t = calloc(1, sizeof *t);
	enum result r = R_NO_MEMORY;

	*out = NULL;
	if (t == NULL)
		return r;
	(void)pthread_mutex_init(&t->lock, NULL);
	t->certificate = strdup(certificate);
	t->key = strdup(key);
	if (t->certificate != NULL && t->key != NULL)
		r = tls_reload(t, why);
	if (r != R_GOOD) {
		tls_free(t);
		return r;
	}
	*out = t;
	return R_GOOD;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->context);
	(void)pthread_mutex_destroy(&t->lock);
	free(t->certificate);
	free(t->key);
	free(t);
}

SSL *
tls_accept(struct tls *t)
{
	SSL *ssl;

	(void)pthread_mutex_lock(&t->lock);
	ssl = SSL_new(t->context);
	(void)pthread_mutex_unlock(&t->lock);
	return ssl;
}
