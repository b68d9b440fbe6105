# Include this from tests/fuzz/PART/CMakeLists.txt:
# reeve_fuzz(x LIBS lib...): fuzz_x.c replays corpus/x in every ctest run. With REEVE_FUZZ (clang) the same file also
# becomes bin/fuzz_x, a libFuzzer program that searches for new inputs.
set(REEVE_FUZZ_DIR ${CMAKE_CURRENT_LIST_DIR})

function(reeve_fuzz name)
  cmake_parse_arguments(F "" "" "LIBS" ${ARGN})
  set(source ${REEVE_FUZZ_DIR}/fuzz_${name}.c)
  reeve_test(fuzz_${name}_replay SOURCES ${source} ${REEVE_FUZZ_DIR}/replay_main.c LIBS ${F_LIBS}
             ARGS ${REEVE_FUZZ_DIR}/corpus/${name})
  if(REEVE_FUZZ)
    add_executable(fuzz_${name} ${source})
    target_link_libraries(fuzz_${name} PRIVATE ${F_LIBS})
    target_compile_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  endif()
endfunction()
