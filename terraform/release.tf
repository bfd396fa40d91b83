# The chart's values for this infrastructure. deploy.sh passes them to `helm upgrade`; with operator_image_tag set,
# Terraform installs the release itself.
locals {
  repositories = { for image in local.images : image => aws_ecr_repository.image[image].repository_url }

  grants = merge(
    { "*" = [] },
    { for namespace, prefixes in var.grants : namespace => [for prefix in prefixes : "s3://${module.media.s3_bucket_id}/${prefix}"] },
  )

  # Whether the pods write down what is said, by a model of their own or by Transcribe.
  words_in_pods   = var.speech_models != null || var.transcribe
  transcripts_uri = "s3://${module.results.s3_bucket_id}/${local.transcripts_prefix}"

  # The chart gives each namespace that it names here a ResourceQuota. The pipeline's asks for the words, too.
  limits = {
    for namespace in keys(var.grants) : namespace => {
      analyzers = namespace == var.pipeline_namespace && local.words_in_pods ? ["audio", "video", "context"] : null
    }
  }

  helm_values = {
    operator = {
      image        = { repository = local.repositories["operator"] }
      resultsURI   = "s3://${module.results.s3_bucket_id}/"
      grants       = local.grants
      limits       = local.limits
      nodeSelector = { for label in local.create_cluster ? ["workload"] : [] : label => "system" } # nodes of eks.tf
    }
    s3 = { region = var.region }
    # deploy.sh creates and updates both.
    database = var.create_database ? {
      existingSecret = "silver-guardian-database"
      ca             = { configMap = "silver-guardian-database-ca" }
      } : {
      existingSecret = ""
      ca             = { configMap = "" }
    }
    statusApi = merge(
      {
        enabled    = var.status_api != null
        image      = { repository = local.repositories["status-api"] }
        uploadsURI = "s3://${module.media.s3_bucket_id}" # it adds a folder for each namespace
      },
      var.status_api == null ? null : {
        oidc    = { issuer = var.status_api.issuer, audience = var.status_api.audience, clientID = var.status_api.client_id }
        tenants = var.status_api.tenants
        # deploy.sh makes it, and the role that it is for.
        database = { existingSecret = var.create_database ? "silver-guardian-database-reader" : "" }
      },
    )
    analyzers = {
      audio = { image = { repository = local.repositories["audio"] } }
      video = { image = { repository = local.repositories["video"] } }
      context = {
        enabled = local.words_in_pods
        image   = { repository = local.repositories["context"] }
        # With a model for speech the pods listen themselves; a function of the pipeline asks Transcribe.
        models = { for kind in ["image", "claim"] : kind => var.speech_models[kind] if try(var.speech_models[kind], null) != null }
        env = merge(
          { GUARDIAN_CONTEXT_MODEL = var.bedrock_model_id == null ? "none" : var.bedrock_model_id },
          var.transcribe ? { GUARDIAN_CONTEXT_TRANSCRIPTS = local.transcripts_uri } : {},
        )
      }
    }
  }

  # Only the tag differs between one build and the next.
  helm_values_tagged = {
    operator  = { image = { tag = var.operator_image_tag } }
    analyzers = { for analyzer in keys(local.helm_values.analyzers) : analyzer => { image = { tag = var.operator_image_tag } } }
    statusApi = { image = { tag = var.operator_image_tag } }
  }
}

resource "helm_release" "operator" {
  count = var.operator_image_tag == null ? 0 : 1

  name             = "silver-guardian"
  chart            = "${path.module}/../charts/silver-guardian"
  namespace        = var.namespace
  create_namespace = true
  wait             = true
  timeout          = 600
  values           = [yamlencode(local.helm_values), yamlencode(local.helm_values_tagged)]

  # Removed before KEDA and the nodes: only KEDA removes its finalizer from the ScaledObjects.
  depends_on = [helm_release.keda, helm_release.metrics_server, helm_release.cluster_autoscaler, module.ml_spot, module.service_identity]
}
