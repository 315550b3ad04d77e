# What is installed: headers, kernels, the program if it is built, and descriptions of them for CMake, pkg-config, CPS and
# SPDX.
install(DIRECTORY include/gruve DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS gruve gruve_kernels EXPORT gruveTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(TARGET gruve_c)
  install(TARGETS gruve_c EXPORT gruveTargets)
endif()
install(EXPORT gruveTargets NAMESPACE gruve:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/gruve)
configure_package_config_file(cmake/gruveConfig.cmake.in gruveConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/gruve)
write_basic_package_version_file(gruveConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/gruveConfig.cmake ${PROJECT_BINARY_DIR}/gruveConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/gruve)

# Found from where these files lie, so that an installation can be moved, or go to another prefix than was configured
# (`cmake --install BUILD --prefix DIR`). Debian's packages may have absolute folders.
cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_LIBDIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX} OUTPUT_VARIABLE libraries)
file(RELATIVE_PATH GRUVE_PREFIX_FROM_PC ${libraries}/pkgconfig ${CMAKE_INSTALL_PREFIX})
foreach(folder INCLUDEDIR LIBDIR)
  cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_${folder} BASE_DIRECTORY "\${prefix}" OUTPUT_VARIABLE GRUVE_PC_${folder})
endforeach()
set(described gruve gruve-kernels)
if(TARGET gruve_c)
  list(APPEND described gruve-c)
endif()
foreach(name IN LISTS described)
  configure_file(cmake/${name}.pc.in ${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

set(prefix "@prefix@")  # of CPS, which a reader replaces
set(GRUVE_KERNELS_FILE ${CMAKE_STATIC_LIBRARY_PREFIX}gruve_kernels${CMAKE_STATIC_LIBRARY_SUFFIX})
# CMake from 4.3 on reads this instead of gruveConfig.cmake, and of what it requires only packages that describe themselves:
# of threads there's but the flag.
set(GRUVE_CPS_THREADS "")
if(CMAKE_THREAD_LIBS_INIT)
  set(GRUVE_CPS_THREADS "\n      \"link_flags\": [\"${CMAKE_THREAD_LIBS_INIT}\"],")
endif()
configure_file(cmake/gruve.cps.in gruve.cps @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/gruve.cps DESTINATION ${CMAKE_INSTALL_LIBDIR}/cps)

# Of the sources, so that it is the same wherever and whenever they are built.
file(GLOB_RECURSE sources RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS include/gruve/* src/*)
list(SORT sources)
foreach(source IN LISTS sources)
  file(SHA256 ${PROJECT_SOURCE_DIR}/${source} digest)
  string(APPEND digests "${digest}  ${source}\n")
endforeach()
string(SHA256 GRUVE_SOURCE_DIGEST "${digests}")
set(GRUVE_CREATED 2026-01-01T00:00:00Z)
if(DEFINED ENV{SOURCE_DATE_EPOCH})
  string(TIMESTAMP GRUVE_CREATED "%Y-%m-%dT%H:%M:%SZ" UTC)  # of that variable
endif()
configure_file(cmake/gruve.spdx.json.in gruve.spdx.json @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/gruve.spdx.json LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/gruve)

# The program, with its manual and completions, if it is built.
if(GRUVE_BUILD_EXAMPLES)
  install(PROGRAMS ${PROJECT_BINARY_DIR}/gruve${CMAKE_EXECUTABLE_SUFFIX} DESTINATION ${CMAKE_INSTALL_BINDIR})
  if(NOT CMAKE_CROSSCOMPILING)
    install(CODE "
      file(MAKE_DIRECTORY \"${PROJECT_BINARY_DIR}/manual\")
      foreach(job \"gruve.1;man\" \"gruve.bash;completion;bash\" \"_gruve;completion;zsh\" \"gruve.fish;completion;fish\")
        list(POP_FRONT job file)
        execute_process(COMMAND \"${PROJECT_BINARY_DIR}/gruve\" \${job} COMMAND_ERROR_IS_FATAL ANY
          OUTPUT_FILE \"${PROJECT_BINARY_DIR}/manual/\${file}\")
      endforeach()")
    install(FILES ${PROJECT_BINARY_DIR}/manual/gruve.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
    install(FILES ${PROJECT_BINARY_DIR}/manual/gruve.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
      RENAME gruve)
    install(FILES ${PROJECT_BINARY_DIR}/manual/_gruve DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
    install(FILES ${PROJECT_BINARY_DIR}/manual/gruve.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
  endif()
endif()
