variable "pipeline_wait" {
  description = "How the state machine waits: \"poll\" reads the request now and then; with \"token\" the operator answers a task token, and needs to reach Step Functions for it. docs/adr/0034-the-state-machine-polls.md compares them."
  type        = string
  default     = "poll"
  nullable    = false

  validation {
    condition     = contains(["poll", "token"], var.pipeline_wait)
    error_message = "Use \"poll\" or \"token\"."
  }
}

variable "pipeline_poll_seconds" {
  description = "How long the state machine waits before it first looks whether a request has finished. Each further pause is half as long again, up to 30 s."
  type        = number
  default     = 3
  nullable    = false

  validation {
    condition     = var.pipeline_poll_seconds >= 1 && var.pipeline_poll_seconds <= 30 && floor(var.pipeline_poll_seconds) == var.pipeline_poll_seconds
    error_message = "Use a whole number of seconds from 1 to 30."
  }
}

variable "pipeline_wait_seconds" {
  description = "How long the state machine waits for a request: in the queue, for a node, and for the analysis."
  type        = number
  default     = 1800
  nullable    = false

  validation {
    # 6 hours in pauses of 30 s are 19,440 of the 25,000 events that one execution's history may hold.
    condition     = var.pipeline_wait_seconds >= 60 && var.pipeline_wait_seconds <= 21600 && floor(var.pipeline_wait_seconds) == var.pipeline_wait_seconds
    error_message = "Use a whole number of seconds from 60 to 21600 (6 hours)."
  }
}

variable "alarm_actions" {
  description = "ARNs to tell when the pipeline's alarms ring, for example of an SNS topic."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.alarm_actions : can(regex("^arn:", arn))])
    error_message = "Each must be an ARN."
  }
}

variable "context_lambda_zip" {
  description = "The context analyzer packaged as a Lambda function, by `scripts/package-lambda.sh PATH`. With it the pipeline calls the function for the words of a recording; without it an AnalysisRequest for the context pods."
  type        = string
  default     = null

  validation {
    condition     = var.context_lambda_zip == null || can(filebase64sha256(var.context_lambda_zip))
    error_message = "There is no such file: make it with scripts/package-lambda.sh."
  }
}
