/*
 * Conditions, sentence by sentence: a condition, arguments, and whether it is true, false or
 * unknown of them.
 */
#include "support.h"

#define ALLOW_IF(when)                                                                             \
    HEADER "defaults: {level: controlled}\nrules: [{id: r, effect: allow, subject: anyone, "       \
           "capability: [x], when: " when "}]"                                                     \
           "\n"
#define DENY_IF(when)                                                                              \
    HEADER "defaults: {level: full}\nrules: [{id: r, effect: deny, when: " when "}]\n"

/* One condition under both effects, so that true, false and unknown are told apart: an allow
 * matches on true, a deny on true or unknown. */
static const struct condition_row {
    const char *name, *when, *args, *value; /* value: "true", "false", "unknown" */
} conditions[] = {
    {"a scalar means eq", "{args.a: x}", "{\"a\":\"x\"}", "true"},
    {"eq is false", "{args.a: x}", "{\"a\":\"y\"}", "false"},
    {"missing is unknown", "{args.a: x}", "{}", "unknown"},
    {"no arguments at all are missing", "{args.a: x}", NULL, "unknown"},
    {"null is unknown", "{args.a: x}", "{\"a\":null}", "unknown"},
    {"text is no number", "{args.a: \"7\"}", "{\"a\":7}", "unknown"},
    {"a number is no text", "{args.a: 7}", "{\"a\":\"7\"}", "unknown"},
    {"true is no text", "{args.a: \"true\"}", "{\"a\":true}", "unknown"},
    {"1 is 1.0", "{args.a: 1}", "{\"a\":1.0}", "true"},
    {"1.0 is 1", "{args.a: 1.0}", "{\"a\":1}", "true"},
    {"1.5 is not 1", "{args.a: 1}", "{\"a\":1.5}", "false"},
    {"2^53 + 1 is not 2^53", "{args.a: 9007199254740993}", "{\"a\":9007199254740992.0}", "false"},
    {"a negative number", "{args.a: -5}", "{\"a\":-5}", "true"},
    {"booleans", "{args.a: false}", "{\"a\":false}", "true"},
    {"booleans differ", "{args.a: false}", "{\"a\":true}", "false"},
    {"a list means in", "{args.a: [x, w]}", "{\"a\":\"w\"}", "true"},
    {"in is false", "{args.a: [x, w]}", "{\"a\":\"z\"}", "false"},
    {"in of other types is unknown", "{args.a: [x, w]}", "{\"a\":1}", "unknown"},
    {"mixed types with one of the value's", "{args.a: [x, 2]}", "{\"a\":1}", "false"},
    {"in [] is false", "{args.a: {in: []}}", "{\"a\":1}", "false"},
    {"in [] of what is missing stays unknown", "{args.a: {in: []}}", "{}", "unknown"},
    {"a list in in is unknown", "{args.a: [x]}", "{\"a\":[\"x\"]}", "unknown"},
    {"eq with a list", "{args.a: {eq: [x, 1]}}", "{\"a\":[\"x\",1]}", "true"},
    {"eq with a longer list", "{args.a: {eq: [x]}}", "{\"a\":[\"x\",\"x\"]}", "false"},
    {"eq with a shorter list", "{args.a: {eq: [x, x]}}", "{\"a\":[\"x\"]}", "false"},
    {"eq with another element", "{args.a: {eq: [x, 1]}}", "{\"a\":[\"y\",\"1\"]}", "false"},
    {"eq with an element of another type", "{args.a: {eq: [x, 1]}}", "{\"a\":[\"x\",\"1\"]}",
     "unknown"},
    {"eq with nested lists", "{args.a: {eq: [[x], []]}}", "{\"a\":[[\"x\"],[]]}", "true"},
    {"eq with a list and a scalar", "{args.a: {eq: [x]}}", "{\"a\":\"x\"}", "unknown"},
    {"a mapping is unknown", "{args.a: x}", "{\"a\":{}}", "unknown"},
    {"text compares by bytes", "{args.a: x}", "{\"a\":\"X\"}", "false"},
    {"a text with NUL", "{args.a: x}", "{\"a\":\"x\\u0000\"}", "false"},
    {"a nested attribute", "{args.a.b: 1}", "{\"a\":{\"b\":1}}", "true"},
    {"a nested attribute that is missing", "{args.a.b: 1}", "{\"a\":{}}", "unknown"},
    {"a key with a dot", "{'args[\"a.b\"]': 1}", "{\"a.b\":1,\"a\":{\"b\":2}}", "true"},
    {"a key with a dot, nested", "{'args.c[\"a.b\"].d': 1}", "{\"c\":{\"a.b\":{\"d\":1}}}", "true"},
    {"through a non-container is unknown", "{args.a.b: {exists: false}}", "{\"a\":1}", "unknown"},
    {"arguments that are a list", "{args.a: 1}", "[1]", "unknown"},
    {"arguments that are a text", "{args.a: {exists: false}}", "\"a\"", "unknown"},
    {"under is the folder", "{args.p: {under: /srv/a}}", "{\"p\":\"/srv/a\"}", "true"},
    {"under is below", "{args.p: {under: /srv/a}}", "{\"p\":\"/srv/a/b\"}", "true"},
    {"under is by whole components", "{args.p: {under: /srv/a}}", "{\"p\":\"/srv/ab\"}", "false"},
    {"under is not above", "{args.p: {under: /srv/a}}", "{\"p\":\"/srv\"}", "false"},
    {"under /", "{args.p: {under: /}}", "{\"p\":\"/x\"}", "true"},
    {"/ under /", "{args.p: {under: /}}", "{\"p\":\"/\"}", "true"},
    {"dots are removed", "{args.p: {under: /srv/a}}", "{\"p\":\"/srv/./x/../a//b/.\"}", "true"},
    {".. leads out", "{args.p: {under: /srv/a}}", "{\"p\":\"/srv/a/../b\"}", "false"},
    {".. leads out and in again", "{args.p: {under: /srv/a}}", "{\"p\":\"/srv/a/../../srv/a/x\"}",
     "true"},
    {".. above the root", "{args.p: {under: /srv/a}}", "{\"p\":\"/../../srv/a\"}", "true"},
    {".. from a detour", "{args.p: {under: /srv/a}}", "{\"p\":\"/x/srv/../../srv/a\"}", "true"},
    {"a folder is normalised too", "{args.p: {under: /srv//./a/}}", "{\"p\":\"/srv/a/b\"}", "true"},
    {"a relative path is unknown", "{args.p: {under: /srv/a}}", "{\"p\":\"srv/a\"}", "unknown"},
    {"~ is unknown", "{args.p: {under: /srv/a}}", "{\"p\":\"~/a\"}", "unknown"},
    {"a path with NUL is unknown", "{args.p: {under: /srv/a}}", "{\"p\":\"/srv/a\\u0000\"}",
     "unknown"},
    {"an empty path is unknown", "{args.p: {under: /srv/a}}", "{\"p\":\"\"}", "unknown"},
    {"a number is no path", "{args.p: {under: /srv/a}}", "{\"p\":1}", "unknown"},
    {"exists", "{args.a: {exists: true}}", "{\"a\":0}", "true"},
    {"exists of what is missing is false", "{args.a: {exists: true}}", "{}", "false"},
    {"null does not exist", "{args.a: {exists: false}}", "{\"a\":null}", "true"},
    {"exists false of what is there", "{args.a: {exists: false}}", "{\"a\":1}", "false"},
    {"absent true where missing", "{args.a: {eq: 1, absent: true}}", "{}", "true"},
    {"absent true where null", "{args.a: {eq: 1, absent: true}}", "{\"a\":null}", "true"},
    {"absent false where missing", "{args.a: {eq: 1, absent: false}}", "{}", "false"},
    {"absent is not for a wrong type", "{args.a: {eq: 1, absent: true}}", "{\"a\":\"1\"}",
     "unknown"},
    {"absent does not weaken the operator", "{args.a: {eq: 1, absent: true}}", "{\"a\":2}",
     "false"},
    {"absent is not for the unreachable", "{args.a.b: {eq: 1, absent: true}}", "{\"a\":2}",
     "unknown"},
    {"several operators must all hold", "{args.p: {under: /a, not: {under: /a/b}}}",
     "{\"p\":\"/a/b/c\"}", "false"},
    {"several operators hold", "{args.p: {under: /a, not: {under: /a/b}}}", "{\"p\":\"/a/c\"}",
     "true"},
    {"any beside an attribute", "{args.a: {any: [{eq: 1}, {eq: x}]}}", "{\"a\":\"x\"}", "true"},
    {"any beside an attribute, unknown", "{args.a: {any: [{eq: 1}, {eq: x}]}}", "{\"a\":\"y\"}",
     "unknown"},
    {"any beside an attribute, false", "{args.a: {any: [{eq: 1}, {eq: 2}]}}", "{\"a\":3}", "false"},
    {"not keeps unknown", "{args.a: {not: {eq: 1}}}", "{}", "unknown"},
    {"not of a false", "{args.a: {not: {eq: 1}}}", "{\"a\":2}", "true"},
    {"all entries must hold", "{args.a: 1, args.b: 2}", "{\"a\":1,\"b\":2}", "true"},
    {"all: false if any is false", "{args.a: 1, args.b: 2}", "{\"b\":3}", "false"},
    {"all: else unknown", "{args.a: 1, args.b: 2}", "{\"b\":2}", "unknown"},
    {"any: true if any is true", "{any: [{args.a: 1}, {args.b: 2}]}", "{\"b\":2}", "true"},
    {"any: else unknown", "{any: [{args.a: 1}, {args.b: 2}]}", "{\"b\":3}", "unknown"},
    {"any: false", "{any: [{args.a: 1}, {args.b: 2}]}", "{\"a\":2,\"b\":3}", "false"},
    {"not over a map", "{not: {args.a: 1}}", "{\"a\":2}", "true"},
    {"not over unknown", "{not: {args.a: 1}}", "{}", "unknown"},
    {"all: [] is true", "{all: []}", "{}", "true"},
    {"any: [] is false", "{any: []}", "{}", "false"},
    {"an empty when is true", "{}", "{}", "true"},
    {"nesting", "{all: [{any: [{args.a: 1}, {not: {args.b: 2}}]}, {args.c: 3}]}",
     "{\"b\":1,\"c\":3}", "true"},
    {"ne", "{args.a: {ne: x}}", "{\"a\":\"y\"}", "true"},
    {"ne is false", "{args.a: {ne: x}}", "{\"a\":\"x\"}", "false"},
    {"ne of a missing attribute is unknown", "{args.a: {ne: x}}", "{}", "unknown"},
    {"ne of another type is unknown", "{args.a: {ne: x}}", "{\"a\":7}", "unknown"},
    {"ne with a list", "{args.a: {ne: [x]}}", "{\"a\":[\"y\"]}", "true"},
    {"not_in", "{args.a: {not_in: [x, w]}}", "{\"a\":\"z\"}", "true"},
    {"not_in is false", "{args.a: {not_in: [x, w]}}", "{\"a\":\"w\"}", "false"},
    {"not_in of another type is unknown", "{args.a: {not_in: [x, w]}}", "{\"a\":1}", "unknown"},
    {"not_in of mixed types", "{args.a: {not_in: [x, 2]}}", "{\"a\":1}", "true"},
    {"not_in [] is true", "{args.a: {not_in: []}}", "{\"a\":1}", "true"},
    {"not_in of null is unknown", "{args.a: {not_in: [x]}}", "{\"a\":null}", "unknown"},
    {"lt", "{args.a: {lt: 5}}", "{\"a\":4}", "true"},
    {"lt excludes its end", "{args.a: {lt: 5}}", "{\"a\":5}", "false"},
    {"lte includes it", "{args.a: {lte: 5}}", "{\"a\":5}", "true"},
    {"gt excludes its end", "{args.a: {gt: 5}}", "{\"a\":5}", "false"},
    {"gte includes it", "{args.a: {gte: 5}}", "{\"a\":5}", "true"},
    {"order of integer and double", "{args.a: {gt: 5}}", "{\"a\":5.5}", "true"},
    {"order of double and integer", "{args.a: {lt: 5.5}}", "{\"a\":5}", "true"},
    {"order is exact near 2^53", "{args.a: {gt: 9007199254740992}}", "{\"a\":9007199254740993}",
     "true"},
    {"and against a double", "{args.a: {gt: 9007199254740993}}", "{\"a\":9007199254740992.0}",
     "false"},
    {"order of negative numbers", "{args.a: {lt: -1.5}}", "{\"a\":-2}", "true"},
    {"order of a text is unknown", "{args.a: {lt: 5}}", "{\"a\":\"4\"}", "unknown"},
    {"order of a boolean is unknown", "{args.a: {lt: 5}}", "{\"a\":false}", "unknown"},
    {"order of a list is unknown", "{args.a: {lt: 5}}", "{\"a\":[4]}", "unknown"},
    {"a size is a number of bytes", "{args.a: {lte: 1KiB}}", "{\"a\":1024}", "true"},
    {"a size in MiB", "{args.a: {gt: 1MiB}}", "{\"a\":1048576}", "false"},
    {"a size in GiB", "{args.a: {gte: 2GiB}}", "{\"a\":2147483648}", "true"},
    {"a size as text is unknown", "{args.a: {lte: 1KiB}}", "{\"a\":\"1KiB\"}", "unknown"},
    {"a number beyond 64 bits is unknown", "{args.a: {gt: 5}}", "{\"a\":1e19}", "unknown"},
    {"to eq as well", "{args.a: {ne: 5}}", "{\"a\":1e300}", "unknown"},
    {"-2^63 is within", "{args.a: {lt: 5}}", "{\"a\":-9223372036854775808}", "true"},
    {"between", "{args.a: {between: [1, 3]}}", "{\"a\":2.5}", "true"},
    {"between includes its lower end", "{args.a: {between: [1, 3]}}", "{\"a\":1}", "true"},
    {"between includes its upper end", "{args.a: {between: [1, 3]}}", "{\"a\":3}", "true"},
    {"between is false below", "{args.a: {between: [1, 3]}}", "{\"a\":0}", "false"},
    {"between is false above", "{args.a: {between: [1, 1KiB]}}", "{\"a\":1025}", "false"},
    {"between of a text is unknown", "{args.a: {between: [1, 3]}}", "{\"a\":\"2\"}", "unknown"},
    {"starts_with", "{args.a: {starts_with: ab}}", "{\"a\":\"abc\"}", "true"},
    {"starts_with is false", "{args.a: {starts_with: ab}}", "{\"a\":\"a\"}", "false"},
    {"starts_with one of several", "{args.a: {starts_with: [x, ab]}}", "{\"a\":\"abc\"}", "true"},
    {"starts_with of a number is unknown", "{args.a: {starts_with: \"1\"}}", "{\"a\":12}",
     "unknown"},
    {"contains", "{args.a: {contains: x}}", "{\"a\":[\"y\",\"x\"]}", "true"},
    {"contains is false", "{args.a: {contains: x}}", "{\"a\":[\"y\"]}", "false"},
    {"contains of [] is false", "{args.a: {contains: x}}", "{\"a\":[]}", "false"},
    {"contains on text is unknown", "{args.a: {contains: x}}", "{\"a\":\"x\"}", "unknown"},
    {"contains on a mapping is unknown", "{args.a: {contains: x}}", "{\"a\":{\"x\":1}}", "unknown"},
    {"contains beside another type is unknown", "{args.a: {contains: x}}", "{\"a\":[\"y\",1]}",
     "unknown"},
    {"contains despite another type", "{args.a: {contains: x}}", "{\"a\":[1,\"x\"]}", "true"},
    {"contains beside null is unknown", "{args.a: {contains: x}}", "{\"a\":[\"y\",null]}",
     "unknown"},
    {"size of a text is its bytes", "{args.a: {size: 2}}", "{\"a\":\"\\u00e9\"}", "true"},
    {"size of a list is its elements", "{args.a: {size: {gte: 1}}}", "{\"a\":[1,2]}", "true"},
    {"size of a mapping is its keys", "{args.a: {size: {lt: 2}}}", "{\"a\":{\"x\":1}}", "true"},
    {"size of [] is 0", "{args.a: {size: 0}}", "{\"a\":[]}", "true"},
    {"size as a list is in", "{args.a: {size: [1, 3]}}", "{\"a\":[1,2]}", "false"},
    {"size takes sizes", "{args.a: {size: {lte: 1KiB}}}", "{\"a\":\"x\"}", "true"},
    {"size of a number is unknown", "{args.a: {size: 1}}", "{\"a\":1}", "unknown"},
    {"each", "{args.a: {each: {starts_with: a}}}", "{\"a\":[\"a\",\"ab\"]}", "true"},
    {"each is false", "{args.a: {each: {starts_with: a}}}", "{\"a\":[\"a\",1,\"b\"]}", "false"},
    {"each is unknown", "{args.a: {each: {starts_with: a}}}", "{\"a\":[\"a\",1]}", "unknown"},
    {"each of [] is true", "{args.a: {each: {eq: x}}}", "{\"a\":[]}", "true"},
    {"each of a text is unknown", "{args.a: {each: {eq: x}}}", "{\"a\":\"x\"}", "unknown"},
    {"each of null is unknown", "{args.a: {each: {eq: x}}}", "{\"a\":[\"x\",null]}", "unknown"},
    {"each with absent", "{args.a: {each: {eq: x, absent: true}}}", "{\"a\":[\"x\",null]}", "true"},
    {"some", "{args.a: {some: {eq: x}}}", "{\"a\":[\"y\",\"x\"]}", "true"},
    {"some as a scalar", "{args.a: {some: x}}", "{\"a\":[\"y\",\"x\"]}", "true"},
    {"some as a list", "{args.a: {some: [x, z]}}", "{\"a\":[\"y\",\"w\"]}", "false"},
    {"some is unknown", "{args.a: {some: {eq: x}}}", "{\"a\":[\"y\",1]}", "unknown"},
    {"some of [] is false", "{args.a: {some: {eq: x}}}", "{\"a\":[]}", "false"},
    {"some of a text is unknown", "{args.a: {some: {eq: x}}}", "{\"a\":\"x\"}", "unknown"},
    {"each within each", "{args.a: {each: {each: {gt: 0}}}}", "{\"a\":[[1,2],[3]]}", "true"},
    {"some within each", "{args.a: {each: {some: {gt: 2}}}}", "{\"a\":[[1,2],[3]]}", "false"},
    {"not within each", "{args.a: {each: {not: {eq: x}}}}", "{\"a\":[\"y\"]}", "true"},
    {"any within each", "{args.a: {each: {any: [{eq: x}, {eq: w}]}}}", "{\"a\":[\"w\",\"x\"]}",
     "true"},
    {"size within each", "{args.a: {each: {size: {lte: 2}}}}", "{\"a\":[\"ab\",\"abc\"]}", "false"},
    {"argv", "{args.a: {argv: [a, b]}}", "{\"a\":[\"a\",\"b\"]}", "true"},
    {"argv is anchored at its end", "{args.a: {argv: [a, b]}}", "{\"a\":[\"a\",\"b\",\"c\"]}",
     "false"},
    {"argv needs all", "{args.a: {argv: [a, b]}}", "{\"a\":[\"a\"]}", "false"},
    {"argv is anchored at its start", "{args.a: {argv: [b]}}", "{\"a\":[\"a\",\"b\"]}", "false"},
    {"argv with a list", "{args.a: {argv: [[a, x], b]}}", "{\"a\":[\"x\",\"b\"]}", "true"},
    {"argv with operators", "{args.a: {argv: [{starts_with: x}, b]}}", "{\"a\":[\"xy\",\"b\"]}",
     "true"},
    {"argv with a number in it is unknown", "{args.a: {argv: [a, b]}}", "{\"a\":[\"a\",1]}",
     "unknown"},
    {"unless another argument is wrong", "{args.a: {argv: [a, b]}}", "{\"a\":[\"z\",1]}", "false"},
    {"argv [] is no argument", "{args.a: {argv: []}}", "{\"a\":[]}", "true"},
    {"argv [] and an argument", "{args.a: {argv: []}}", "{\"a\":[\"a\"]}", "false"},
    {"argv with any rest", "{args.a: {argv: [a, {rest: any}]}}", "{\"a\":[\"a\",1,null]}", "true"},
    {"argv with an empty rest", "{args.a: {argv: [a, {rest: any}]}}", "{\"a\":[\"a\"]}", "true"},
    {"argv with too little before the rest", "{args.a: {argv: [a, {rest: any}]}}", "{\"a\":[]}",
     "false"},
    {"argv with a rest of operators", "{args.a: {argv: [a, {rest: {not: {starts_with: \"-\"}}}]}}",
     "{\"a\":[\"a\",\"b\",\"c\"]}", "true"},
    {"each of the rest", "{args.a: {argv: [a, {rest: {not: {starts_with: \"-\"}}}]}}",
     "{\"a\":[\"a\",\"b\",\"-c\"]}", "false"},
    {"an empty rest of operators", "{args.a: {argv: [a, {rest: {eq: x}}]}}", "{\"a\":[\"a\"]}",
     "true"},
    {"a rest of another type is unknown", "{args.a: {argv: [a, {rest: {eq: x}}]}}",
     "{\"a\":[\"a\",1]}", "unknown"},
    {"argv of a text is unknown", "{args.a: {argv: [a]}}", "{\"a\":\"a\"}", "unknown"},
    {"argv of what is missing is unknown", "{args.a: {argv: []}}", "{}", "unknown"},
    {"matches is of the whole text", "{args.a: {matches: \"b+\"}}", "{\"a\":\"abbc\"}", "false"},
    {"matches", "{args.a: {matches: \"ab+c\"}}", "{\"a\":\"abbc\"}", "true"},
    {"an alternative does not loosen its ends", "{args.a: {matches: \"a|b\"}}", "{\"a\":\"bx\"}",
     "false"},
    {"matches to the end and no line break more", "{args.a: {matches: \"a\"}}", "{\"a\":\"a\\n\"}",
     "false"},
    {"matches of a number is unknown", "{args.a: {matches: \"1\"}}", "{\"a\":1}", "unknown"},
    {"matches by characters", "{args.a: {matches: \".\"}}", "{\"a\":\"\\u00e9\"}", "true"},
    {"like", "{args.a: {like: \"a*z\"}}", "{\"a\":\"abcz\"}", "true"},
    {"like is of the whole text", "{args.a: {like: \"b*\"}}", "{\"a\":\"abc\"}", "false"},
    {"like goes over slashes", "{args.a: {like: \"*/git\"}}", "{\"a\":\"/usr/bin/git\"}", "true"},
    {"only * is special to like", "{args.a: {like: \"a.?[b]\"}}", "{\"a\":\"axxb\"}", "false"},
    {"an asterisk for like", "{args.a: {like: \"a\\\\*\"}}", "{\"a\":\"ab\"}", "false"},
    {"an asterisk itself", "{args.a: {like: \"a\\\\*\"}}", "{\"a\":\"a*\"}", "true"},
    {"like one of several", "{args.a: {like: [\"x*\", \"a*\"]}}", "{\"a\":\"ab\"}", "true"},
    {"like of a number is unknown", "{args.a: {like: \"*\"}}", "{\"a\":1}", "unknown"},
    {"a host", "{args.a: {host: h.example}}", "{\"a\":\"H.Example.\"}", "true"},
    {"a host below", "{args.a: {host: \"*.example\"}}", "{\"a\":\"a.b.example\"}", "true"},
    {"*.x is not x", "{args.a: {host: \"*.example\"}}", "{\"a\":\"example\"}", "false"},
    {"* is any name", "{args.a: {host: \"*\"}}", "{\"a\":\"x\"}", "true"},
    {"* is no address", "{args.a: {host: \"*\"}}", "{\"a\":\"1.2.3.4\"}", "false"},
    {"an address fits an address", "{args.a: {host: 1.2.3.4}}", "{\"a\":\"1.2.3.4\"}", "true"},
    {"no host is unknown", "{args.a: {host: \"*\"}}", "{\"a\":\"a b\"}", "unknown"},
    {"a name that ends in a number is unknown", "{args.a: {host: \"*\"}}", "{\"a\":\"a.1\"}",
     "unknown"},
    {"cidr", "{args.a: {cidr: 10.0.0.0/8}}", "{\"a\":\"10.1.2.3\"}", "true"},
    {"cidr is false", "{args.a: {cidr: 10.0.0.0/8}}", "{\"a\":\"11.1.2.3\"}", "false"},
    {"cidr of IPv6", "{args.a: {cidr: \"fe80::/10\"}}", "{\"a\":\"fe80::1\"}", "true"},
    {"a mapped address is the IPv4 address", "{args.a: {cidr: 10.0.0.0/8}}",
     "{\"a\":\"::ffff:10.1.2.3\"}", "true"},
    {"cidr of no address is unknown", "{args.a: {cidr: 10.0.0.0/8}}", "{\"a\":\"h.example\"}",
     "unknown"},
    {"an octal address is unknown", "{args.a: {cidr: 10.0.0.0/8}}", "{\"a\":\"010.1.2.3\"}",
     "unknown"},
    {"a URL", "{args.u: {url: {host: h.example}}}", "{\"u\":\"https://h.example/x?y#z\"}", "true"},
    {"a URL of another scheme", "{args.u: {url: {host: h.example}}}",
     "{\"u\":\"http://h.example/\"}", "false"},
    {"a URL with its scheme's own port", "{args.u: {url: {host: h.example}}}",
     "{\"u\":\"https://h.example:443/\"}", "true"},
    {"a URL with another port", "{args.u: {url: {host: h.example}}}",
     "{\"u\":\"https://h.example:444/\"}", "false"},
    {"a URL of another host", "{args.u: {url: {host: h.example}}}",
     "{\"u\":\"https://h.example.org/\"}", "false"},
    {"userinfo is unknown", "{args.u: {url: {host: h.example}}}",
     "{\"u\":\"https://h.example@x.example/\"}", "unknown"},
    {"a backslash is unknown", "{args.u: {url: {host: h.example}}}",
     "{\"u\":\"https://h.example\\\\x\"}", "unknown"},
    {"an escape in the host is unknown", "{args.u: {url: {host: h.example}}}",
     "{\"u\":\"https://h%2eexample/\"}", "unknown"},
    {"an empty port is unknown", "{args.u: {url: {host: h.example}}}",
     "{\"u\":\"https://h.example:/\"}", "unknown"},
    {"%2f in the path is unknown", "{args.u: {url: {host: h.example}}}",
     "{\"u\":\"https://h.example/a%2fb\"}", "unknown"},
    {"a decimal address is unknown", "{args.u: {url: {host: h.example}}}",
     "{\"u\":\"https://2130706433/\"}", "unknown"},
    {"a URL that is no text is unknown", "{args.u: {url: {host: h.example}}}",
     "{\"u\":[\"https://h.example/\"]}", "unknown"},
    {"port: any", "{args.u: {url: {host: h.example, port: any}}}",
     "{\"u\":\"https://h.example:444/\"}", "true"},
    {"a list of ports", "{args.u: {url: {host: h.example, port: [80, 444]}}}",
     "{\"u\":\"https://h.example:444/\"}", "true"},
    {"a path is judged without its dots", "{args.u: {url: {path: \"/a/*\"}}}",
     "{\"u\":\"https://h.example/a/%2e%2e/b\"}", "false"},
    {"the short form", "{args.u: {url: \"https://h.example:8443/v1/*\"}}",
     "{\"u\":\"https://h.example:8443/v1/x\"}", "true"},
    {"the short form's port", "{args.u: {url: \"https://h.example:8443/v1/*\"}}",
     "{\"u\":\"https://h.example/v1/x\"}", "false"},
    {"a URL in a range", "{args.u: {url: {scheme: [http, https], port: any, cidr: 127.0.0.0/8}}}",
     "{\"u\":\"http://[::ffff:127.0.0.1]:8/\"}", "true"},
    {"a name is in no range", "{args.u: {url: {cidr: 127.0.0.0/8}}}",
     "{\"u\":\"https://localhost/\"}", "false"},
    {"a time is of broker.now alone", "{args.a: {time: {zone: UTC}}}", "{\"a\":0}", "unknown"},
    {"patterns of each element", "{args.a: {each: {like: \"*@example.com\"}}}",
     "{\"a\":[\"a@example.com\",\"b@example.com\"]}", "true"},
    {"patterns of some element", "{args.a: {some: {matches: \"--f(o(r(c(e.*)?)?)?)?\"}}}",
     "{\"a\":[\"push\",\"--force-with-lease\"]}", "true"},
    {"patterns of arguments", "{args.a: {argv: [push, origin, {matches: \"agent/[a-z0-9-]+\"}]}}",
     "{\"a\":[\"push\",\"origin\",\"agent/x:main\"]}", "false"},
};

static const char *value_of(const char *when, const char *args)
{
    char policy[1024];
    struct question q = {.subject = "u:a", .capability = "x", .args = args};
    (void)snprintf(policy, sizeof policy, ALLOW_IF("%s"), when);
    struct policy_image *allow = must_compile(policy);
    (void)snprintf(policy, sizeof policy, DENY_IF("%s"), when);
    struct policy_image *deny = must_compile(policy);
    bool allowed = decide(allow, &q).effect == CORE_EFFECT_ALLOW;
    bool denied = decide(deny, &q).effect == CORE_EFFECT_DENY;
    policy_image_unref(&allow);
    policy_image_unref(&deny);
    return allowed ? denied ? "true" : "an allow without the deny" : denied ? "unknown" : "false";
}

static void condition_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(conditions); i++) {
        const struct condition_row *c = &conditions[i];
        const char *value = value_of(c->when, c->args);
        if (strcmp(value, c->value) != 0)
            fail_msg("%s: %s of %s is %s, expected %s", c->name, c->when,
                     c->args ? c->args : "nothing", value, c->value);
    }
}

/* What a hostile pattern or text could cost is bounded: over a limit a match is unknown. */
static void costly_matches(void **state)
{
    (void)state;
    auto_buf struct buf args = {0};
    buf_z(&args, "{\"a\":\"");
    for (unsigned i = 0; i < 65536; i++)
        buf_byte(&args, 'x');
    buf_z(&args, "\"}");
    assert_string_equal(value_of("{args.a: {matches: \"x*\"}}", args.data), "true");
    args.len -= 2;
    buf_z(&args, "x\"}");
    assert_string_equal(value_of("{args.a: {matches: \"x*\"}}", args.data), "unknown");
    buf_reset(&args);
    buf_z(&args, "{\"a\":\"");
    for (unsigned i = 0; i < 40; i++)
        buf_byte(&args, 'x');
    buf_z(&args, "!\"}");
    assert_string_equal(value_of("{args.a: {matches: \"(x+x+)+y|(x|xx)+z\"}}", args.data),
                        "unknown");
}

/* Lists of more than 1,024 elements are unknown to what judges elements, and only to that. */
static void long_lists(void **state)
{
    static const struct {
        const char *when, *full, *over;
    } long_rows[] = {
        {"{args.a: {each: {eq: x}}}", "true", "unknown"},
        {"{args.a: {some: {eq: w}}}", "false", "unknown"},
        {"{args.a: {contains: x}}", "true", "unknown"},
        {"{args.a: {argv: [{rest: any}]}}", "true", "unknown"},
        {"{args.b: {in: {attr: args.a}}}", "true", "unknown"},
        {"{args.a: {attr: args.a}}", "true", "unknown"},
        {"{args.a: {size: {gte: 1024}}}", "true", "true"},
        {"{args.a: {exists: true}}", "true", "true"},
    };
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(long_rows); i++)
        for (unsigned over = 0; over < 2; over++) {
            auto_buf struct buf args = {0};
            buf_z(&args, "{\"b\":\"x\",\"a\":[\"x\"");
            for (unsigned k = 1; k < 1024 + over; k++)
                buf_z(&args, ",\"x\"");
            buf_z(&args, "]}");
            const char *value = value_of(long_rows[i].when, args.data);
            if (strcmp(value, over ? long_rows[i].over : long_rows[i].full) != 0)
                fail_msg("%s of %u elements is %s", long_rows[i].when, 1024 + over, value);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(condition_values),
                                       cmocka_unit_test(long_lists),
                                       cmocka_unit_test(costly_matches)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
