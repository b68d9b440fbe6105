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

/* A capability as it is hashed: its words, the last one of what is left over, and the hash of all
 * before each. */
#define MAX_WORDS (POLICY_MAX_NAME / WORD + 1u)
struct hashed {
    uint64_t word[MAX_WORDS], before[MAX_WORDS];
    uint64_t dots[MAX_WORDS / WORD + 1]; /* a bit for each byte */
    unsigned n;
};

/* The dots of word `n` into the bits of its bytes. */
static void note_dots(struct hashed *id, unsigned n)
{
    uint64_t high = dots_in(id->word[n]); /* bit 7 of each byte, brought together */
    uint64_t dots = (high >> 7) * UINT64_C(0x0102040810204080) >> 56;
    uint64_t before = n % WORD ? id->dots[n / WORD] : 0;
    id->dots[n / WORD] = before | dots << WORD * (n % WORD);
}

static void hash_words(struct str id, struct hashed *out)
{
    uint64_t h = HASH_START;
    unsigned n = 0;
    for (size_t at = 0; id.n - at >= WORD; at += WORD, n++) {
        memcpy(&out->word[n], id.p + at, WORD);
        out->before[n] = h;
        h = hash_word(h, out->word[n]);
        note_dots(out, n);
    }
    out->word[n] = hash_tail(id);
    out->before[n] = h;
    note_dots(out, n);
    out->n = n;
}

/* The prefix of `n` bytes. */
static uint64_t hash_prefix(const struct hashed *id, size_t n)
{
    uint64_t mask = (UINT64_C(1) << 8 * (n % WORD)) - 1;
    return hash_end(id->before[n / WORD], id->word[n / WORD] & mask, n);
}

/* Shortest first. */
static void add_texts(struct eval_scan *scan)
{
    uint64_t depths = image_head(scan->image)->depths;
    unsigned segments = 0;
    struct hashed id;
    hash_words(scan->capability, &id);
    if (depths & 1)
        add_text(scan, hash_end(HASH_START, 0, 0), 0, 0, false);
    for (unsigned k = 0; k <= id.n / WORD; k++)
        for (uint64_t dots = id.dots[k]; dots; dots &= dots - 1) {
            size_t n = 64 * k + (unsigned)__builtin_ctzll(dots) + 1;
            if (++segments < POLICY_MAX_SEGMENTS && depths >> segments & 1)
                add_text(scan, hash_prefix(&id, n), n, segments, false);
        }
    if (depths >> POLICY_MAX_SEGMENTS & 1)
        add_text(scan, hash_end(id.before[id.n], id.word[id.n], scan->capability.n),
                 scan->capability.n, 0, true);
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

void eval_scan_for(struct eval_scan *scan, struct eval_subject subject)
{
    scan->subject = subject;
    eval_scan_restart(scan);
}

void eval_scan_restart(struct eval_scan *scan)
{
    scan->groups = 0;
    scan->begun = false;
}

/* ---- one batch ---- */

static struct eval_who who_of(uint32_t who, uint32_t spread)
{
    uint64_t hash = hash_who(who);
    return (struct eval_who){hash, who, (uint32_t)(hash >> 32) * HASH_BLOCK_WORDS,
                             spread * HASH_BLOCK_WORDS};
}

/* Everyone of this batch: the id and the rest in the first, then group after group. */
static unsigned batch_of(struct eval_scan *scan, struct eval_who who[EVAL_MAX_WHO])
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

/* What passes the filter, without a branch that depends on it. A function of its own, or it is
 * unrolled to eight of each and runs out of registers. */
__attribute__((noinline)) static struct eval_probe *filter(const struct eval_scan *scan,
                                                           const struct eval_who *who,
                                                           unsigned nwho, struct eval_probe *out)
{
    const uint64_t *words = image_filter(scan->image);
    uint32_t mask = scan->image->section[IMAGE_filter].count - 1;
    for (unsigned i = scan->ntexts; i-- > 0;) {
        uint64_t text = scan->text[i].hash;
        uint32_t spread = (uint32_t)(text >> 32) * HASH_BLOCK_WORDS;
        for (unsigned k = 0; k < nwho; k++) {
            uint64_t hash = text ^ who[k].hash;
            uint32_t word = hash_filter_in_block(hash) + who[k].first + (spread & who[k].spread);
            *out = (struct eval_probe){(uint16_t)i, (uint16_t)k};
            out += hash_filter_has(words[word & mask], hash);
        }
    }
    return out;
}

static uint32_t cell_of(const struct eval_scan *scan, unsigned i)
{
    const struct eval_probe *p = &scan->probe[i];
    return hash_cell(scan->text[p->text].hash ^ scan->who[p->who].hash,
                     image_head(scan->image)->cell_bits);
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
    do
        scan->kinds |= 1u << entries[at].kind;
    while (++at < end && entries[at].who == who && entries[at].text == entries[first].text &&
           entries[at].ntext == entries[first].ntext);
    scan->found[scan->nfound++] = (struct eval_found){first, at - first, text};
}

bool eval_scan_ask(struct eval_scan *scan)
{
    scan->nfound = scan->nprobes = scan->kinds = 0;
    if (scan->begun && scan->groups == scan->subject.ngroups)
        return false;
    unsigned nwho = batch_of(scan, scan->who);
    scan->begun = true;
    scan->nprobes = (unsigned)(filter(scan, scan->who, nwho, scan->probe) - scan->probe);
    for (unsigned i = 0; i < scan->nprobes; i++)
        __builtin_prefetch(&image_cells(scan->image)[cell_of(scan, i)]);
    return true;
}

void eval_scan_reach(const struct eval_scan *scan)
{
    for (unsigned i = 0; i < scan->nprobes; i++)
        __builtin_prefetch(&image_entries(scan->image)[image_cells(scan->image)[cell_of(scan, i)]]);
}

void eval_scan_find(struct eval_scan *scan)
{
    for (unsigned i = 0; i < scan->nprobes; i++) {
        const uint32_t *cell = &image_cells(scan->image)[cell_of(scan, i)];
        find(scan, &scan->text[scan->probe[i].text], scan->who[scan->probe[i].who].who, cell[0],
             cell[1]);
    }
}

bool eval_scan_next(struct eval_scan *scan)
{
    bool more = eval_scan_ask(scan);
    eval_scan_reach(scan);
    eval_scan_find(scan);
    return more;
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
