/*
 * What keeper and launcher must compute alike: a token's MAC, and the words for a launcher's
 * answer. Linked into both helpers, so it needs nothing beyond libc and libcrypto.
 */
#include "core/frames.h"

static void put_le64(uint8_t *at, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)(v >> (8 * i));
}

void token_mac(const uint8_t key[TOKEN_KEY_BYTES], const struct token *t, uint8_t out[BASE_SHA256])
{
    static const char domain[] = "reeve-token-v1"; /* with its NUL */
    uint8_t text[sizeof domain + 8 + BASE_SHA256 + 8], *at = text;
    memcpy(at, domain, sizeof domain);
    at += sizeof domain;
    put_le64(at, t->seq);
    at += 8;
    memcpy(at, t->plan, BASE_SHA256);
    at += BASE_SHA256;
    put_le64(at, (uint64_t)t->expires_ns);
    base_hmac_sha256(key, TOKEN_KEY_BYTES, text, sizeof text, out);
}

const char *launcher_why_text(uint32_t why)
{
#define X(id, text) text,
    static const char *const texts[] = {LAUNCHER_WHY_TABLE(X)};
#undef X
    return why < BASE_COUNT(texts) ? texts[why] : "an answer that the launcher cannot give";
}
