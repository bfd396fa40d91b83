locals {
  transcripts_prefix = "transcripts/" # in the results bucket

  bucket_encryption = merge(
    { sse_algorithm = var.kms_key_arn == null ? "AES256" : "aws:kms" },
    var.kms_key_arn == null ? {} : { kms_master_key_id = var.kms_key_arn },
  )

  bucket_names = {
    media   = "${var.name}-media-${local.account_id}-${var.region}"
    results = "${var.name}-results-${local.account_id}-${var.region}"
  }
}

module "media" {
  source  = "terraform-aws-modules/s3-bucket/aws"
  version = "5.15.4"

  bucket        = local.bucket_names.media
  force_destroy = var.delete_data_on_destroy

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true

  control_object_ownership = true
  object_ownership         = "BucketOwnerEnforced"

  attach_deny_insecure_transport_policy = true
  attach_require_latest_tls_policy      = true

  server_side_encryption_configuration = {
    rule = { apply_server_side_encryption_by_default = local.bucket_encryption, bucket_key_enabled = true }
  }

  # A verdict names the version that it is about: an upload under the same key must not take that one away at once.
  versioning = { enabled = true }

  lifecycle_rule = [{
    id                                     = "retention"
    enabled                                = true
    expiration                             = { days = var.media_retention_days }
    noncurrent_version_expiration          = { days = 7 }
    abort_incomplete_multipart_upload_days = 1
  }]

  cors_rule = length(var.upload_origins) == 0 ? [] : [{
    allowed_methods = ["PUT", "POST"]
    allowed_origins = var.upload_origins
    allowed_headers = ["*"]
    expose_headers  = ["ETag", "x-amz-version-id"]
    max_age_seconds = 3600
  }]
}

module "results" {
  source  = "terraform-aws-modules/s3-bucket/aws"
  version = "5.15.4"

  bucket        = local.bucket_names.results
  force_destroy = var.delete_data_on_destroy

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true

  control_object_ownership = true
  object_ownership         = "BucketOwnerEnforced"

  attach_deny_insecure_transport_policy = true
  attach_require_latest_tls_policy      = true

  server_side_encryption_configuration = {
    rule = { apply_server_side_encryption_by_default = local.bucket_encryption, bucket_key_enabled = true }
  }

  # Who overwrites a result or a report changes no evidence: what the status names by its SHA-256 is still there.
  versioning = { enabled = true }

  lifecycle_rule = [{
    id                                     = "retention"
    enabled                                = true
    expiration                             = { days = var.results_retention_days }
    noncurrent_version_expiration          = { days = 30 }
    abort_incomplete_multipart_upload_days = 1
    }, {
    id                            = "transcripts"
    enabled                       = true
    filter                        = { prefix = local.transcripts_prefix }
    expiration                    = { days = var.transcripts_retention_days }
    noncurrent_version_expiration = { days = 1 }
  }]
}
