/* The token's check and the window of used sequences. See token.h. */
#include "providers/process/launcher/token.h"

static uint64_t bit_of(uint64_t seq)
{
    return UINT64_C(1) << (seq % 64);
}

static uint64_t *word_of(struct token_window *w, uint64_t seq)
{
    return &w->used[seq % TOKEN_WINDOW / 64];
}

static bool was_used(struct token_window *w, uint64_t seq)
{
    if (!w->any || seq > w->highest)
        return false;
    return w->highest - seq >= TOKEN_WINDOW || (*word_of(w, seq) & bit_of(seq));
}

static void mark_used(struct token_window *w, uint64_t seq)
{
    if (!w->any || (seq > w->highest && seq - w->highest >= TOKEN_WINDOW)) {
        memset(w->used, 0, sizeof w->used);
        w->highest = seq;
    }
    for (; w->highest < seq; w->highest++)
        *word_of(w, w->highest + 1) &= ~bit_of(w->highest + 1);
    w->any = true;
    *word_of(w, seq) |= bit_of(seq);
}

uint32_t token_check(struct token_window *w, const uint8_t key[TOKEN_KEY_BYTES],
                     const struct token *t, const uint8_t plan[BASE_SHA256], int64_t now_ns)
{
    uint8_t mac[BASE_SHA256];
    token_mac(key, t, mac);
    if (!base_equal_ct(mac, t->mac, sizeof mac))
        return LAUNCHER_WHY_TOKEN_MAC;
    if (!base_equal_ct(plan, t->plan, sizeof t->plan))
        return LAUNCHER_WHY_TOKEN_PLAN;
    if (now_ns >= t->expires_ns)
        return LAUNCHER_WHY_TOKEN_EXPIRED;
    if (was_used(w, t->seq))
        return LAUNCHER_WHY_TOKEN_USED;
    mark_used(w, t->seq);
    return LAUNCHER_WHY_NONE;
}
