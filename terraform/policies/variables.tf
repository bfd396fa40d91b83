variable "partition" {
  description = "AWS partition: aws, or aws-cn and the like."
  type        = string
}

variable "region" {
  description = "AWS region."
  type        = string
}

variable "account_id" {
  description = "AWS account."
  type        = string
}

variable "media_bucket_arn" {
  description = "Bucket of the recordings."
  type        = string
}

variable "results_bucket_arn" {
  description = "Bucket of results and reports."
  type        = string
}

variable "media_prefixes" {
  description = "Prefixes of the media bucket that may be read; each ends with a slash."
  type        = list(string)
}

variable "tenants" {
  description = "Namespaces of the status API's tenants: each uploads under its own name in the media bucket, and reads its own reports."
  type        = list(string)
}

variable "answers_task_tokens" {
  description = "Whether state machines wait by task tokens, which the operator answers."
  type        = bool
}

variable "transcripts_prefix" {
  description = "Prefix of the results bucket for transcripts; ends with a slash."
  type        = string
}

variable "kms_key_arn" {
  description = "The key of the buckets; null: S3's own, which needs no right."
  type        = string
  default     = null
}

variable "transcribes" {
  description = "Whether the context analyzer may have recordings written down by Amazon Transcribe."
  type        = bool
}

variable "bedrock_model_id" {
  description = "Model or inference profile of the context analyzer; null: none."
  type        = string
  default     = null
}
