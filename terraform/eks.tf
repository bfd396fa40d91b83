module "eks" {
  source  = "terraform-aws-modules/eks/aws"
  version = "21.19.0"
  count   = local.create_cluster ? 1 : 0

  name               = var.name
  kubernetes_version = var.kubernetes_version

  vpc_id     = module.vpc[0].vpc_id
  subnet_ids = module.vpc[0].private_subnets

  # Step Functions reaches a cluster by its public endpoint only; a caller still needs IAM and an access entry.
  endpoint_private_access      = true
  endpoint_public_access       = var.public_access
  endpoint_public_access_cidrs = var.public_access_cidrs

  authentication_mode                      = "API"
  enable_cluster_creator_admin_permissions = true
  enable_irsa                              = false # Pod Identity is used instead

  enabled_log_types                      = ["api", "audit", "authenticator"]
  cloudwatch_log_group_retention_in_days = 30
  create_kms_key                         = var.kms_key_arn == null
  kms_key_deletion_window_in_days        = 7
  encryption_config                      = { provider_key_arn = var.kms_key_arn, resources = ["secrets"] }
  upgrade_policy                         = { support_type = "STANDARD" } # no extended support, which costs six times as much

  addons = {
    vpc-cni = {
      before_compute = true
      # Without this the chart's NetworkPolicies have no effect.
      configuration_values = jsonencode({ enableNetworkPolicy = "true" })
    }
    eks-pod-identity-agent = { before_compute = true }
    kube-proxy             = {}
    coredns                = {}
  }

  eks_managed_node_groups = {
    system = {
      instance_types = var.system_instance_types
      capacity_type  = "ON_DEMAND"
      min_size       = var.system_node_count
      max_size       = var.system_node_count + 1
      desired_size   = var.system_node_count
      labels         = { workload = "system" }
    }
  }
}

data "aws_eks_cluster" "existing" {
  count = local.create_cluster ? 0 : 1
  name  = var.existing_cluster_name
}

resource "aws_eks_addon" "pod_identity_agent" {
  count = !local.create_cluster && var.install.pod_identity_agent ? 1 : 0

  cluster_name = local.cluster.name
  addon_name   = "eks-pod-identity-agent"
}

locals {
  # One shape, wherever the cluster comes from.
  cluster = local.create_cluster ? {
    name                  = module.eks[0].cluster_name
    arn                   = module.eks[0].cluster_arn
    endpoint              = module.eks[0].cluster_endpoint
    certificate_authority = module.eks[0].cluster_certificate_authority_data
    version               = module.eks[0].cluster_version
    service_cidr          = module.eks[0].cluster_service_cidr
    vpc_id                = module.vpc[0].vpc_id
    subnet_ids            = module.vpc[0].private_subnets
    security_group_id     = module.eks[0].cluster_primary_security_group_id
    node_security_groups  = [module.eks[0].node_security_group_id]
    } : {
    name                  = data.aws_eks_cluster.existing[0].name
    arn                   = data.aws_eks_cluster.existing[0].arn
    endpoint              = data.aws_eks_cluster.existing[0].endpoint
    certificate_authority = data.aws_eks_cluster.existing[0].certificate_authority[0].data
    version               = data.aws_eks_cluster.existing[0].version
    service_cidr          = data.aws_eks_cluster.existing[0].kubernetes_network_config[0].service_ipv4_cidr
    vpc_id                = data.aws_eks_cluster.existing[0].vpc_config[0].vpc_id
    subnet_ids            = length(var.existing_cluster_subnet_ids) > 0 ? var.existing_cluster_subnet_ids : tolist(data.aws_eks_cluster.existing[0].vpc_config[0].subnet_ids)
    security_group_id     = data.aws_eks_cluster.existing[0].vpc_config[0].cluster_security_group_id
    node_security_groups  = []
  }
}
