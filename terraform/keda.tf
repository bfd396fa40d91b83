# KEDA sizes the pools. It goes only after the operator's release: the ScaledObjects wait for it to let go of them.
resource "helm_release" "keda" {
  count = var.install.keda ? 1 : 0

  name             = "keda"
  repository       = "https://kedacore.github.io/charts"
  chart            = "keda"
  version          = "2.21.0"
  namespace        = "keda"
  create_namespace = true
  wait             = true
  timeout          = 600

  depends_on = [module.eks]
}
