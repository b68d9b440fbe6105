/*
 * Subject patterns, paths, levels, isolation: the small values that several keys of the language
 * take. Syntax only; whether a group exists is for check.c to say.
 */
#include "policy/parse.h"

#include "core/catalogue.h"

/* What stands where, and what is said of `anyone` there. */
static const struct {
    const char *what, *form, *anyone;
} places[] = {
    [PARSE_SUBJECT] = {"subject pattern", "write `type:id`, `type:glob*` or `group:name`",
                       "`anyone` stands alone: `subject: anyone`"},
    [PARSE_MEMBER] = {"subject pattern", "write `type:id`, `type:glob*` or `group:name`",
                      "name the members; where anyone is meant no group is"},
    [PARSE_RESOURCE] = {"resource pattern", "write `type:id` or `type:glob*`",
                        "leave `resource` out where any is meant"},
    [PARSE_APPROVER] = {"approver", "write `type:id`, `type:glob*` or `group:name`",
                        "name who approves, for example `[\"group:ops\"]`"},
    [PARSE_GROUP] = {"group", "write `group:NAME`", "name a group: `group:NAME`"},
};

static bool bad_subject(struct parser *p, const struct ynode *n, enum parse_place place,
                        const char *hint)
{
    char shown[POLICY_SHOWN];
    policy_report(p->report, P_SUBJECT, n->pos, hint, "`%s` is no %s", policy_shown(n->text, shown),
                  places[place].what);
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

bool parse_subject(struct parser *p, const struct ynode *n, enum parse_place place,
                   struct m_subject *out)
{
    struct str text;
    if (!parse_text(p, n, "a subject", POLICY_MAX_NAME, &text))
        return false;
    *out = (struct m_subject){.text = text, .group = POLICY_NONE, .at = n->pos};
    if (str_starts(text, STR("group:")))
        return parse_group_ref(p, n, out);
    if (str_is(text, "anyone"))
        return bad_subject(p, n, place, places[place].anyone);
    if (text.n && text.p[0] == '!')
        return bad_subject(p, n, place, "write `not: {subject: {is: \"group:NAME\"}}` in `when`");
    if (has_space(text))
        return bad_subject(p, n, place, "leave the space out");
    if (!policy_subject_valid(text))
        return bad_subject(p, n, place, places[place].form);
    bool glob = memchr(text.p, '*', text.n) != NULL;
    out->kind = glob ? SUBJECT_GLOB : SUBJECT_ID;
    out->literals = glob ? policy_glob_literals(text) : 0;
    return true;
}

bool parse_subject_or_anyone(struct parser *p, const struct ynode *n, struct m_subject *out)
{
    if (n->type != Y_TEXT || !str_is(n->text, "anyone"))
        return parse_subject(p, n, PARSE_SUBJECT, out);
    *out = (struct m_subject){
        .kind = SUBJECT_ANYONE, .text = n->text, .group = POLICY_NONE, .at = n->pos};
    return true;
}

bool parse_subject_list(struct parser *p, const struct ynode *n, enum parse_place place,
                        const char *what, struct m_subjects *out)
{
    if (n->type == Y_TEXT && str_is(n->text, "anyone"))
        return bad_subject(p, n, place, places[place].anyone);
    if (!parse_is_list(p, n, what))
        return false;
    *out = (struct m_subjects){.v = parse_alloc(p, n->count, sizeof *out->v)};
    if (!out->v)
        return false;
    for (const struct ynode *c = n->first; c; c = c->next)
        if (parse_subject(p, c, place, &out->v[out->n]))
            out->n++;
    return true;
}

void parse_subjects(struct parser *p, const struct ynode *n, struct m_subjects *out)
{
    if (n->type == Y_TEXT && str_is(n->text, "anyone")) {
        out->v = parse_alloc(p, 1, sizeof *out->v);
        out->n = out->v && parse_subject_or_anyone(p, n, out->v);
    } else if (n->type == Y_TEXT && !n->refused && !memchr(n->text.p, ':', n->text.n)) {
        (void)bad_subject(p, n, PARSE_SUBJECT,
                          "write `anyone`, or a list such as `[\"agent:lab-*\"]`");
    } else if (parse_subject_list(p, n, PARSE_SUBJECT, "`subject`", out) && n->count == 0) {
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
    return parse_path_of(p, n, n->text,
                         n->type == Y_TEXT && memchr(n->text.p, '*', n->text.n)
                             ? "name the folder: what is below it goes with it"
                             : "write it from `/`, without `..` and wildcards",
                         out);
}

bool parse_path_of(struct parser *p, const struct ynode *n, struct str written, const char *hint,
                   struct str *out)
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
        policy_report(p->report, P_PATH, n->pos, hint, "`%s` is no path that can be held to",
                      policy_shown(written, shown));
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
