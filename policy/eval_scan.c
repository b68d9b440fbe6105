/*
 * The candidates of one request: the hashes of its capability and of each prefix of it, paired with
 * everyone that the subject counts among, go through the filter; what passes is looked up in three
 * rounds, each of which only asks for what the next will read, so that the misses of all overlap.
 */
#include "policy/eval.h"
#include "policy/hash.h"

#define WORD 8u

/* ---- texts ---- */

/* Bit 7 of each byte of `word` that is a dot. */
static uint64_t dots_in(uint64_t word)
{
    const uint64_t low7 = UINT64_C(0x7f7f7f7f7f7f7f7f), dots = UINT64_C(0x2e2e2e2e2e2e2e2e);
    uint64_t x = word ^ dots;
    return ~(((x & low7) + low7) | x | low7);
}

static void add_text(struct eval_scan *scan, uint64_t hash, size_t n, unsigned segments, bool exact)
{
    scan->text[scan->ntexts++] = (struct eval_text){hash, (uint16_t)n, (uint8_t)segments, exact};
}

/* The prefixes that end in this word, `at` bytes into the id. `h`: of the words before. */
static void add_prefixes(struct eval_scan *scan, uint64_t depths, uint64_t h, uint64_t word,
                         size_t at, unsigned *segments)
{
    for (uint64_t dots = dots_in(word); dots; dots &= dots - 1) {
        unsigned bytes = ((unsigned)__builtin_ctzll(dots) + 1) / 8; /* of the word, dot included */
        if (++*segments >= POLICY_MAX_SEGMENTS)
            return;
        if (!(depths >> *segments & 1))
            continue;
        uint64_t hash = bytes == WORD
                            ? hash_end(hash_word(h, word), 0, at + bytes)
                            : hash_end(h, word & ((UINT64_C(1) << 8 * bytes) - 1), at + bytes);
        add_text(scan, hash, at + bytes, *segments, false);
    }
}

/* Shortest first. */
static void add_texts(struct eval_scan *scan)
{
    struct str id = scan->capability;
    uint64_t depths = image_head(scan->image)->depths, h = HASH_START, word;
    unsigned segments = 0;
    size_t at = 0;
    if (depths & 1)
        add_text(scan, hash_end(HASH_START, 0, 0), 0, 0, false);
    for (; id.n - at >= WORD; at += WORD) {
        memcpy(&word, id.p + at, sizeof word);
        add_prefixes(scan, depths, h, word, at, &segments);
        h = hash_word(h, word);
    }
    word = hash_rest(id.p + at, id.n - at);
    add_prefixes(scan, depths, h, word, at, &segments);
    if (depths >> POLICY_MAX_SEGMENTS & 1)
        add_text(scan, hash_end(h, word, id.n), id.n, 0, true);
}

void eval_scan_begin(struct eval_scan *scan, const struct policy_image *image,
                     struct str capability, struct eval_subject subject)
{
    scan->image = image;
    scan->capability = capability;
    scan->subject = subject;
    scan->ntexts = scan->nfound = 0;
    eval_scan_restart(scan);
    add_texts(scan);
}

void eval_scan_restart(struct eval_scan *scan)
{
    scan->groups = 0;
    scan->begun = false;
}

/* ---- one batch ---- */

struct who {
    uint64_t hash;
    uint32_t who, spread; /* of the filter */
};
/* A pair that passed the filter: indexes of both. */
struct probe {
    uint64_t hash;
    uint32_t text, who;
};

static struct who who_of(uint32_t who, uint32_t spread)
{
    return (struct who){hash_who(who), who, spread};
}

/* Everyone of this batch: the id and the rest in the first, then group after group. */
static unsigned batch_of(struct eval_scan *scan, struct who who[EVAL_MAX_WHO])
{
    const struct img_head *head = image_head(scan->image);
    const struct eval_subject *s = &scan->subject;
    unsigned n = 0;
    if (!scan->begun) {
        if (head->others)
            who[n++] = who_of(IMAGE_WHO_OTHER, UINT32_MAX);
        if (s->index != POLICY_NONE)
            who[n++] = who_of(IMAGE_WHO_ID | s->index, head->spread);
    }
    while (n < EVAL_MAX_WHO && scan->groups < s->ngroups)
        who[n++] = who_of(IMAGE_WHO_GROUP | s->groups[scan->groups++], head->spread);
    return n;
}

/* What passes the filter, without a branch that depends on it. */
static unsigned filter(const struct eval_scan *scan, const struct who *who, unsigned nwho,
                       struct probe *out)
{
    const uint64_t *words = image_filter(scan->image);
    uint32_t nwords = scan->image->section[IMAGE_filter].count;
    unsigned n = 0;
    for (unsigned i = scan->ntexts; i-- > 0;) {
        uint64_t text = scan->text[i].hash;
        for (unsigned k = 0; k < nwho; k++) {
            uint64_t hash = text ^ who[k].hash;
            uint64_t word = words[hash_filter_word(text, who[k].hash, who[k].spread, nwords)];
            out[n] = (struct probe){hash, i, k};
            n += hash_filter_has(word, hash);
        }
    }
    return n;
}

static bool is_of(const struct eval_scan *scan, const struct img_entry *e, uint32_t who, size_t n)
{
    return e->who == who && e->ntext == n &&
           base_same(image_bytes(scan->image) + e->text, scan->capability.p, e->ntext);
}

static void prefetch_rest(const struct policy_image *image, const struct img_entry *e)
{
    if (e->condition != POLICY_NONE)
        __builtin_prefetch(&image_conditions(image)[e->condition]);
    __builtin_prefetch(&image_rules(image)[e->rule]);
}

/* The candidates of a pair among those of its cell: they stand together. */
static void find(struct eval_scan *scan, const struct eval_text *text, uint32_t who, uint32_t at,
                 uint32_t end)
{
    const struct img_entry *entries = image_entries(scan->image);
    while (at < end && !is_of(scan, &entries[at], who, text->n))
        at++;
    if (at == end)
        return;
    prefetch_rest(scan->image, &entries[at]);
    uint32_t first = at;
    while (++at < end && entries[at].who == who && entries[at].text == entries[first].text &&
           entries[at].ntext == entries[first].ntext)
        continue;
    scan->found[scan->nfound++] = (struct eval_found){first, at - first, text};
}

bool eval_scan_next(struct eval_scan *scan)
{
    struct who who[EVAL_MAX_WHO];
    struct probe probes[EVAL_MAX_FOUND];
    scan->nfound = 0;
    if (scan->begun && scan->groups == scan->subject.ngroups)
        return false;
    unsigned nwho = batch_of(scan, who);
    scan->begun = true;
    unsigned n = filter(scan, who, nwho, probes);
    const uint32_t *cells = image_cells(scan->image);
    uint32_t bits = image_head(scan->image)->cell_bits;
    for (unsigned i = 0; i < n; i++)
        __builtin_prefetch(&cells[hash_cell(probes[i].hash, bits)]);
    for (unsigned i = 0; i < n; i++) {
        const uint32_t *cell = &cells[hash_cell(probes[i].hash, bits)];
        __builtin_prefetch(&image_entries(scan->image)[cell[0]]);
    }
    for (unsigned i = 0; i < n; i++) {
        const uint32_t *cell = &cells[hash_cell(probes[i].hash, bits)];
        find(scan, &scan->text[probes[i].text], who[probes[i].who].who, cell[0], cell[1]);
    }
    return true;
}

/* ---- what a candidate is worth ---- */

bool eval_pattern_fits(const struct eval_scan *scan, const struct img_entry *e)
{
    return e->pattern == POLICY_NONE ||
           policy_capability_matches(
               image_str(scan->image, image_patterns(scan->image)[e->pattern].text),
               scan->capability);
}

uint64_t eval_pattern_key(const struct policy_image *image, const struct eval_text *text,
                          const struct img_entry *e)
{
    if (text->exact)
        return UINT64_MAX;
    if (e->pattern != POLICY_NONE)
        return image_patterns(image)[e->pattern].key;
    return text->segments ? UINT64_MAX << (64 - 2 * text->segments) : 0;
}
