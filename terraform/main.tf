# Silver Guardian on AWS. What is where:
#
#   vpc.tf        network of a cluster made here        storage.tf   buckets for recordings and results
#   eks.tf        the cluster, made here or existing    registry.tf  repositories of the images
#   ml_spot.tf    Spot nodes of the analyzers, 0 to 5   iam.tf       one role for each service; policies/ computes them
#   addons.tf     metrics-server, cluster autoscaler    access.tf    what Step Functions may do in the cluster
#   keda.tf       KEDA                                  database.tf  PostgreSQL, if wanted
#   pipeline.tf   the state machine                     release.tf   the operator's Helm release and its values

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  account_id     = data.aws_caller_identity.current.account_id
  partition      = data.aws_partition.current.partition
  create_cluster = var.existing_cluster_name == null

  # pipeline.tf makes it; the operator's role may answer to it.
  state_machine_name = "${var.name}-pipeline"

  tags = merge({ "app.kubernetes.io/part-of" = "silver-guardian", installation = var.name }, var.tags)

  # A namespace that grants does not name is granted nothing.
  media_prefixes = distinct(flatten(values(var.grants)))
}
