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
    {"an action in the place of the capability", "\"agent:known\"",
     ",\"action\":{\"name\":\"ccos.echo\",\"properties\":{}}", RESULT, "\"rule\":\"role\""},
    {"an action that is another", "\"agent:known\"", ",\"action\":{\"name\":\"ccos.math.add\"}",
     ERROR, "differ"},
    {"a ceiling that permits it", "\"agent:known\"", ",\"ceiling\":{\"capabilities\":[\"ccos.*\"]}",
     RESULT, "\"rule\":\"role\""},
    {"and is in the answer", "\"agent:known\"", ",\"ceiling\":{\"isolation\":\"process\"}", RESULT,
     "\"ceiling\":{\"isolation\":\"process\"}"},
    {"a ceiling that does not", "\"agent:known\"", ",\"ceiling\":{\"capabilities\":[\"x\"]}",
     RESULT, "the request's ceiling does not permit ccos.echo: it permits only x"},
    {"a ceiling that is none", "\"agent:known\"", ",\"ceiling\":{\"capability\":[\"x\"]}", ERROR,
     "no field capability"},
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

static int find(void *arg, const struct reeve_record *record)
{
    return !memmem(record->json, record->json_len, arg, strlen(arg));
}

/* Whether the last decision's record has a text. */
static bool is_recorded(struct reeve *r, const char *part)
{
    struct reeve_query last = {.size = sizeof last, .type = "decision", .limit = 1};
    struct reeve_error err = {0};
    char text[256];
    (void)snprintf(text, sizeof text, "%s", part);
    return reeve_query(r, &last, find, text, &err) == 0;
}

#define REQUEST .size = sizeof(struct reeve_request), .capability = "ccos.echo", .policy = policy
static const struct {
    struct reeve_request request;
    const char *rule, *record; /* NULL: REEVE_EINVAL, and a part of the message */
} requests[] = {
    {{REQUEST, .subject = "agent:x", .resource = "doc:7", .context = "{\"ticket\": \"T1\"}"},
     "ticket",
     "\"context\":{\"ticket\":\"T1\"}"},
    {{REQUEST, .subject = "agent:x", .subject_properties = "{\"team\": \"red\"}",
      .resource = "doc:1:2", .resource_properties = "{\"owner\": \"red\"}"},
     "own",
     "\"resource\":\"doc:1:2\",\"resource_properties\":{\"owner\":\"red\"}"},
    {{REQUEST, .subject = "agent:known", .ceiling = "{\"denied_effects\": [\"compute\"]}"},
     "reeve/ceiling",
     "\"ceiling\":{\"denied_effects\":[\"compute\"]}"},
    {{REQUEST, .context = "[1]"}, NULL, "the context of a request has the wrong type"},
    {{REQUEST, .context = "{"}, NULL, "context: this is no JSON"},
    {{REQUEST, .context = "{},\"level\":\"full\""}, NULL, "context: this is no JSON"},
    {{REQUEST, .subject_properties = "1"}, NULL, "the properties of subject has the wrong type"},
    {{REQUEST, .subject = "x", .subject_properties = "{}"}, NULL, "of a subject, type:id"},
    {{REQUEST, .resource_properties = "{}"}, NULL, "of a resource, type:id"},
    {{REQUEST, .ceiling = "{}}"}, NULL, "ceiling: this is no JSON"},
};

/* The library's own fields, and that the record holds them. */
static void by_the_library(void **state)
{
    (void)state;
    char *dir = support_state();
    struct reeve *r = support_open(dir, REEVE_OPEN_OWNER);
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        struct reeve_request request = requests[i].request;
        struct reeve_error err = {0};
        struct reeve_result *result = NULL;
        request.args = "[\"x\"]";
        int rc = reeve_authorize(r, &request, &result, &err);
        if (requests[i].rule ? rc || strcmp(reeve_result_rule(result), requests[i].rule) ||
                                   !is_recorded(r, requests[i].record)
                             : rc != REEVE_EINVAL || !strstr(err.message, requests[i].record))
            fail_msg("%zu: %d %s %s", i, rc, result ? reeve_result_json(result) : "", err.message);
        reeve_result_free(&result);
    }
    reeve_close(&r);
    support_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fields), cmocka_unit_test(by_the_library)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
