/*
 * tls: the certificate that the board shows, and how connections are made secret with it:
 * TLS 1.2 and 1.3, forward secrecy and authenticated encryption only, no renegotiation, no
 * compression, no early data.
 */
#ifndef SERVER_TLS_H
#define SERVER_TLS_H

#include <openssl/ssl.h>

#include "crypto/result.h"

struct tls;

/* Read a certificate (PEM, with the chain behind it) and its key (PEM, without a
 * passphrase). The paths are copied. R_BAD_INPUT, R_KEY_PERMISSIONS if the key is open to
 * everybody, R_NO_DISK, R_NO_MEMORY. Free with tls_free. */
enum result tls_new(struct tls **out, const char *certificate, const char *key, struct why *why);
void tls_free(struct tls *t);

/* Read both files again: new connections show the new certificate, those that are open
 * stay. On failure everything stays as it was. Any thread. */
enum result tls_reload(struct tls *t, struct why *why);

/* Make the server's side of a new connection; NULL if memory ends. Any thread. */
SSL *tls_accept(struct tls *t);

#endif
