variable "cluster" {
  description = "The cluster whose API server is called: its public endpoint, and its certificate authority in Base64."
  type = object({
    name                  = string
    endpoint              = string
    certificate_authority = string
  })
}

variable "namespace" {
  description = "Namespace in which AnalysisRequests are made."
  type        = string
}

variable "media_bucket" {
  description = "Bucket whose new objects are analysed."
  type        = string
}

variable "prefixes" {
  description = "Prefixes of that bucket; what lies outside of them starts nothing."
  type        = list(string)
}

variable "poll_seconds" {
  description = "The first pause before a request is looked at; each further one is half as long again, up to 30 s."
  type        = number
}

variable "wait_seconds" {
  description = "How long a request is waited for."
  type        = number
}

variable "create_state_machine_arn" {
  description = "The state machine of create_definition: it makes the requests, with a task token that the operator answers. Null: they are made and looked at here."
  type        = string
  default     = null
}

variable "words" {
  description = "Whether what is said is judged, too."
  type        = bool
}

variable "context_function" {
  description = "The Lambda function that the Context branch asks: its ARN, how long it may take, and where its results go, as s3://BUCKET/PREFIX/. Null: the branch makes an AnalysisRequest as the others do."
  type = object({
    arn     = string
    seconds = number
    results = string
  })
  default = null
}
