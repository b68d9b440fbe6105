/* The smallest program that uses an installed libreeve. */
#include <reeve/provider.h>
#include <reeve/reeve.h>
#include <reeve/tooling.h>

#include <stdio.h>

int main(void)
{
    struct reeve_error err = {0};
    const char text[] = "reeve: policy/v1\nname: t\nrules: []\n";
    if (reeve_policy_lint(text, sizeof text - 1, "t", NULL, NULL, &err) != 0)
        return 1;
    return printf("%s\n", reeve_version()) > 0 ? 0 : 1;
}
