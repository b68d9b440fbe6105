/* See query.h. */
#include "audit/query.h"

#include <strings.h>

const char *const audit_column_name[AUDIT_COLUMNS] = {
#define X(id, name, ...) name,
    AUDIT_COLUMN_TABLE(X)
#undef X
};

static const char *const paths[AUDIT_COLUMNS][2] = {
#define X(id, name, first, second) {first, second},
    AUDIT_COLUMN_TABLE(X)
#undef X
};

static const struct json_node *follow(const struct json_doc *doc, const char *path)
{
    const struct json_node *n = json_root(doc);
    while (n && *path) {
        char key[32];
        size_t len = strcspn(path, ".");
        if (n->type != JSON_OBJECT || len >= sizeof key)
            return NULL;
        memcpy(key, path, len);
        key[len] = '\0';
        n = json_get(doc, n, key);
        path += len + (path[len] == '.');
    }
    return n;
}

struct str audit_column_of(const struct json_doc *doc, enum audit_column column)
{
    for (unsigned i = 0; i < 2 && paths[column][i]; i++) {
        const struct json_node *n = follow(doc, paths[column][i]);
        if (n && n->type == JSON_STRING)
            return n->s;
    }
    return (struct str){NULL, 0};
}

/* ---- times ---- */

/* The beginning of "2026-11-25T09:00:00.123456789", of any length, without what says UTC. */
static bool is_time(struct str s)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd.ddddddddd";
    if (s.n < 4 || s.n >= sizeof form)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (form[i] == 'd' ? s.p[i] < '0' || s.p[i] > '9' : s.p[i] != form[i])
            return false;
    return true;
}

static struct str without_zone(struct str s)
{
    return s.n && s.p[s.n - 1] == 'Z' ? (struct str){s.p, s.n - 1} : s;
}

int audit_query_check(const struct audit_query *q, struct reeve_error *err)
{
    const struct str *const times[] = {&q->since, &q->until};
    for (size_t i = 0; i < BASE_COUNT(times); i++)
        if (times[i]->p && !is_time(without_zone(*times[i])))
            return base_fail(err, REEVE_EINVAL,
                             "%.*s is no time; write 2026-11-25 or 2026-11-25T09:00:00Z, in UTC",
                             (int)(times[i]->n < 64 ? times[i]->n : 64), times[i]->p);
    return 0;
}

/* As text: what is compared is as long as the bound. */
static int compare(struct str time, struct str bound)
{
    bound = without_zone(bound);
    size_t n = time.n < bound.n ? time.n : bound.n;
    int c = memcmp(time.p, bound.p, n);
    return c || n == bound.n ? c : -1;
}

static bool in_time(const struct audit_query *q, struct str time)
{
    return (!q->since.p || (time.p && compare(time, q->since) >= 0)) &&
           (!q->until.p || (time.p && compare(time, q->until) < 0));
}

/* ---- words ---- */

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (uint8_t)c >= 0x80;
}

bool audit_query_word(struct str *text, struct str *word)
{
    while (text->n && !is_word(*text->p))
        *text = (struct str){text->p + 1, text->n - 1};
    *word = (struct str){text->p, 0};
    while (text->n && is_word(*text->p)) {
        *text = (struct str){text->p + 1, text->n - 1};
        word->n++;
    }
    return word->n > 0;
}

static bool has_word(struct str record, struct str word)
{
    struct str other;
    while (audit_query_word(&record, &other))
        if (other.n == word.n && strncasecmp(other.p, word.p, word.n) == 0)
            return true;
    return false;
}

static bool has_words(struct str record, struct str text)
{
    struct str word;
    while (audit_query_word(&text, &word))
        if (!has_word(record, word))
            return false;
    return true;
}

bool audit_query_matches(const struct audit_query *q, struct str record)
{
    bool whole = !q->since.p && !q->until.p && !q->text.p;
    for (unsigned i = 0; i < AUDIT_COLUMNS && whole; i++)
        whole = !q->is[i].p;
    if (whole)
        return true;
    auto_json struct json_text t = {0};
    if (!record.p || json_text_parse(record, &t, NULL) != 0 ||
        !in_time(q, audit_column_of(&t.doc, AUDIT_COLUMN_TIME)))
        return false;
    for (unsigned i = 0; i < AUDIT_COLUMNS; i++)
        if (q->is[i].p && !str_eq(audit_column_of(&t.doc, (enum audit_column)i), q->is[i]))
            return false;
    return !q->text.p || has_words(record, q->text);
}
