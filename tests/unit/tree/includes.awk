# Which folder may include which. Reads C sources, their names relative to the root; prints each include that goes
# against an arrow, or that is not written from the root. Called by includes_test.sh.

function row(folder, targets) {
    order[++rows] = folder
    allowed[folder] = targets
}

BEGIN {
    # More special folders first: the first row that fits a file is its own.
    row("include/", "reeve/")
    row("base/", "base/ reeve/error.h")
    row("core/", "core/ base/")
    row("policy/", "policy/ core/ base/")
    row("audit/", "audit/ core/ base/")
    row("providers/", "providers/ core/ base/ reeve/")
    row("broker/", "broker/ providers/ audit/ policy/ core/ base/ reeve/")
    row("tools/rulesc/", "tools/rulesc/ core/ base/")   # runs at build time, on the build machine
    row("tools/", "tools/ reeve/")
}

function own_row(file,    i) {
    for (i = 1; i <= rows; i++)
        if (index(file, order[i]) == 1)
            return order[i]
    return ""
}

FNR == 1 { folder = own_row(FILENAME); files += folder != "" }

/^[ \t]*#[ \t]*include[ \t]*"/ && folder != "" {
    split($0, part, "\"")
    n = split(allowed[folder], target, " ")
    fits = 0
    for (i = 1; i <= n; i++)
        fits = fits || index(part[2], target[i]) == 1
    if (!fits || part[2] ~ /\.\./) {
        printf "%s:%d: includes \"%s\"; %s may include %s\n", FILENAME, FNR, part[2], folder, allowed[folder]
        bad++
    }
}

END {
    if (!files) {
        print "no source was read"
        exit 2
    }
    exit bad > 0
}
