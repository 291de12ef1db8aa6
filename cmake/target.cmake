# cmake/target.cmake: what every target of payoff has in common
function(payoff_target name)
  set_target_properties(${name} PROPERTIES
    CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON)
  target_compile_features(${name} PRIVATE cxx_std_20)
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wconversion -Wshadow)
  target_compile_definitions(${name} PRIVATE PAYOFF_VERSION="${PROJECT_VERSION}")
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${name} PRIVATE -Wno-restrict)  # GCC bug 105651: false with std::string
  endif()
endfunction()
