output "region" {
  description = "AWS region."
  value       = var.region
}

output "account_id" {
  description = "AWS account."
  value       = local.account_id
}

output "cluster_name" {
  description = "Name of the EKS cluster."
  value       = local.cluster.name
}

output "namespace" {
  description = "Namespace of the operator."
  value       = var.namespace
}

output "pipeline_namespace" {
  description = "Namespace in which the state machine and the smoke test create AnalysisRequests."
  value       = var.pipeline_namespace
}

output "media_bucket" {
  description = "Bucket for recordings."
  value       = module.media.s3_bucket_id
}

output "media_prefix" {
  description = "A prefix of that bucket that the pipeline's namespace may have analysed."
  value       = var.grants[var.pipeline_namespace][0]
}

output "results_bucket" {
  description = "Bucket for results and reports."
  value       = module.results.s3_bucket_id
}

output "registry" {
  description = "Host of the image repositories."
  value       = split("/", aws_ecr_repository.image["operator"].repository_url)[0]
}

output "repositories" {
  description = "Image → its repository."
  value       = local.repositories
}

output "helm_values" {
  description = "Values for the chart, as YAML."
  value       = yamlencode(local.helm_values)
}

output "operator_image_tag" {
  description = "Tag of the release that Terraform itself keeps; empty: it keeps none."
  value       = var.operator_image_tag == null ? "" : var.operator_image_tag
}

output "role_arns" {
  description = "Service → the IAM role of its pods."
  value       = { for service, identity in module.service_identity : service => identity.iam_role_arn }
}

output "status_api_enabled" {
  description = "Whether the status API is installed."
  value       = var.status_api != null
}

output "database_endpoint" {
  description = "Host and port of PostgreSQL; empty: there is none."
  value       = var.create_database ? aws_db_instance.this[0].endpoint : ""
}

output "database_secret_arn" {
  description = "Secret with the user and the password of PostgreSQL; empty: there is none."
  value       = var.create_database ? aws_db_instance.this[0].master_user_secret[0].secret_arn : ""
}
