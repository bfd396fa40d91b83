# The analyzers' nodes: Spot, none while there is no work. KEDA makes pods, the autoscaler makes nodes for them.
module "ml_spot" {
  source  = "terraform-aws-modules/eks/aws//modules/eks-managed-node-group"
  version = "21.19.0"

  name                 = "ml"
  partition            = local.partition
  account_id           = local.account_id
  cluster_name         = local.cluster.name
  kubernetes_version   = local.cluster.version
  cluster_service_cidr = local.cluster.service_cidr
  subnet_ids           = local.cluster.subnet_ids

  cluster_primary_security_group_id = local.cluster.security_group_id
  vpc_security_group_ids            = local.cluster.node_security_groups
  create_security_group             = false

  capacity_type  = "SPOT"
  instance_types = var.ml_instance_types
  min_size       = 0
  max_size       = var.ml_max_nodes
  desired_size   = 0

  labels = { workload = "ml" }
  taints = {
    ml = { key = "workload", value = "ml", effect = "NO_SCHEDULE" }
  }
}

# At zero nodes the autoscaler has none to look at: these tags tell it what a new one would be like. EKS itself sets the two
# by which the group is found (k8s.io/cluster-autoscaler/enabled and …/CLUSTER).
locals {
  ml_node_template = {
    "label/workload"              = "ml"
    "taint/workload"              = "ml:NoSchedule"
    "resources/ephemeral-storage" = "18Gi" # of the 20 GiB disk of an EKS node
  }
}

resource "aws_autoscaling_group_tag" "ml" {
  for_each = local.ml_node_template

  autoscaling_group_name = module.ml_spot.node_group_autoscaling_group_names[0]

  tag {
    key                 = "k8s.io/cluster-autoscaler/node-template/${each.key}"
    value               = each.value
    propagate_at_launch = false
  }
}
