/* Arguments in the named normal form: positions, names, types, paths, and what is the broker's
 * alone. */
#include "core/catalogue.h"

#include "test_support.h"

struct row {
    const char *id, *args; /* args NULL: none were given */
    const char *normal;
    const char *misfit; /* NULL: they fit */
};

static const struct row rows[] = {
    {"ccos.math.add", "[1,2]", "{\"a\":1,\"b\":2}", NULL},
    {"ccos.math.add", "{\"b\":2,\"a\":1}", "{\"a\":1,\"b\":2}", NULL},
    {"ccos.math.add", "[{\"a\":1,\"b\":2}]", "{\"a\":1,\"b\":2}", NULL},
    {"ccos.math.add", "[2.0,-1]", "{\"a\":2,\"b\":-1}", NULL},
    {"ccos.math.add", "[9007199254740992,0]", "{\"a\":9007199254740992,\"b\":0}", NULL},
    {"ccos.math.add", "[9007199254740993,0]", "[9007199254740993,0]", "\"a\" must be an integer"},
    {"ccos.math.add", "[1.5,2]", "[1.5,2]", "\"a\" must be an integer"},
    {"ccos.math.add", "[1e300,2]", "[1e+300,2]", "\"a\" must be an integer"},
    {"ccos.math.add", "[\"1\",2]", "[\"1\",2]", "\"a\" must be an integer"},
    {"ccos.math.add", "[1,null]", "[1,null]", "\"b\" must be an integer"},
    {"ccos.math.add", "[1]", "[1]", "\"b\" is missing"},
    {"ccos.math.add", "[1,2,3]", "[1,2,3]", "at most 2"},
    {"ccos.math.add", "[]", "[]", "\"a\" is missing"},
    {"ccos.math.add", NULL, "{}", "\"a\" is missing"},
    {"ccos.math.add", "5", "5", "a list or an object"},
    {"ccos.math.add", "{\"a\":1,\"c\":2}", "{\"a\":1,\"c\":2}", "no argument is called \"c\""},
    {"ccos.math.add", "[{\"a\":1},2]", "[{\"a\":1},2]", "\"a\" must be an integer"},
    {"ccos.string.concat", "[\"x\",\"y\"]", "{\"parts\":[\"x\",\"y\"]}", NULL},
    {"ccos.string.concat", "[[\"x\",\"y\"]]", "{\"parts\":[\"x\",\"y\"]}", NULL},
    {"ccos.string.concat", "{\"parts\":[]}", "{\"parts\":[]}", NULL},
    {"ccos.string.concat", "[\"x\",1]", "[\"x\",1]", "\"parts\" must be a list of strings"},
    {"ccos.string.concat", "[[\"x\"],\"y\"]", "[[\"x\"],\"y\"]", "at most 1"},
    {"ccos.string.concat", "{\"parts\":\"x\"}", "{\"parts\":\"x\"}", "list of strings"},
    {"ccos.echo", "[{\"x\":1}]", "{\"value\":{\"x\":1}}", NULL},
    {"ccos.echo", "[{\"value\":1}]", "{\"value\":1}", NULL},
    {"ccos.echo", "[null]", "{\"value\":null}", NULL},
    {"ccos.echo", "[[1,{\"b\":1,\"a\":2}]]", "{\"value\":[1,{\"a\":2,\"b\":1}]}", NULL},
    {"ccos.echo", "[]", "[]", "\"value\" is missing"},
    {"ccos.io.log", "[1,{\"a\":2},[3]]", "{\"values\":[1,{\"a\":2},[3]]}", NULL},
    {"ccos.io.log", "[]", "[]", "\"values\" is missing"},
    {"ccos.system.current-time", "[]", "{}", NULL},
    {"ccos.system.current-time", NULL, "{}", NULL},
    {"ccos.system.current-time", "[1]", "[1]", "at most 0"},
    {"ccos.io.read-file", "[\"/a/../b//c/\"]", "{\"path\":\"/b/c\"}", NULL},
    {"ccos.io.read-file", "[\"a/../b\"]", "{\"path\":\"a/../b\"}", NULL},
    {"ccos.io.read-file", "[\"/a\\u0000b\"]", "[\"/a\\u0000b\"]", "\"path\" must be a path"},
    {"ccos.io.read-file", "[3]", "[3]", "\"path\" must be a path"},
    {"ccos.io.mkdir", "{\"path\":\"/a\",\"recursive\":null}", "{\"path\":\"/a\"}", NULL},
    {"ccos.io.mkdir", "[\"/a\",true]", "{\"path\":\"/a\",\"recursive\":true}", NULL},
    {"ccos.io.mkdir", "[\"/a\",1]", "[\"/a\",1]", "\"recursive\" must be true or false"},
    {"ccos.network.http-fetch", "[\"https://h/\",null,null,\"b\"]",
     "{\"body\":\"b\",\"method\":\"GET\",\"url\":\"https://h/\"}", NULL},
    {"ccos.network.http-fetch", "[\"HTTPS://H.Example.:443/a/../%7Eb?Q\",\"post\"]",
     "{\"method\":\"POST\",\"url\":\"https://h.example/~b?Q\"}", NULL},
    {"ccos.network.http-fetch", "{\"url\":\"https://h\",\"method\":\"m-Search\"}",
     "{\"method\":\"M-SEARCH\",\"url\":\"https://h/\"}", NULL},
    {"ccos.network.http-fetch", "[\"https://u@h/\"]", "[\"https://u@h/\"]",
     "\"url\" must be a URL"},
    {"ccos.network.http-fetch", "{\"url\":\"http://0xa9fea9fe/\",\"method\":\"get\"}",
     "{\"method\":\"get\",\"url\":\"http://0xa9fea9fe/\"}", "\"url\" must be a URL"},
    {"ccos.network.http-fetch", "[7]", "[7]", "\"url\" must be a URL"},
    {"ccos.network.http-fetch", "[\"https://h/\",\"GET /\"]", "[\"https://h/\",\"GET /\"]",
     "\"method\" must be a method"},
    {"ccos.network.http-fetch", "[\"https://h/\",\"\"]", "[\"https://h/\",\"\"]",
     "\"method\" must be a method"},
    {"ccos.network.http-fetch", "[\"https://h/\",7]", "[\"https://h/\",7]",
     "\"method\" must be a method"},
    {"ccos.state.counter.inc", "[\"k\"]", "{\"increment\":1,\"key\":\"k\"}", NULL},
    {"ccos.state.counter.inc", "{\"key\":\"k\",\"increment\":3}", "{\"increment\":3,\"key\":\"k\"}",
     NULL},
    {"program.external", "{\"path\":\"/usr/./bin/ls\",\"argv\":[\"-l\"]}",
     "{\"argv\":[\"-l\"],\"path\":\"/usr/bin/ls\"}", NULL},
    {"program.external", "[\"ls\",[\"-l\"],\"/tmp\"]",
     "{\"argv\":[\"-l\"],\"cwd\":\"/tmp\",\"path\":\"ls\"}", NULL},
    {"program.external", "{\"path\":\"/bin/ls\",\"sha256\":\"00\"}",
     "{\"path\":\"/bin/ls\",\"sha256\":\"00\"}", "\"sha256\" is the broker's alone"},
    {"program.external", "{\"path\":\"/bin/ls\",\"agrv\":[]}", "{\"agrv\":[],\"path\":\"/bin/ls\"}",
     "called \"agrv\"; is \"argv\" meant?"},
    {"program.external", "{\"path\":\"/bin/ls\",\"argv\":[1]}",
     "{\"argv\":[1],\"path\":\"/bin/ls\"}", "\"argv\" must be a list of strings"},
    {"ccos.agent.task-coordination", "[{\"z\":1,\"a\":2}]", "[{\"a\":2,\"z\":1}]", NULL},
    {"acme.unknown", "[2,1.0]", "[2,1]", NULL},
};

static void check_row(const struct row *row)
{
    auto_json struct json_text t = {0};
    auto_buf struct buf out = {0};
    struct reeve_error err = {0};
    if (row->args)
        assert_int_equal(json_text_parse(str_of(row->args), &t, &err), 0);
    buf_z(&out, "before:");
    int rc = core_normalise_args(core_capability_find(str_of(row->id)), &t.doc, json_root(&t.doc),
                                 &out, &err);
    if (rc != (row->misfit ? REEVE_EFORMAT : 0))
        fail_msg("%s %s: %d %s", row->id, row->args, rc, err.message);
    auto_buf struct buf expected = {0};
    buf_printf(&expected, "before:%s", row->normal);
    expect_text(row->args ? row->args : row->id, buf_view(&out), expected.data);
    if (row->misfit) {
        expect_part(row->args ? row->args : row->id, err.message, row->misfit);
        expect_part("names the capability", err.message, row->id);
    }
}

static void brings_arguments_into_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        check_row(&rows[i]);
}

/* What was brought into form is in form: the executor and the policy may both do it again. */
static void form_is_stable(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        if (!rows[i].misfit)
            check_row(&(struct row){rows[i].id, rows[i].normal, rows[i].normal, NULL});
}

static void says_when_there_is_no_room(void **state)
{
    (void)state;
    auto_json struct json_text t;
    auto_buf struct buf out = {0};
    struct reeve_error err = {0};
    buf_init(&out, 4);
    assert_int_equal(json_text_parse(STR("[\"/a/b/c/d\"]"), &t, &err), 0);
    assert_int_equal(core_normalise_args(core_capability_find(STR("ccos.io.read-file")), &t.doc,
                                         json_root(&t.doc), &out, &err),
                     REEVE_ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(brings_arguments_into_form),
        cmocka_unit_test(form_is_stable),
        cmocka_unit_test(says_when_there_is_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
