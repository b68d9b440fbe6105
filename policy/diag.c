/*
 * Reporting: turns a code and a position into a finding, finds its source line, keeps the first
 * error. Called by every stage of the compiler and by lint; decides nothing.
 */
#include "policy/hash.h"
#include "policy/suppress.h"

#include <stdio.h>

struct code_row {
    const char *code, *meaning, *symbol;
    enum policy_severity severity;
};

#define X(symbol, code, severity, meaning) {code, meaning, #symbol, POLICY_##severity},
static const struct code_row codes[P_COUNT] = {POLICY_CODE_TABLE(X)};
#undef X

const char *policy_code_text(size_t index, const char **code)
{
    if (index >= P_COUNT)
        return NULL;
    if (code)
        *code = codes[index].code;
    return codes[index].meaning;
}

struct str policy_text_at(const struct policy_report *r, struct policy_pos at)
{
    return at.file && at.file <= r->nmore ? r->more[at.file - 1]->text : r->text;
}

static struct policy_lines *lines_of(struct policy_report *r, struct policy_pos at)
{
    return at.file && at.file <= r->nmore ? &r->more[at.file - 1]->lines : &r->lines;
}

struct str *policy_text_of(struct policy_report *r)
{
    return r->reading ? &r->more[r->reading - 1]->text : &r->text;
}

const char *policy_file_of(const struct policy_report *r, struct policy_pos at)
{
    return at.file && at.file <= r->nmore ? r->more[at.file - 1]->file : r->file;
}

const char *policy_place(const struct policy_report *r, struct policy_pos at,
                         struct policy_pos from, char out[POLICY_PLACE])
{
    if (at.file == from.file)
        (void)snprintf(out, POLICY_PLACE, "on line %u", at.line);
    else
        (void)snprintf(out, POLICY_PLACE, "on line %u of %.120s", at.line, policy_file_of(r, at));
    return out;
}

bool policy_code_info(size_t index, struct policy_code_info *out)
{
    if (index >= P_COUNT)
        return false;
    const struct code_row *row = &codes[index];
    *out = (struct policy_code_info){row->code, row->meaning, row->severity, {0}};
    for (size_t i = 0; row->symbol[i] && i + 1 < sizeof out->id; i++) {
        char c = row->symbol[i];
        out->id[i] = (char)(c == '_' ? '-' : c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    return true;
}

enum policy_code policy_code_of(struct str code)
{
    for (unsigned i = 0; i < P_COUNT; i++)
        if (str_is(code, codes[i].code))
            return (enum policy_code)i;
    return P_COUNT;
}

static void emit(struct policy_report *r, enum policy_code code, struct policy_pos at,
                 const char *suggestion, const char *message, struct str suppressed)
{
    struct policy_code_info info;
    policy_code_info(code, &info);
    struct policy_diag d = {
        .id = info.id,
        .suppressed = suppressed,
        .severity = codes[code].severity,
        .code = codes[code].code,
        .file = policy_file_of(r, at),
        .line = at.line,
        .column = at.column,
        .length = at.length ? at.length : 1,
        .message = message,
        .suggestion = suggestion,
    };
    if (code != P_SECRET) /* which is not to be shown again */
        d.source_line = policy_source_line(lines_of(r, at), policy_text_at(r, at), at.line);
    if (r->fn)
        r->fn(r->arg, &d);
}

/* Told as what it is, as often as findings that count are. */
static bool is_suppressed(struct policy_report *r, enum policy_code code, struct policy_pos at,
                          const char *suggestion, const char *message)
{
    if (!r->suppress || codes[code].severity != POLICY_WARNING || code == P_BAD_ALLOW ||
        code == P_UNUSED_ALLOW)
        return false;
    struct str reason = policy_suppress_find(&r->suppress[at.file], at.line, code);
    if (reason.p && r->suppressed < POLICY_MAX_FINDINGS) {
        r->suppressed++;
        emit(r, code, at, suggestion, message, reason);
    }
    return reason.p != NULL;
}

static void keep_first(struct policy_report *r, enum policy_code code, struct policy_pos at,
                       const char *suggestion, const char *message)
{
    if (r->errors++ > 0 || !r->err)
        return;
    base_fail(r->err, REEVE_EPOLICY, "%s: %s%s%s", codes[code].code, message,
              suggestion ? "; " : "", suggestion ? suggestion : "");
    r->err->line = at.line;
    r->err->column = at.column;
    (void)snprintf(r->err->file, sizeof r->err->file, "%s", policy_file_of(r, at));
}

/* Whether the same was told of the same place. */
static bool was_told(struct policy_report *r, enum policy_code code, struct policy_pos at,
                     const char *message)
{
    uint64_t place = (uint64_t)at.line << 32 | at.column;
    uint64_t kind = (uint64_t)code << 32 | (uint64_t)at.file << 16 | at.length;
    uint64_t h = hash_mix(hash_text(str_of(message)) ^ place, HASH_WORD ^ kind);
    for (unsigned i = 0; i < r->ntold; i++)
        if (r->told[i] == h)
            return true;
    if (r->ntold < BASE_COUNT(r->told))
        r->told[r->ntold++] = h;
    return false;
}

static const struct str counts = {NULL, 0};

static void tell_of_more(struct policy_report *r, struct policy_pos at)
{
    emit(r, P_FINDINGS, at, NULL, "there is more to say; mend what is listed and run again",
         counts);
}

/* Whether delegated files have had their share; says so once. */
static bool is_beyond_share(struct policy_report *r, struct policy_pos at)
{
    if (!at.file || at.file > r->nmore || !r->more[at.file - 1]->delegated)
        return false;
    if (r->delegated == POLICY_MAX_DELEGATED)
        tell_of_more(r, at);
    if (r->delegated <= POLICY_MAX_DELEGATED)
        r->delegated++;
    return r->delegated > POLICY_MAX_DELEGATED;
}

void policy_report(struct policy_report *r, enum policy_code code, struct policy_pos at,
                   const char *suggestion, const char *fmt, ...)
{
    if (r->out_of_memory)
        return; /* a consequence of what could not be kept, more likely than a fault of the text */
    char message[448];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    if (codes[code].severity == POLICY_ERROR)
        keep_first(r, code, at, suggestion, message);
    if (was_told(r, code, at, message) || is_suppressed(r, code, at, suggestion, message) ||
        is_beyond_share(r, at))
        return;
    if (r->findings < POLICY_MAX_FINDINGS)
        emit(r, code, at, suggestion, message, counts);
    else if (r->findings == POLICY_MAX_FINDINGS)
        tell_of_more(r, at);
    if (r->findings <= POLICY_MAX_FINDINGS)
        r->findings++;
}

void policy_report_memory(struct policy_report *r)
{
    r->out_of_memory = true;
}

const char *policy_shown(struct str s, char out[POLICY_SHOWN])
{
    size_t n = s.n > 80 ? 80 : s.n;
    while (n < s.n && n > 0 && ((uint8_t)s.p[n] & 0xc0) == 0x80)
        n--; /* do not cut inside a character */
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)s.p[i] < 0x20 || s.p[i] == 0x7f ? '?' : s.p[i];
    (void)snprintf(out + n, POLICY_SHOWN - n, "%s", n < s.n ? "..." : "");
    return out;
}

struct policy_nearest policy_near(struct policy_report *r, struct str wanted)
{
    bool finds = r->findings < POLICY_MAX_FINDINGS && r->delegated <= POLICY_MAX_DELEGATED &&
                 r->searches < POLICY_MAX_SEARCHES;
    r->searches += finds;
    return (struct policy_nearest){.wanted = finds ? wanted : (struct str){0}};
}

static unsigned reach(size_t length)
{
    return length <= 4 ? 1 : length <= 11 ? 2 : 3;
}

/* Words of other languages, and the word of this one that says the same. Where several could be
 * meant, the one that is on offer is. */
static const struct {
    const char *theirs, *ours;
} synonyms[] = {
    {"if", "when"},
    {"condition", "when"},
    {"conditions", "when"},
    {"description", "reason"},
    {"message", "reason"},
    {"action", "effect"},
    {"actions", "capability"},
    {"permit", "allow"},
    {"accept", "allow"},
    {"block", "deny"},
    {"forbid", "deny"},
    {"reject", "deny"},
    {"or", "any"},
    {"and", "all"},
    {"equals", "eq"},
    {"equal", "eq"},
    {"is", "eq"},
    {"not_equals", "ne"},
    {"not_equal", "ne"},
    {"is_not", "ne"},
    {"le", "lte"},
    {"ge", "gte"},
    {"max", "lte"},
    {"min", "gte"},
    {"less_than", "lt"},
    {"greater_than", "gt"},
    {"match", "matches"},
    {"ends_with", "like"},
    {"suffix", "like"},
    {"missing", "exists"},
    {"present", "exists"},
    {"nin", "not_in"},
    {"none", "not"},
    {"nor", "not"},
    {"unless", "not"},
    {"==", "eq"},
    {"=", "eq"},
    {"!=", "ne"},
    {"neq", "ne"},
    {"one_of", "in"},
    {"none_of", "not_in"},
    {"regex", "matches"},
    {"regexp", "matches"},
    {"pattern", "matches"},
    {"glob", "like"},
    {"prefix", "starts_with"},
    {"has", "contains"},
    {"<", "lt"},
    {"<=", "lte"},
    {">", "gt"},
    {">=", "gte"},
    {"every", "each"},
    {"length", "size"},
    {"microvm", "vm"},
    {"container", "sandbox"},
    {"docker", "sandbox"},
    {"timeout", "wall"},
    {"time", "wall"},
    {"time", "now"},
    {"mem", "memory"},
    {"procs", "processes"},
    {"fds", "open_files"},
    {"per", "window"},
    {"period", "window"},
    {"interval", "window"},
    {"text", "string"},
    {"str", "string"},
    {"boolean", "bool"},
    {"integer", "int"},
    {"int", "integer"},
    {"object", "map"},
    {"files", "filesystem"},
    {"fs", "filesystem"},
    {"networking", "network"},
    {"net", "network"},
    {"domain", "host"},
    {"hostname", "host"},
    {"ro", "read"},
    {"readonly", "read"},
    {"rw", "write"},
    {"exec", "execute"},
    {"required", "optional"},
    {"env", "environment"},
    {"user", "subject"},
    {"principal", "subject"},
    {"subject", "match"},
    {"agent", "subject"},
    {"parents", "chain"},
    {"uid", "peer.uid"},
};

static bool is_synonym(struct str theirs, struct str ours)
{
    for (size_t i = 0; i < BASE_COUNT(synonyms); i++)
        if (str_is(theirs, synonyms[i].theirs) && str_is(ours, synonyms[i].ours))
            return true;
    return false;
}

/* "NAMESPACE/name" of a delegated file: its namespace, n 0: none. */
static struct str namespace_of(struct str name)
{
    size_t n = 0;
    while (n < name.n && (name.p[n] == '-' || (name.p[n] >= '0' && name.p[n] <= '9') ||
                          (name.p[n] >= 'a' && name.p[n] <= 'z')))
        n++;
    return (struct str){name.p, n < name.n && name.p[n] == '/' ? n : 0};
}

void policy_offer(struct policy_nearest *n, struct str candidate)
{
    if (!n->wanted.n || (n->best.p && n->distance == 0) ||
        !str_eq(namespace_of(n->wanted), namespace_of(candidate)))
        return;
    if (is_synonym(n->wanted, candidate)) {
        n->best = candidate;
        n->distance = 0;
        return;
    }
    unsigned limit = n->best.p ? n->distance - 1 : reach(n->wanted.n);
    unsigned d = str_distance(n->wanted, candidate, limit);
    if (d <= limit) {
        n->best = candidate;
        n->distance = d;
    }
}

const char *policy_hint(const struct policy_nearest *n, char hint[POLICY_HINT])
{
    if (!n->best.p)
        return NULL;
    (void)snprintf(hint, POLICY_HINT, "did you mean `%.*s`?", (int)n->best.n, n->best.p);
    return hint;
}
