# SPDX-License-Identifier: Apache-2.0
# The Debian package: `cpack -G DEB` in the build directory makes sallyport_VERSION_ARCH.deb.
#
# What only the package carries is in the component `debian`, which `cmake --install` leaves out: it would write to /etc.
set(deploy ${CMAKE_CURRENT_LIST_DIR})
set(doc share/doc/sallyport)

function(sp_debian_files destination)
  install(FILES ${ARGN} DESTINATION ${destination} COMPONENT debian EXCLUDE_FROM_ALL)
endfunction()

sp_debian_files(lib/systemd/system ${deploy}/sallyport.service)
sp_debian_files(/etc/sallyport ${CMAKE_SOURCE_DIR}/docs/examples/config.yaml)
sp_debian_files(${doc} ${deploy}/debian/copyright ${CMAKE_SOURCE_DIR}/README.md ${CMAKE_SOURCE_DIR}/docs/CHANGELOG.md
                ${CMAKE_SOURCE_DIR}/docs/kubernetes.md)
install(FILES ${deploy}/debian/default DESTINATION /etc/default RENAME sallyport COMPONENT debian EXCLUDE_FROM_ALL)
install(DIRECTORY DESTINATION /etc/sallyport/manifests COMPONENT debian EXCLUDE_FROM_ALL)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs/examples/handbook DESTINATION ${doc}/examples COMPONENT debian EXCLUDE_FROM_ALL)
install(DIRECTORY ${deploy}/kustomize DESTINATION ${doc} COMPONENT debian EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_VENDOR "Sallyport")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "NodePort, hostPort and LoadBalancer of a Kubernetes node in XDP")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
    WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL Unspecified debian)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "Sallyport <root@localhost>")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Tools that remove what kube-proxy left; each only when its kind of rules is found.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "iptables, nftables")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "ipset, ipvsadm")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${deploy}/debian/conffiles ${deploy}/debian/postinst ${deploy}/debian/prerm
    ${deploy}/debian/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
