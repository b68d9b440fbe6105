/*
 * Subject patterns, paths, levels, isolation: the small values that several keys of the language
 * take. Syntax only; whether a group exists is for check.c to say.
 */
#include "policy/parse.h"

#include "core/catalogue.h"

static bool bad_subject(struct parser *p, const struct ynode *n, const char *hint)
{
    char shown[POLICY_SHOWN];
    policy_report(p->report, P_SUBJECT, n->pos, hint, "`%s` is no subject pattern",
                  policy_shown(n->text, shown));
    return false;
}

static bool parse_group_ref(struct parser *p, const struct ynode *n, struct m_subject *out)
{
    struct ynode name = *n;
    name.text = (struct str){n->text.p + 6, n->text.n - 6};
    out->kind = SUBJECT_GROUP;
    out->text = parse_named(p, SPACE_GROUPS, name.text);
    return parse_name(p, &name, "a group");
}

/* A space in front of the id or behind it, which nobody's has. */
static bool has_space(struct str text)
{
    const char *colon = text.n ? memchr(text.p, ':', text.n) : NULL;
    return text.n && (text.p[0] == ' ' || text.p[text.n - 1] == ' ' ||
                      (colon && colon + 1 < text.p + text.n && colon[1] == ' '));
}

bool parse_subject(struct parser *p, const struct ynode *n, struct m_subject *out)
{
    struct str text;
    if (!parse_text(p, n, "a subject", POLICY_MAX_NAME, &text))
        return false;
    *out = (struct m_subject){.text = text, .group = POLICY_NONE, .at = n->pos};
    if (str_starts(text, STR("group:")))
        return parse_group_ref(p, n, out);
    if (str_is(text, "anyone"))
        return bad_subject(p, n, "`anyone` stands alone: `subject: anyone`");
    if (text.n && text.p[0] == '!')
        return bad_subject(p, n, "write `not: {subject: {is: \"group:NAME\"}}` in `when`");
    if (has_space(text))
        return bad_subject(p, n, "leave the space out");
    if (!policy_subject_valid(text))
        return bad_subject(p, n, "write `type:id`, `type:glob*` or `group:name`");
    bool glob = memchr(text.p, '*', text.n) != NULL;
    out->kind = glob ? SUBJECT_GLOB : SUBJECT_ID;
    out->literals = glob ? policy_glob_literals(text) : 0;
    return true;
}

bool parse_subject_or_anyone(struct parser *p, const struct ynode *n, struct m_subject *out)
{
    if (n->type != Y_TEXT || !str_is(n->text, "anyone"))
        return parse_subject(p, n, out);
    *out = (struct m_subject){
        .kind = SUBJECT_ANYONE, .text = n->text, .group = POLICY_NONE, .at = n->pos};
    return true;
}

bool parse_subject_list(struct parser *p, const struct ynode *n, const char *what,
                        struct m_subjects *out)
{
    if (!parse_is_list(p, n, what))
        return false;
    *out = (struct m_subjects){.v = parse_alloc(p, n->count, sizeof *out->v)};
    if (!out->v)
        return false;
    for (const struct ynode *c = n->first; c; c = c->next)
        if (parse_subject(p, c, &out->v[out->n]))
            out->n++;
    return true;
}

void parse_subjects(struct parser *p, const struct ynode *n, struct m_subjects *out)
{
    if (n->type == Y_TEXT && str_is(n->text, "anyone")) {
        out->v = parse_alloc(p, 1, sizeof *out->v);
        out->n = out->v && parse_subject_or_anyone(p, n, out->v);
    } else if (n->type == Y_TEXT && !n->refused && !memchr(n->text.p, ':', n->text.n)) {
        (void)bad_subject(p, n, "write `anyone`, or a list such as `[\"agent:lab-*\"]`");
    } else if (parse_subject_list(p, n, "`subject`", out) && n->count == 0) {
        policy_report(p->report, P_EMPTY, n->pos, "write `subject: anyone` if everyone is meant",
                      "`subject` names nobody");
    }
}

static bool has_dotdot(struct str path)
{
    for (size_t i = 0; i + 2 < path.n; i++)
        if (memcmp(path.p + i, "/..", 3) == 0 && (i + 3 == path.n || path.p[i + 3] == '/'))
            return true;
    return false;
}

bool parse_path(struct parser *p, const struct ynode *n, struct str *out)
{
    struct str text;
    if (!parse_text(p, n, "a path", 4095, &text))
        return false;
    auto_buf struct buf normal = {0};
    bool plain = !has_dotdot(text) && !memchr(text.p, '*', text.n) && !memchr(text.p, '\n', text.n);
    if (!plain || !core_path_normal(text, &normal) || normal.failed) {
        char shown[POLICY_SHOWN];
        if (normal.failed)
            policy_report_memory(p->report);
        policy_report(p->report, P_PATH, n->pos,
                      memchr(text.p, '*', text.n) ? "name the folder: what is below it goes with it"
                                                  : "write it from `/`, without `..` and wildcards",
                      "`%s` is no path that can be held to", policy_shown(text, shown));
        return false;
    }
    *out = arena_str(p->arena, buf_view(&normal));
    if (!out->p)
        policy_report_memory(p->report);
    return out->p != NULL;
}

#define X(id, name) name,
static const char *const level_words[] = {CORE_LEVEL_TABLE(X)};
#undef X
const struct parse_shape shape_level = {SHAPE_WORDS_OF(level_words)};

bool parse_level(struct parser *p, const struct ynode *n, int *out)
{
    *out = parse_word(p, n, "`level`", level_words, BASE_COUNT(level_words));
    return *out >= 0;
}

#define X(id, name) name,
static const char *const rank_words[] = {CORE_RANK_TABLE(X)};
#undef X
const struct parse_shape shape_isolation = {SHAPE_WORDS_OF(rank_words)};

int parse_isolation(struct parser *p, const struct ynode *n)
{
    return parse_word(p, n, "`isolation`", rank_words, BASE_COUNT(rank_words));
}
