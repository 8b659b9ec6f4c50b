#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# manifests.sh CHECKER: renders every overlay of loader/deploy/kustomize, and each component on top of each overlay that
# people put it on, and has CHECKER (manifests_test.cpp) look at the results. Exit code 77 without kubectl.
set -euo pipefail
checker=${1:?path of deploy_manifests_test}
kustomize=$(cd "$(dirname "$0")/../../loader/deploy/kustomize" && pwd)
command -v kubectl >/dev/null || { echo "SKIP kubectl is not on PATH: manifests cannot be rendered"; exit 77; }

# Inside the tree of manifests: kustomize reads no files outside of the folder that it is called for, folders it does.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# compose NAME OVERLAY [COMPONENT]: renders what an operator's own kustomization.yaml would
compose() {
  local folder=$scratch/tree/$1
  mkdir -p "$folder" "$scratch/rendered"
  {
    echo "resources: [../kustomize/overlays/$2]"
    [ $# -lt 3 ] || echo "components: [../kustomize/components/$3]"
  } >"$folder/kustomization.yaml"
  kubectl kustomize "$folder" >"$scratch/rendered/$1.yaml"
}

mkdir "$scratch/tree"
cp -r "$kustomize" "$scratch/tree/kustomize"
for overlay in "$kustomize"/overlays/*/; do
  overlay=$(basename "$overlay")
  compose "$overlay" "$overlay"
  compose "$overlay-labelled-nodes" "$overlay" labelled-nodes
done
compose k3s-beside-kube-proxy k3s beside-kube-proxy

SP_RENDERED=$scratch/rendered "$checker"
