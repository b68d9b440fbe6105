/*
 * How large each table of an image is: rows, and bytes of them.
 */
#include <stdio.h>

#include "policy/image.h"
#include "tests/bench/bench.h"

void bench_tables(const struct policy_image *image)
{
#define X(name, type) {#name, sizeof(type)},
    static const struct {
        const char *name;
        size_t row;
    } tables[] = {IMAGE_SECTIONS(X)};
#undef X
    (void)printf(",\"tables\":{");
    for (unsigned i = 0; i < IMAGE_SECTION_COUNT; i++)
        (void)printf("%s\"%s\":[%u,%zu]", i ? "," : "", tables[i].name, image->section[i].count,
                     image->section[i].count * tables[i].row);
    (void)printf("}");
}
