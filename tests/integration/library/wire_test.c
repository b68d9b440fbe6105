/*
 * Requests as they come over the wire, field by field: what is said of subject, resource and
 * context reaches the policy and the record, and what no request may say is refused.
 */
#include "frames.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RESULT = FRAME_RESULT, ERROR = FRAME_ERROR };

static const char policy[] =
    "reeve: policy/v1\nname: t\ndefaults: {level: controlled}\n"
    "attributes: {subject.role: {type: string, from: entities}, subject.team: {type: string}, "
    "context.ticket: {type: string}, resource.owner: {type: string}}\n"
    "entities: {\"agent:known\": {role: editor}}\n"
    "rules:\n"
    "  - {id: role, effect: allow, subject: anyone, capability: [ccos.echo], when: {subject.role: "
    "editor}}\n"
    "  - {id: own, effect: allow, subject: anyone, capability: [ccos.echo], when: {resource.type: "
    "doc, "
    "resource.owner: {attr: subject.team}}}\n"
    "  - {id: ticket, effect: allow, subject: anyone, capability: [ccos.echo], when: {resource.id: "
    "\"7\", context.ticket: T1}}\n";

/* `rest` follows the capability; the answer must have `part`. */
static const struct {
    const char *name, *subject, *rest;
    int type;
    const char *part;
} rows[] = {
    {"what the policy knows", "\"agent:known\"", "", RESULT, "\"rule\":\"role\""},
    {"a role that the request claims is dropped",
     "{\"type\":\"agent\",\"id\":\"x\",\"properties\":{\"role\":\"editor\"}}", "", RESULT,
     "\"rule\":\"reeve/default\""},
    {"properties of subject and resource",
     "{\"type\":\"agent\",\"id\":\"x\",\"properties\":{\"team\":\"red\"}}",
     ",\"resource\":{\"type\":\"doc\",\"id\":\"1\",\"properties\":{\"owner\":\"red\"}}", RESULT,
     "\"rule\":\"own\""},
    {"of another team", "{\"type\":\"agent\",\"id\":\"x\",\"properties\":{\"team\":\"blue\"}}",
     ",\"resource\":{\"type\":\"doc\",\"id\":\"1\",\"properties\":{\"owner\":\"red\"}}", RESULT,
     "\"rule\":\"reeve/default\""},
    {"a resource as text, and context", "\"agent:x\"",
     ",\"resource\":\"doc:7\",\"context\":{\"ticket\":\"T1\"}", RESULT, "\"rule\":\"ticket\""},
    {"without context", "\"agent:x\"", ",\"resource\":\"doc:7\"", RESULT,
     "\"rule\":\"reeve/default\""},
    {"what only the broker can say", "\"agent:x\"", ",\"broker\":{\"level\":\"full\"}", ERROR,
     "no field broker"},
    {"a field that there is not", "\"agent:x\"", ",\"contxt\":{}", ERROR, "no field contxt"},
    {"context that is no object", "\"agent:x\"", ",\"context\":[1]", ERROR, "wrong type"},
    {"a resource without type", "\"agent:x\"", ",\"resource\":\"7\"", ERROR, "must be type:id"},
    {"a subject without id", "{\"type\":\"agent\"}", "", ERROR, "must be type:id"},
    {"a type with a colon", "{\"type\":\"agent:known\",\"id\":\"x\"}", "", ERROR,
     "must be type:id"},
    {"a group as a subject", "{\"type\":\"group\",\"id\":\"x\"}", "", ERROR, "must be type:id"},
    {"a key of no subject", "{\"type\":\"agent\",\"id\":\"x\",\"level\":\"full\"}", "", ERROR,
     "subject has no field level"},
    {"properties that are no object", "{\"type\":\"agent\",\"id\":\"x\",\"properties\":1}", "",
     ERROR, "wrong type"},
};

static void send_policy(int fd)
{
    char payload[sizeof policy + 5] = {1, 0, 0, 0, 'p'}, answer[1024];
    memcpy(payload + 5, policy, sizeof policy - 1);
    frames_send(fd, FRAME_POLICY, payload, sizeof policy - 1 + 5);
    if (frames_take(fd, answer, sizeof answer) == FRAME_ERROR)
        fail_msg("%s", answer);
}

static void fields(void **state)
{
    (void)state;
    static char answer[65536];
    char *dir = support_state(), json[1024];
    struct reeve *r = support_open(dir, REEVE_OPEN_OWNER);
    int fd = frames_client(dir);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        send_policy(fd);
        (void)snprintf(json, sizeof json,
                       "{\"subject\":%s,\"capability\":\"ccos.echo\",\"args\":[\"x\"],\"mode\":"
                       "\"authorize\"%s}",
                       rows[i].subject, rows[i].rest);
        frames_send(fd, FRAME_REQUEST, json, strlen(json));
        int type = frames_take(fd, answer, sizeof answer);
        if (type != rows[i].type || !strstr(answer, rows[i].part))
            fail_msg("%s: frame %d, %s", rows[i].name, type, answer);
    }
    (void)close(fd);
    support_assert_verifies(r);
    reeve_close(&r);
    support_remove(dir);
}

/* The library's own fields, and that the record holds them. */
static void by_the_library(void **state)
{
    (void)state;
    char *dir = support_state();
    struct reeve *r = support_open(dir, REEVE_OPEN_OWNER);
    struct reeve_request request = {.size = sizeof request,
                                    .subject = "agent:x",
                                    .capability = "ccos.echo",
                                    .args = "[\"x\"]",
                                    .policy = policy,
                                    .resource = "doc:7",
                                    .context = "{\"ticket\": \"T1\"}"};
    struct reeve_error err = {0};
    struct reeve_result *result = NULL;
    if (reeve_authorize(r, &request, &result, &err) != 0)
        fail_msg("%s", err.message);
    assert_string_equal(reeve_result_rule(result), "ticket");
    reeve_result_free(&result);
    request.context = "[1]";
    assert_int_equal(reeve_authorize(r, &request, &result, &err), REEVE_EINVAL);
    request.context = "{";
    assert_int_equal(reeve_authorize(r, &request, &result, &err), REEVE_EINVAL);
    reeve_close(&r);
    support_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fields), cmocka_unit_test(by_the_library)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
