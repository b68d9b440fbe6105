/*
 * Provider "mock": answers with what it was asked to do and does nothing. For trying policies and
 * clients; isolates by nothing, so that it is taken only when it is asked for by name.
 */
#ifndef PROVIDERS_MOCK_MOCK_H
#define PROVIDERS_MOCK_MOCK_H

#include "reeve/provider.h"

struct mock_provider;

/** REEVE_ENOMEM. */
int mock_provider_new(struct mock_provider **out);
/** Frees and sets NULL; NULL is fine. */
void mock_provider_free(struct mock_provider **p);
/** Name, rank and functions, `self` set; lives as long as `p`. One thread at a time; `finished` is
 * called from release or cancel. */
const struct reeve_provider *mock_provider_ops(struct mock_provider *p);

#endif
