/*
 * What a run may reach, as sets: made of a grant's lists, and intersected with what a parent or a
 * require leaves. Lists live in the caller's arena; nothing here reads an image.
 */
#ifndef POLICY_REACH_H
#define POLICY_REACH_H

#include "core/types.h"

/* A path as a grant has it, its template filled in. */
struct reach_path {
    struct str path;
    bool literal;
};
struct reach_paths {
    const struct reach_path *v;
    uint32_t n;
};

/**
 * The files of one grant: the longest path decides; hide before write before read at equal length;
 * what can be written can be executed only where `execute` covers it. False: memory is out.
 */
bool reach_files(const struct reach_paths *read, const struct reach_paths *write,
                 const struct reach_paths *execute, const struct reach_paths *hide,
                 struct arena *arena, struct core_grant *out);
/** Files, and patterns of what is hidden, of one run: as many as four requires write at most. */
#define REACH_MAX_FILES (16u * CORE_MAX_PATHS)
/** Cut `out` to what `by` has too: files, network, environment. False: memory is out. Where a list
 * of network entries would be longer than CORE_MAX_PATHS, or one of files than REACH_MAX_FILES,
 * there is none: nothing can be reached. */
bool reach_meet_files(struct core_grant *out, const struct core_grant *by, struct arena *arena);
bool reach_meet_network(struct core_grant *out, const struct core_grant *by, struct arena *arena);
bool reach_meet_environment(struct core_grant *out, const struct core_grant *by,
                            struct arena *arena);
/** Cut `out` to the secrets and providers of `by`. False: memory is out. */
bool reach_meet_names(struct core_grant *out, const struct core_grant *by, struct arena *arena);
/** The smaller of each limit; best effort only where both allow it. */
void reach_meet_limits(struct core_limits *out, const struct core_limits *by);

#endif
