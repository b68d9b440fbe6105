/*
 * Posting bytes to a URL, by libcurl where it was built with it. The answer is a stranger's: it is
 * bounded, a redirection is an answer and is not followed.
 */
#include "tools/reeve/http.h"

#include <string.h>

#ifdef REEVE_HAVE_CURL
#include <curl/curl.h>
#endif

static int fail(struct reeve_error *err, int code, const char *what, const char *why)
{
    *err = (struct reeve_error){.code = code};
    (void)snprintf(err->message, sizeof err->message, "%s%s%s", what, why ? ": " : "",
                   why ? why : "");
    return code;
}

#ifdef REEVE_HAVE_CURL

#define CONNECT_S 10L
#define ANSWER_S  60L

static size_t take_bytes(char *bytes, size_t one, size_t n, void *arg)
{
    struct reeve_answer *out = arg;
    (void)one; /* always 1 */
    if (n > out->room - out->len)
        return 0; /* ends the transfer */
    memcpy(out->body + out->len, bytes, n);
    out->len += n;
    return n;
}

static bool set_options(CURL *curl, const char *url, const char *body, size_t n,
                        struct reeve_answer *out, char *why)
{
    return !curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why) &&
#if LIBCURL_VERSION_NUM >= 0x075500
           !curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") &&
#else
           !curl_easy_setopt(curl, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS) &&
#endif
           !curl_easy_setopt(curl, CURLOPT_URL, url) &&
           !curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) &&
           !curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_S) &&
           !curl_easy_setopt(curl, CURLOPT_TIMEOUT, ANSWER_S) &&
           !curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n) &&
           !curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body) &&
           !curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes) &&
           !curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
}

static int perform(CURL *curl, const char *url, struct curl_slist *headers, const char *why,
                   struct reeve_answer *out, struct reeve_error *err)
{
    long status = 0;
    CURLcode code = curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (!code)
        code = curl_easy_perform(curl);
    if (code == CURLE_WRITE_ERROR)
        return fail(err, REEVE_EPROTO, "the answer is too long", url);
    if (code)
        return fail(err, REEVE_EIO, url, why[0] ? why : curl_easy_strerror(code));
    if (curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status))
        return fail(err, REEVE_EIO, url, "no status");
    out->status = (int)status;
    return 0;
}

bool http_can_post(void)
{
    return true;
}

const char *http_version(void)
{
    return curl_version_info(CURLVERSION_NOW)->version;
}

int http_post(void *arg, const char *body, size_t n, struct reeve_answer *out,
              struct reeve_error *err)
{
    const char *url = arg;
    char why[CURL_ERROR_SIZE] = "";
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: text/plain; charset=utf-8");
    int rc = curl && headers && set_options(curl, url, body, n, out, why)
                 ? perform(curl, url, headers, why, out, err)
                 : fail(err, REEVE_EINVAL, url, "libcurl does not take it");
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return rc;
}

#else

bool http_can_post(void)
{
    return false;
}

const char *http_version(void)
{
    return "none";
}

int http_post(void *arg, const char *body, size_t n, struct reeve_answer *out,
              struct reeve_error *err)
{
    (void)arg, (void)body, (void)n, (void)out;
    return fail(err, REEVE_EUNSUPPORTED, "this reeve was built without libcurl", NULL);
}

#endif
