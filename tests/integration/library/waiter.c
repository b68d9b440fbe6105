/* Stands in for reeve-launcher: says nothing, and ends when the owner's socket closes. */
#include <poll.h>

int main(void)
{
    struct pollfd owner = {.fd = 3};
    (void)poll(&owner, 1, -1);
    return 0;
}
