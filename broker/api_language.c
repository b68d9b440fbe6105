/* The public functions that tell of the policy language itself; they need no policy and no folder.
 */
#include "policy/shape.h"
#include "reeve/tooling.h"

int reeve_policy_schema(enum reeve_schema_form form, char **text, struct reeve_error *err)
{
    auto_buf struct buf out = {0};
    *text = NULL;
    if (form == REEVE_SCHEMA_JSON)
        policy_schema(&out);
    else if (form == REEVE_SCHEMA_REFERENCE)
        policy_reference(&out);
    else
        return base_fail(err, REEVE_EINVAL, "no form of the schema: %d", (int)form);
    if (!out.failed)
        *text = buf_take(&out, NULL);
    return *text ? 0 : base_fail(err, REEVE_ENOMEM, "out of memory");
}
