// What flannel 0.10 to 0.28 says when it cannot work with the Kubernetes API (kube-subnet-mgr).

import { type CauseRule } from "./rule";

export const KUBERNETES_CAUSES: readonly CauseRule[] = [
  {
    name: "kube-node-unknown",
    pattern:
      /(failed to acquire lease|Failed to get node for backend data): nodes? "[^"]*" not found/,
    cause: "Kubernetes has no node with this host's name (kube-subnet-mgr)",
    remedy:
      "set NODE_NAME in the environment of flanneld to the name that kubectl get nodes shows for this host; the kubelet must have registered it",
  },
  {
    // Since 0.25 flannel tries for 30 seconds, and tells what the API has answered only if its backend has data.
    name: "kube-node-refused",
    pattern: /timeout contacting kube-api, failed to patch node/,
    // Without the list of nodes, it may as well be that the API was not reached at all.
    unless: /Node controller skips sync/,
    isConsequence: true,
    cause:
      "Kubernetes has no node with this host's name, or flannel may not annotate it (kube-subnet-mgr)",
    remedy:
      "set NODE_NAME in the environment of flanneld to the name that kubectl get nodes shows for this host, and let flannel's account patch nodes/status, as the ClusterRole of flannel's manifest does",
  },
  {
    name: "kube-rbac",
    pattern: /is forbidden: User /,
    cause: "Kubernetes refuses flannel's account (kube-subnet-mgr)",
    remedy:
      "let its role get, list and watch nodes, and patch nodes/status, as the ClusterRole of flannel's manifest does",
  },
  {
    name: "kube-pod-cidr",
    pattern:
      /pod cidr not assigned|doesn't contain .* PodCIDR of the|specified in the PodCIDR, but doesn't exist|missing IPv[46] address on n\.Spec\.PodCIDRs|pod cidrs should be/i,
    cause: "the node has no pod CIDR, or one outside the network",
    remedy:
      "let kube-controller-manager allocate node CIDRs (--allocate-node-cidrs, --cluster-cidr) inside the network of net-config-path, for every family that it enables",
  },
  {
    name: "net-conf",
    pattern: /failed to read net conf|error parsing subnet config/,
    cause: "the network configuration file of kube-subnet-mgr cannot be used",
    remedy: "check the file of net-config-path",
  },
  {
    name: "kube-api",
    pattern:
      /\*v1\.Node|(fail|unable) to create (kubernetes|k8s) config|unable to initialize (client|inclusterconfig)|contacting kube-api|error waiting for (nodeController|clusterCIDR)|POD_NAME and POD_NAMESPACE must be set|error retrieving pod spec|node name not present in pod spec|Timed out waiting for node controller sync|failed to create patch for node|error creating network manager|error reading flannel networks from k8s/i,
    cause: "flannel cannot work with the Kubernetes API (kube-subnet-mgr)",
    remedy:
      "check kubeconfig-file and kube-api-url, and set NODE_NAME in the environment where flanneld is not a pod",
  },
];
