# The IAM policy of each service, computed from names alone. It needs no provider, so `tofu apply` evaluates it anywhere.
terraform {
  required_version = ">= 1.11.0"
}

locals {
  granted_recordings = [for prefix in var.media_prefixes : "${var.media_bucket_arn}/${prefix}*"]
  results            = ["${var.results_bucket_arn}/*"]

  read_recordings = {
    Sid      = "ReadGrantedRecordings"
    Effect   = "Allow"
    Action   = ["s3:GetObject", "s3:GetObjectVersion"]
    Resource = local.granted_recordings
  }
  # Each analyzer writes its own result and plot, so that one that is taken over cannot change what others found.
  write_results = {
    for analyzer in ["audio", "video", "context"] : analyzer => {
      Sid      = "WriteOwnResults"
      Effect   = "Allow"
      Action   = ["s3:PutObject"]
      Resource = [for suffix in ["json", "png"] : "${var.results_bucket_arn}/*/${analyzer}.${suffix}"]
    }
  }
  write_reports = {
    Sid      = "WriteReports"
    Effect   = "Allow"
    Action   = ["s3:PutObject"]
    Resource = ["${var.results_bucket_arn}/*/report.html"]
  }
  # Of a batch: which recordings there are, or a manifest that names them, and what became of them. Recordings stay closed.
  list_recordings = {
    Sid       = "ListGrantedRecordings"
    Effect    = "Allow"
    Action    = ["s3:ListBucket"]
    Resource  = [var.media_bucket_arn]
    Condition = { StringLike = { "s3:prefix" = [for prefix in var.media_prefixes : "${prefix}*"] } }
  }
  read_manifests = {
    Sid      = "ReadManifests"
    Effect   = "Allow"
    Action   = ["s3:GetObject"]
    Resource = flatten([for suffix in ["csv", "jsonl", "ndjson"] : [for recordings in local.granted_recordings : "${recordings}.${suffix}"]])
  }
  write_parts = {
    Sid      = "WritePartsOfBatches"
    Effect   = "Allow"
    Action   = ["s3:PutObject"]
    Resource = ["${var.results_bucket_arn}/*/part-*.jsonl"]
  }
  # What results are found by. No analyzer may write there: the last part of its keys is its own name.
  write_cache = {
    Sid      = "RememberResults"
    Effect   = "Allow"
    Action   = ["s3:PutObject"]
    Resource = ["${var.results_bucket_arn}/*/.cached/*"]
  }
  # A wildcard covers any depth, the transcripts' prefix included.
  keep_out_of_transcripts = {
    Sid      = "KeepOutOfTranscripts"
    Effect   = "Deny"
    Action   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject"]
    Resource = ["${var.results_bucket_arn}/${var.transcripts_prefix}*"]
  }
  # The operator erases what it is asked to: a tenant's uploads, results and reports by their names, and the transcripts that
  # context keeps. Versions stay until the bucket's lifecycle removes them.
  erase = [
    {
      Sid      = "EraseResults"
      Effect   = "Allow"
      Action   = ["s3:DeleteObject"]
      Resource = [for name in local.erased_results : "${var.results_bucket_arn}/*/${name}"]
    },
    {
      Sid      = "EraseTranscripts"
      Effect   = "Allow"
      Action   = ["s3:DeleteObject"]
      Resource = ["${var.results_bucket_arn}/${var.transcripts_prefix}guardian-*.json"]
    },
    {
      Sid      = "KeepOutOfTranscripts"
      Effect   = "Deny"
      Action   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
      Resource = ["${var.results_bucket_arn}/${var.transcripts_prefix}*"]
    },
    {
      Sid      = "EraseNothingBelowTranscripts"
      Effect   = "Deny"
      Action   = ["s3:DeleteObject"]
      Resource = ["${var.results_bucket_arn}/${var.transcripts_prefix}*/*"]
    },
  ]
  erased_results = concat(["report.html"], flatten([for name in ["audio", "video", "context"] : ["${name}.json", "${name}.png"]]))
  erase_uploads = length(var.tenants) == 0 ? [] : [{
    Sid      = "EraseUploads"
    Effect   = "Allow"
    Action   = ["s3:DeleteObject"]
    Resource = [for namespace in var.tenants : "${var.media_bucket_arn}/${namespace}/*"]
  }]

  read_results = {
    Sid      = "ReadResults"
    Effect   = "Allow"
    Action   = ["s3:GetObject"]
    Resource = local.results
  }

  # With a cross-region inference profile Bedrock asks for the profile here, and for the model in the regions that it spans.
  bedrock_regions = {
    apac   = "ap-*"
    au     = "ap-southeast-*"
    eu     = "eu-*"
    global = "*"
    jp     = "ap-northeast-*"
    us     = "us-*"
    us-gov = "us-gov-*"
  }
  bedrock_prefix     = var.bedrock_model_id == null ? "" : element(split(".", var.bedrock_model_id), 0)
  bedrock_is_profile = contains(keys(local.bedrock_regions), local.bedrock_prefix)
  bedrock_model      = var.bedrock_model_id == null ? "" : local.bedrock_is_profile ? trimprefix(var.bedrock_model_id, "${local.bedrock_prefix}.") : var.bedrock_model_id
  bedrock_region     = lookup(local.bedrock_regions, local.bedrock_prefix, var.region)
  bedrock_resources = concat(
    ["arn:${var.partition}:bedrock:${local.bedrock_region}::foundation-model/${local.bedrock_model}"],
    local.bedrock_is_profile ? ["arn:${var.partition}:bedrock:${var.region}:${var.account_id}:inference-profile/${var.bedrock_model_id}"] : [],
  )

  # For what is in the buckets, and by way of S3 alone.
  use_key = var.kms_key_arn == null ? [] : [{
    Sid       = "UseTheBucketsKey"
    Effect    = "Allow"
    Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource  = [var.kms_key_arn]
    Condition = { StringEquals = { "kms:ViaService" = "s3.${var.region}.amazonaws.com" } }
  }]

  transcription = [
    {
      Sid      = "KeepTranscripts"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
      Resource = ["${var.results_bucket_arn}/${var.transcripts_prefix}*"]
    },
    {
      # Transcribe reads and writes with the caller's own rights, so it reaches no other prefix either. IAM has no resource
      # for a job that does not exist yet.
      Sid       = "StartTranscription"
      Effect    = "Allow"
      Action    = ["transcribe:StartTranscriptionJob"]
      Resource  = ["*"]
      Condition = { StringEquals = { "transcribe:OutputBucketName" = element(split(":", var.results_bucket_arn), 5) } }
    },
    {
      Sid      = "FollowTranscription"
      Effect   = "Allow"
      Action   = ["transcribe:GetTranscriptionJob", "transcribe:DeleteTranscriptionJob"]
      Resource = ["arn:${var.partition}:transcribe:${var.region}:${var.account_id}:transcription-job/guardian-*"]
    },
  ]

  statements = {
    audio = [local.read_recordings, local.write_results.audio, local.keep_out_of_transcripts]
    video = [local.read_recordings, local.write_results.video, local.keep_out_of_transcripts]

    context = concat(
      [
        local.read_recordings,
        local.write_results.context,
      ],
      [for statement in local.transcription : statement if var.transcribes],
      var.transcribes ? [] : [local.keep_out_of_transcripts],
      var.bedrock_model_id == null ? [] : [{
        Sid      = "AskTheModel"
        Effect   = "Allow"
        Action   = ["bedrock:InvokeModel"]
        Resource = local.bedrock_resources
      }],
    )

    operator = concat(
      [
        local.read_results,
        local.write_reports,
        local.list_recordings,
        local.read_manifests,
        local.write_parts,
        local.write_cache,
      ],
      local.erase,
      local.erase_uploads,
      var.answers_task_tokens ? [{
        # IAM has no resource for these: the token of a task is what permits an answer.
        Sid      = "AnswerStateMachines"
        Effect   = "Allow"
        Action   = ["states:SendTaskSuccess", "states:SendTaskFailure"]
        Resource = ["*"]
      }] : [],
    )

    # A presigned link has the rights of its signer: to upload tenants' recordings, and to read their reports.
    status-api = concat(
      [local.keep_out_of_transcripts],
      length(var.tenants) == 0 ? [] : [
        {
          Sid      = "PresignUploads"
          Effect   = "Allow"
          Action   = ["s3:PutObject"]
          Resource = [for namespace in var.tenants : "${var.media_bucket_arn}/${namespace}/*"]
        },
        {
          Sid      = "PresignReports"
          Effect   = "Allow"
          Action   = ["s3:GetObject"]
          Resource = [for namespace in var.tenants : "${var.results_bucket_arn}/${namespace}/*/report.html"]
        },
      ],
    )
  }
}
