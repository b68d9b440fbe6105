/*
 * reeve-bench: what the engine costs, measured on a workload whose right answers are known.
 * Arguments are read here; each measurement is a file of its own.
 */
#include <getopt.h>
#include <stdio.h>

#include "tests/bench/bench.h"

static int usage(FILE *to, int status)
{
    (void)fprintf(
        to,
        "usage: reeve-bench policy --dir DIR [--rounds N] [--threads N] [--chain N]\n"
        "                          [--batch N] [--text] [--explain] [--tables]\n"
        "Compiles DIR/policy.yaml, decides DIR/requests.jsonl, prints one JSON object.\n"
        "  --rounds N   how often the requests are gone through (5)\n"
        "  --threads N  decisions a second of N threads, and hash probes beside them\n"
        "  --chain N    each request's subject has N parents\n"
        "  --batch N    plain loops one by one and in batches of N\n"
        "  --text       from the JSON text of each request\n"
        "  --explain    the sentence that goes with each deny\n"
        "  --tables     rows and bytes of each table of the image\n"
        "       reeve-bench audit --dir DIR [--appends N]\n"
        "The log beside plain SQLite and plain appending, in an empty folder DIR on the disk in\n"
        "question; one JSON object a line.\n"
        "  --appends N  take N records more, and tell the memory on the way\n"
        "       reeve-bench patterns\n"
        "The dearest decisions that regular expressions can bring about.\n"
        "Example: policy_workload.py 1000 /tmp/w && reeve-bench policy --dir /tmp/w\n");
    return status;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"dir", required_argument, NULL, 'd'},
                                            {"rounds", required_argument, NULL, 'r'},
                                            {"threads", required_argument, NULL, 't'},
                                            {"text", no_argument, NULL, 'x'},
                                            {"chain", required_argument, NULL, 'c'},
                                            {"batch", required_argument, NULL, 'n'},
                                            {"appends", required_argument, NULL, 'a'},
                                            {"explain", no_argument, NULL, 'e'},
                                            {"tables", no_argument, NULL, 'b'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    struct bench_options o = {.rounds = 5};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'd')
            o.dir = optarg;
        else if (c == 'r')
            o.rounds = (unsigned)strtoul(optarg, NULL, 10);
        else if (c == 't')
            o.threads = (unsigned)strtoul(optarg, NULL, 10);
        else if (c == 'c')
            o.chain = (unsigned)strtoul(optarg, NULL, 10);
        else if (c == 'n')
            o.batch = (unsigned)strtoul(optarg, NULL, 10);
        else if (c == 'a')
            o.appends = strtoull(optarg, NULL, 10);
        else if (c == 'x')
            o.text = true;
        else if (c == 'e')
            o.explain = true;
        else if (c == 'b')
            o.tables = true;
        else
            return c == 'h' ? usage(stdout, 0) : usage(stderr, 2);
    }
    if (optind + 1 == argc && strcmp(argv[optind], "patterns") == 0)
        return bench_patterns();
    if (optind + 1 == argc && strcmp(argv[optind], "audit") == 0 && o.dir)
        return bench_audit(&o);
    if (optind + 1 != argc || strcmp(argv[optind], "policy") != 0 || !o.dir || !o.rounds ||
        o.threads > 64 || o.chain > POLICY_MAX_PARENTS || o.batch > 1024)
        return usage(stderr, 2);
    return bench_policy(&o);
}
