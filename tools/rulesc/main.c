/*
 * rulesc OUT.c CATALOGUE LEVELS LINT ENVIRONMENT PROFILE...: compiles rules/ into the tables of
 * core/tables.h. The output depends on the files' names, order and bytes alone, so that two builds
 * of one tree agree.
 */
#include <stdio.h>

#include "tools/rulesc/rulesc.h"

/* The digest is over base name, length and bytes of each file: where the tree lies does not matter.
 * lint.yaml is not in it: a compiled policy does not depend on what lint says. */
static void add_to_digest(const struct rules_file *f, struct buf *all)
{
    const char *slash = strrchr(f->path, '/');
    buf_z(all, slash ? slash + 1 : f->path);
    buf_byte(all, 0);
    buf_u64le(all, f->bytes.len);
    buf_put(all, f->bytes.data, f->bytes.len);
}

static void compile_profiles(char **paths, size_t n, struct buf *out, struct buf *all)
{
    auto_buf struct buf rows = {0};
    for (size_t i = 0; i < n; i++) {
        struct rules_file f;
        rules_load(&f, paths[i]);
        compile_seccomp(&f, out, &rows);
        add_to_digest(&f, all);
        rules_free(&f);
    }
    buf_printf(out,
               "\nconst struct core_profile core_table_profiles[] = {\n%s};\n"
               "const size_t core_table_nprofiles = %zu;\n",
               rows.data, n);
}

static void compile_one(const char *path, void (*compile)(const struct rules_file *, struct buf *),
                        struct buf *out, struct buf *all)
{
    struct rules_file f;
    rules_load(&f, path);
    compile(&f, out);
    if (all)
        add_to_digest(&f, all);
    rules_free(&f);
}

/* Written whole or not at all: a half-written table must not look newer than its sources. */
static int write_out(const char *path, const struct buf *out)
{
    FILE *file = out->failed ? NULL : fopen(path, "wb");
    if (!file) {
        (void)fprintf(stderr, "rulesc: %s cannot be written\n", path);
        return 3;
    }
    bool good = fwrite(out->data, 1, out->len, file) == out->len;
    good = fclose(file) == 0 && good;
    if (good)
        return 0;
    (void)fprintf(stderr, "rulesc: %s could not be written whole\n", path);
    (void)remove(path);
    return 3;
}

int main(int argc, char **argv)
{
    if (argc < 7) {
        (void)fprintf(stderr, "usage: rulesc OUT.c CATALOGUE.yaml LEVELS.yaml LINT.yaml "
                              "ENVIRONMENT.yaml PROFILE.yaml...\n");
        return 2;
    }
    auto_buf struct buf out = {0};
    auto_buf struct buf all = {0};
    buf_z(&out, "/* Written by rulesc from rules/; changes belong there. */\n"
                "#include \"core/tables.h\"\n\n");
    compile_one(argv[2], compile_catalogue, &out, &all);
    compile_one(argv[3], compile_levels, &out, &all);
    compile_one(argv[4], compile_lint, &out, NULL);
    compile_one(argv[5], compile_environment, &out, &all);
    compile_profiles(argv + 6, (size_t)argc - 6, &out, &all);
    uint8_t digest[BASE_SHA256];
    base_sha256(all.data, all.len, digest);
    emit_bytes(&out, "\nconst uint8_t core_rules_digest[BASE_SHA256]", digest, sizeof digest);
    return write_out(argv[1], &out);
}
