/*
 * Feeds every file of the folders in argv to a fuzz target, so that what a fuzzer once found, and
 * the seeds, run with every test run, whatever the compiler. Fails when there was nothing to feed:
 * a test that reads no file tests nothing.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool read_whole(FILE *file, size_t n, uint8_t *bytes)
{
    return fread(bytes, 1, n, file) == n && fgetc(file) == EOF;
}

/* The copy has exactly the file's size, so that a sanitizer sees the first byte read beyond it. */
static bool feed(const char *path, size_t n)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(n ? n : 1);
    bool good = file && bytes && read_whole(file, n, bytes);
    if (good) {
        uint8_t *exact = n ? realloc(bytes, n) : bytes;
        bytes = exact ? exact : bytes;
        (void)LLVMFuzzerTestOneInput(bytes, n);
    } else {
        (void)fprintf(stderr, "%s: cannot be read\n", path);
    }
    free(bytes);
    if (file)
        (void)fclose(file);
    return good;
}

/* Number of files fed, or -1. */
static int replay(const char *folder)
{
    DIR *dir = opendir(folder);
    if (!dir) {
        (void)fprintf(stderr, "%s: cannot be opened\n", folder);
        return -1;
    }
    int fed = 0;
    for (struct dirent *entry; fed >= 0 && (entry = readdir(dir));) {
        char path[4096];
        struct stat st;
        int len = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (len < 0 || (size_t)len >= sizeof path || stat(path, &st) != 0)
            fed = -1;
        else if (S_ISREG(st.st_mode))
            fed = feed(path, (size_t)st.st_size) ? fed + 1 : -1;
    }
    (void)closedir(dir);
    if (fed == 0)
        (void)fprintf(stderr, "%s: no file\n", folder);
    return fed;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int fed = replay(argv[i]);
        if (fed <= 0)
            return 1;
        (void)printf("%s: %d inputs\n", argv[i], fed);
    }
    return argc > 1 ? 0 : 2;
}
