# What a freshly cloned child runs may call nothing but itself: the undefined symbols of its objects are exactly the
# functions that they have of one another.
if(NOT NM OR NOT OBJECTS)
  message(FATAL_ERROR "nm or the objects are missing")
endif()
execute_process(COMMAND ${NM} -u ${OBJECTS} OUTPUT_VARIABLE text RESULT_VARIABLE rc)
if(rc)
  message(FATAL_ERROR "nm failed: ${rc}")
endif()
string(REGEX MATCHALL "U [A-Za-z0-9_.]+" undefined "${text}")
if(NOT undefined STREQUAL "U sandbox_root")
  message(FATAL_ERROR "expected only sandbox_root to be undefined, found: ${undefined}")
endif()
