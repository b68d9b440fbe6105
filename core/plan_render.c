/*
 * A plan for people and records: one JSON object in canonical form, everything but the filter's
 * bytes. Called with checked plans only; reads nothing but the plan.
 */
#include "core/json.h"
#include "core/plan.h"

static struct str text_at(const struct plan_view *v, struct plan_span s)
{
    return (struct str){plan_str(v, s), s.len};
}

static void render_strings(const struct plan_view *v, struct json_out *o, struct plan_span list,
                           uint32_t count)
{
    const struct plan_span *s = (const void *)(v->bytes + list.off);
    json_open_array(o);
    for (uint32_t i = 0; i < count; i++)
        json_str(o, text_at(v, s[i]));
    json_close_array(o);
}

static void render_digest(struct json_out *o, const uint8_t digest[BASE_SHA256])
{
    char hex[2 * BASE_SHA256 + 1];
    base_hex(digest, BASE_SHA256, hex);
    json_kv_str(o, "sha256", (struct str){hex, sizeof hex - 1});
}

static void render_filter(const struct plan_view *v, struct json_out *o)
{
    uint8_t digest[BASE_SHA256];
    base_sha256(v->bytes + v->h->filter.off, v->h->filter.len, digest);
    json_open_object(o);
    json_kv_uint(o, "instructions", v->nfilter);
    json_kv_str(o, "profile", text_at(v, v->h->profile));
    render_digest(o, digest);
    json_close_object(o);
}

static void render_limits(const struct plan_view *v, struct json_out *o)
{
    const struct {
        enum core_limit limit;
        uint64_t value;
    } rows[] = {{CORE_LIMIT_FILE_SIZE, v->h->file_size_bytes},
                {CORE_LIMIT_OPEN_FILES, v->h->open_files},
                {CORE_LIMIT_OUTPUT, v->h->output_bytes},
                {CORE_LIMIT_WALL, v->h->wall_ns}};
    json_open_object(o);
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        auto_buf struct buf text = {0};
        core_limit_format(rows[i].limit, rows[i].value, &text);
        json_kv_str(o, core_limit_name(rows[i].limit), buf_view(&text));
    }
    json_close_object(o);
}

static void render_mount(const struct plan_view *v, struct json_out *o, const struct plan_mount *m)
{
    static const char *const kinds[] = {
        [PLAN_MOUNT_READ] = "read", [PLAN_MOUNT_LINK] = "link", [PLAN_MOUNT_HIDE] = "hide"};
    json_open_object(o);
    json_kv_str(o, "kind", str_of(kinds[m->kind]));
    if (m->source.len)
        json_kv_str(o, "source", text_at(v, m->source));
    json_kv_str(o, "target", text_at(v, m->target));
    json_close_object(o);
}

static void render_mounts(const struct plan_view *v, struct json_out *o)
{
    json_open_array(o);
    for (uint32_t i = 0; i < v->nmounts; i++)
        render_mount(v, o, plan_mount_at(v, i));
    json_close_array(o);
}

static void render_program(const struct plan_view *v, struct json_out *o)
{
    json_open_object(o);
    json_kv_str(o, "path", text_at(v, v->h->program));
    render_digest(o, v->h->program_sha256);
    json_close_object(o);
}

/* Keys in byte order: the text is canonical as it stands. */
void plan_render(const struct plan_view *v, struct buf *out)
{
    struct json_out o = {.b = out};
    auto_buf struct buf tmp = {0};
    core_limit_format(CORE_LIMIT_FILE_SIZE, v->h->tmp_bytes, &tmp);
    json_open_object(&o);
    json_key(&o, "argv");
    render_strings(v, &o, v->h->argv, v->nargv);
    json_kv_str(&o, "cwd", text_at(v, v->h->cwd));
    json_key(&o, "env");
    render_strings(v, &o, v->h->env, v->nenv);
    json_key(&o, "filter");
    render_filter(v, &o);
    json_kv_str(&o, "hostname", text_at(v, v->h->hostname));
    json_key(&o, "limits");
    render_limits(v, &o);
    json_key(&o, "mounts");
    render_mounts(v, &o);
    json_key(&o, "program");
    render_program(v, &o);
    json_kv_str(&o, "tmp", buf_view(&tmp));
    json_kv_uint(&o, "version", v->h->version);
    json_close_object(&o);
}
