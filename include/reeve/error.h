/*
 * Errors of every public function: one table of codes, one struct that a caller lends. Included by
 * reeve.h; nothing here depends on the rest of the library.
 */
#ifndef REEVE_ERROR_H
#define REEVE_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define REEVE_API          __attribute__((visibility("default")))
#define REEVE_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define REEVE_API
#define REEVE_PRINTF(f, a)
#endif

/*
 * code, name, exit status of a command that ends with it (docs/exit-codes in reeve(1)), meaning.
 * A code keeps its number for ever; new ones are added at the end.
 */
#define REEVE_ERROR_TABLE(X)                                                                       \
    X(1, EINVAL, 2, "an argument is not what the function takes")                                  \
    X(2, ENOMEM, 3, "out of memory, or a stated bound was reached")                                \
    X(3, EIO, 3, "the system refused or failed a read, a write or a call")                         \
    X(4, ENOENT, 3, "a file or folder that was named does not exist")                              \
    X(5, EPERM, 3, "the caller may not do this here")                                              \
    X(6, EPOLICY, 1, "the policy has errors")                                                      \
    X(7, EPROTO, 4, "the other side sent what the protocol does not allow")                        \
    X(8, EOWNED, 3, "another process owns the state folder")                                       \
    X(9, EDAMAGED, 3, "the log is not what was signed, or records are missing")                    \
    X(10, EHELPERS, 3, "keeper or launcher ended")                                                 \
    X(11, ESTATE, 3, "the folder is no usable state folder")                                       \
    X(12, EKEY, 3, "the signing key cannot be used")                                               \
    X(13, EUNSUPPORTED, 3, "this build or this kernel does not offer it")                          \
    X(14, EBUSY, 3, "a bound on work in flight was reached")                                       \
    X(15, EFORMAT, 2, "a text is not in the form that it should have")                             \
    X(16, EVERIFY, 1, "a proof, a signature or a record does not hold")                            \
    X(17, EINTERNAL, 4, "reeve itself is at fault")

enum reeve_errcode {
    REEVE_OK = 0,
#define X(num, name, exit_status, text) REEVE_##name = num,
    REEVE_ERROR_TABLE(X)
#undef X
};

/**
 * What went wrong, in a caller's storage: code (0: nothing did), a message that says what was
 * wrong, where, and what would be right, and for errors in a text its file, line and column
 * (1-based; 0: no position). A NULL pointer is accepted wherever one of these is taken.
 */
struct reeve_error {
    int code;
    unsigned line;
    unsigned column;
    char file[256];
    char message[512];
};

#ifdef __cplusplus
}
#endif
#endif
