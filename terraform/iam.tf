# One role for each service, assumed by its pods through EKS Pod Identity. What each may do is computed in policies/, which
# needs no provider, so that tests evaluate it unchanged.
module "policies" {
  source = "./policies"

  partition          = local.partition
  region             = var.region
  account_id         = local.account_id
  media_bucket_arn   = module.media.s3_bucket_arn
  results_bucket_arn = module.results.s3_bucket_arn
  media_prefixes     = local.media_prefixes
  transcripts_prefix = local.transcripts_prefix
  transcribes        = var.transcribe || var.context_lambda_zip != null
  bedrock_model_id   = var.bedrock_model_id
  kms_key_arn        = var.kms_key_arn

  tenants             = distinct(values(try(var.status_api.tenants, {})))
  answers_task_tokens = var.pipeline_wait == "token"
}

locals {
  # Service → the service account that its pods run under.
  service_accounts = {
    operator   = "silver-guardian"
    audio      = "audio"
    video      = "video"
    context    = "context"
    status-api = "silver-guardian-status-api"
  }
}

module "service_identity" {
  source   = "terraform-aws-modules/eks-pod-identity/aws"
  version  = "2.8.1"
  for_each = local.service_accounts

  name                    = "${var.name}-${each.key}"
  use_name_prefix         = false
  attach_custom_policy    = true
  source_policy_documents = [module.policies.json[each.key]]

  associations = {
    this = {
      cluster_name    = local.cluster.name
      namespace       = var.namespace
      service_account = each.value
    }
  }
}
