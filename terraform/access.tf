# Step Functions in the cluster: it authenticates by IAM, and Kubernetes' own RBAC says what it may do there.
resource "aws_eks_access_entry" "state_machine" {
  cluster_name      = local.cluster.name
  principal_arn     = aws_iam_role.state_machine.arn
  type              = "STANDARD"
  kubernetes_groups = [local.pipeline_group]
}

locals {
  pipeline_group = "silver-guardian:pipeline"
}

resource "kubernetes_namespace_v1" "granted" {
  for_each = var.grants

  metadata {
    name = each.key
    labels = {
      "app.kubernetes.io/part-of"          = "silver-guardian"
      "pod-security.kubernetes.io/enforce" = "restricted"
    }
  }

  depends_on = [module.eks]
}

resource "kubernetes_role_v1" "pipeline" {
  metadata {
    name      = "silver-guardian-pipeline"
    namespace = kubernetes_namespace_v1.granted[var.pipeline_namespace].metadata[0].name
  }

  rule {
    api_groups = ["silverguardian.io"]
    resources  = ["analysisrequests"]
    verbs      = ["create", "get"]
  }
}

resource "kubernetes_role_binding_v1" "pipeline" {
  metadata {
    name      = "silver-guardian-pipeline"
    namespace = kubernetes_namespace_v1.granted[var.pipeline_namespace].metadata[0].name
  }

  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = "Role"
    name      = kubernetes_role_v1.pipeline.metadata[0].name
  }

  subject {
    api_group = "rbac.authorization.k8s.io"
    kind      = "Group"
    name      = local.pipeline_group
  }
}
