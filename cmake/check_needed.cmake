# cmake/check_needed.cmake: a shared object may need only the C and C++ run-time libraries
# Use: cmake -DFILE=_core.so -DREADELF=readelf -P cmake/check_needed.cmake
execute_process(COMMAND ${READELF} -d ${FILE} OUTPUT_VARIABLE dynamic COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "Shared library: \\[[^]]+\\]" needed "${dynamic}")
if(NOT needed)
  message(FATAL_ERROR "${FILE} lists no shared library at all, which cannot be right; "
    "look at the output of: ${READELF} -d ${FILE}")
endif()
foreach(entry IN LISTS needed)
  string(REGEX REPLACE "Shared library: \\[(.+)\\]" "\\1" library "${entry}")
  # The sanitizers' own run-time libraries are there only in a sanitizer build.
  if(NOT library MATCHES "^(libc|libm|libstdc\\+\\+|libgcc_s|ld-linux[^.]*|lib[atu]b?san)\\.so")
    message(FATAL_ERROR "${FILE} needs ${library} at run time. payoff's module may need only libc, "
      "libm, libstdc++ and libgcc_s: link ${library} statically or use it header-only.")
  endif()
endforeach()
