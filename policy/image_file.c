/*
 * The bytes of an image: how sections are laid out, how they are written and taken back. An image
 * lives in pages of its own, written once and then read-only; what is checked is that copy, so that
 * nobody who holds the file can change it afterwards.
 */
#include <sys/mman.h>

#include "policy/image.h"

#include "core/catalogue.h"

#define LINE ((size_t)64)

#define X(name, type) sizeof(type),
static const uint32_t row_size[IMAGE_SECTION_COUNT] = {IMAGE_SECTIONS(X)};
#undef X

static size_t on_line(size_t n)
{
    return (n + LINE - 1) & ~(LINE - 1);
}

/* Where sections of so many rows stand, and how long the whole is. One byte more than each needs:
 * no pointer to a section's end is one to the next section. */
static size_t place(const uint32_t counts[IMAGE_SECTION_COUNT],
                    struct img_place out[IMAGE_SECTION_COUNT])
{
    size_t at = on_line(sizeof(struct img_file));
    for (unsigned i = 0; i < IMAGE_SECTION_COUNT; i++) {
        out[i] = (struct img_place){at, counts[i], row_size[i]};
        at += on_line((size_t)counts[i] * row_size[i] + 1);
    }
    return at;
}

/* Pages for an image, writable until `protect`. Large pages spare a decision's misses. */
static struct policy_image *new_image(size_t size)
{
    struct policy_image *image = calloc(1, sizeof *image);
    if (!image)
        return NULL;
    void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED) {
        free(image);
        return NULL;
    }
    (void)madvise(bytes, size, MADV_HUGEPAGE); /* where there are none, none are missed */
    atomic_init(&image->refs, 1);
    image->bytes = bytes;
    image->size = size;
    return image;
}

static void point(struct policy_image *image, const struct img_place places[IMAGE_SECTION_COUNT])
{
    for (unsigned i = 0; i < IMAGE_SECTION_COUNT; i++) {
        image->section[i].at = image->bytes + places[i].offset;
        image->section[i].count = places[i].count;
    }
}

static bool protect(struct policy_image *image)
{
    return mprotect((void *)(uintptr_t)image->bytes, image->size, PROT_READ) == 0;
}

struct policy_image *image_lay_out(struct buf section[IMAGE_SECTION_COUNT])
{
    uint32_t counts[IMAGE_SECTION_COUNT];
    struct img_file head = {
        .magic = IMAGE_MAGIC, .version = IMAGE_VERSION, .nsections = IMAGE_SECTION_COUNT};
    for (unsigned i = 0; i < IMAGE_SECTION_COUNT; i++)
        counts[i] = (uint32_t)(section[i].len / row_size[i]);
    head.size = place(counts, head.place);
    struct policy_image *image = head.size <= POLICY_IMAGE_MAX ? new_image(head.size) : NULL;
    if (!image)
        return NULL;
    char *bytes = (char *)(uintptr_t)image->bytes;
    memcpy(bytes, &head, sizeof head);
    for (unsigned i = 0; i < IMAGE_SECTION_COUNT; i++) {
        if (section[i].len)
            memcpy(bytes + head.place[i].offset, section[i].data, section[i].len);
        buf_fini(&section[i]); /* not all of it twice in memory */
    }
    point(image, head.place);
    if (!protect(image))
        policy_image_unref(&image);
    return image;
}

void image_file_digest(const char *bytes, size_t size, uint8_t out[BASE_SHA256])
{
    size_t at = offsetof(struct img_file, digest), behind = at + BASE_SHA256;
    base_sha256_prefixed('I', bytes, at, bytes + behind, size - behind, out);
}

int policy_image_save(const struct policy_image *image, struct buf *out, struct reeve_error *err)
{
    size_t at = out->len;
    char *bytes = buf_room(out, image->size);
    if (!bytes)
        return base_fail(err, REEVE_ENOMEM, "no memory for an image of %zu bytes", image->size);
    memcpy(bytes, image->bytes, image->size);
    uint8_t digest[BASE_SHA256];
    image_file_digest(bytes, image->size, digest);
    memcpy(out->data + at + offsetof(struct img_file, digest), digest, sizeof digest);
    return REEVE_OK;
}

/* ---- loading ---- */

static int malformed(struct reeve_error *err, const char *what)
{
    return base_fail(err, REEVE_EFORMAT, "not an image that this version can use: %s", what);
}

int image_check_frame(const struct img_file *f, size_t n, struct reeve_error *err)
{
    if (memcmp(f->magic, IMAGE_MAGIC, sizeof f->magic) != 0)
        return malformed(err, "it does not begin as one");
    if (f->version != IMAGE_VERSION || f->nsections != IMAGE_SECTION_COUNT)
        return malformed(err, "it was written by another version; compile the policy again");
    uint32_t counts[IMAGE_SECTION_COUNT];
    for (unsigned i = 0; i < IMAGE_SECTION_COUNT; i++)
        counts[i] = f->place[i].count;
    struct img_place places[IMAGE_SECTION_COUNT];
    if (place(counts, places) != f->size || memcmp(places, f->place, sizeof places) != 0)
        return malformed(err, "its sections are not where they belong");
    if (f->size > n || (n - f->size) % sizeof(struct img_signature) != 0 ||
        (n - f->size) / sizeof(struct img_signature) > IMAGE_MAX_SIGNATURES)
        return malformed(err, "it is cut short, or something follows it");
    return REEVE_OK;
}

static int check_copy(const struct policy_image *image, struct str signatures,
                      const struct policy_keys *keys, struct reeve_error *err)
{
    const struct img_file *f = (const void *)image->bytes;
    uint8_t digest[BASE_SHA256];
    image_file_digest(image->bytes, image->size, digest);
    if (memcmp(digest, f->digest, sizeof digest) != 0)
        return malformed(err, "its bytes are not those that were written");
    int rc = image_verify(digest, (const void *)signatures.p,
                          signatures.n / sizeof(struct img_signature), keys, err);
    if (rc == REEVE_OK)
        rc = image_check(image, err);
    if (rc == REEVE_OK &&
        memcmp(image_head(image)->rules_digest, core_rules_digest, BASE_SHA256) != 0)
        rc = base_fail(err, REEVE_EUNSUPPORTED,
                       "the image was compiled with another catalogue; compile the policy again");
    return rc;
}

int policy_image_load(struct str bytes, const struct policy_keys *keys, struct policy_image **out,
                      struct reeve_error *err)
{
    *out = NULL;
    struct img_file head;
    if (bytes.n < sizeof head || bytes.n > POLICY_IMAGE_MAX)
        return malformed(err, "it is too short or too long");
    memcpy(&head, bytes.p, sizeof head);
    int rc = image_check_frame(&head, bytes.n, err);
    if (rc != REEVE_OK)
        return rc;
    struct policy_image *image = new_image(head.size);
    if (!image)
        return base_fail(err, REEVE_ENOMEM, "no memory for an image of %zu bytes",
                         (size_t)head.size);
    memcpy((char *)(uintptr_t)image->bytes, bytes.p, head.size);
    memcpy((char *)(uintptr_t)image->bytes, &head, sizeof head); /* what was judged above */
    point(image, head.place);
    if (!protect(image))
        rc = base_fail(err, REEVE_EIO, "the image's memory cannot be made read-only");
    struct img_signature copies[IMAGE_MAX_SIGNATURES];
    struct str signatures = {(const char *)copies, bytes.n - head.size};
    memcpy(copies, bytes.p + head.size, signatures.n);
    if (rc == REEVE_OK)
        rc = check_copy(image, signatures, keys, err);
    if (rc != REEVE_OK) {
        policy_image_unref(&image);
        return rc;
    }
    rc = policy_image_ready(image, err);
    *out = rc == REEVE_OK ? image : NULL;
    return rc;
}
