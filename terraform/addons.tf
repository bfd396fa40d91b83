resource "helm_release" "metrics_server" {
  count = var.install.metrics_server ? 1 : 0

  name       = "metrics-server"
  repository = "https://kubernetes-sigs.github.io/metrics-server"
  chart      = "metrics-server"
  version    = "3.13.1"
  namespace  = "kube-system"
  wait       = true
  timeout    = 600

  depends_on = [module.eks]
}

module "cluster_autoscaler_identity" {
  source  = "terraform-aws-modules/eks-pod-identity/aws"
  version = "2.8.1"
  count   = var.install.cluster_autoscaler ? 1 : 0

  name                             = "${var.name}-cluster-autoscaler"
  use_name_prefix                  = false
  attach_cluster_autoscaler_policy = true
  cluster_autoscaler_cluster_names = [local.cluster.name]

  associations = {
    this = {
      cluster_name    = local.cluster.name
      namespace       = "kube-system"
      service_account = "cluster-autoscaler"
    }
  }
}

resource "helm_release" "cluster_autoscaler" {
  count = var.install.cluster_autoscaler ? 1 : 0

  name       = "cluster-autoscaler"
  repository = "https://kubernetes.github.io/autoscaler"
  chart      = "cluster-autoscaler"
  version    = "9.59.0"
  namespace  = "kube-system"
  wait       = true
  timeout    = 600

  values = [yamlencode({
    cloudProvider = "aws"
    awsRegion     = var.region
    autoDiscovery = { clusterName = local.cluster.name }
    rbac          = { serviceAccount = { name = "cluster-autoscaler" } }
    extraArgs = {
      expander                      = "least-waste"
      scale-down-unneeded-time      = "${var.ml_node_idle_minutes}m"
      skip-nodes-with-local-storage = false # an analyzer's scratch space is no reason to keep a node
    }
  })]

  depends_on = [module.cluster_autoscaler_identity, module.eks, aws_eks_addon.pod_identity_agent]
}
