/* State folders for the tests of this folder. A failure ends the test. */
#ifndef TESTS_OWNER_SUPPORT_H
#define TESTS_OWNER_SUPPORT_H

/** A new one below /tmp, whose log is test/NAME; its path in `dir`. */
void make_state(char dir[64], const char *name);
/** With all that is below it. */
void remove_state(const char *dir);

#endif
