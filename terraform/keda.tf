# KEDA sizes the pools. It is removed after the operator's release: only KEDA removes its finalizer from ScaledObjects.
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
