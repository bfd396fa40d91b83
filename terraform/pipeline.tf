# From an upload to a verdict: media bucket → EventBridge → state machine. Its definition is in pipeline/, which needs no
# provider, so that tests execute it unchanged. docs/pipeline.md explains it.
module "pipeline" {
  source = "./pipeline"

  cluster = {
    name                  = local.cluster.name
    endpoint              = local.cluster.endpoint
    certificate_authority = local.cluster.certificate_authority
  }
  namespace    = var.pipeline_namespace
  media_bucket = module.media.s3_bucket_id
  prefixes     = var.grants[var.pipeline_namespace]
  poll_seconds = var.pipeline_poll_seconds
  wait_seconds = var.pipeline_wait_seconds

  # The function asks Transcribe.
  words = local.words_in_pods || var.context_lambda_zip != null
  context_function = var.context_lambda_zip == null ? null : {
    arn     = aws_lambda_function.context[0].arn
    seconds = local.context_function_seconds
    results = "s3://${module.results.s3_bucket_id}/functions/"
  }
  create_state_machine_arn = var.pipeline_wait == "token" ? aws_sfn_state_machine.create_request[0].arn : null
}

resource "aws_sfn_state_machine" "pipeline" {
  # checkov:skip=CKV_AWS_284: Its waits make traces of minutes that say less than the execution's own history.
  # checkov:skip=CKV_AWS_285: Keys of recordings can name people; the history stays in Step Functions.
  name       = local.state_machine_name
  type       = "STANDARD"
  role_arn   = aws_iam_role.state_machine.arn
  definition = module.pipeline.definition

  # Keys of recordings can name people: what an execution holds stays in Step Functions.
  logging_configuration {
    level                  = "ERROR"
    include_execution_data = false
    log_destination        = "${aws_cloudwatch_log_group.pipeline.arn}:*"
  }

  depends_on = [aws_iam_role_policy.state_machine]
}

# eks:call cannot carry a task token: with pipeline_wait = "token" this one makes the requests, and the operator answers.
resource "aws_sfn_state_machine" "create_request" {
  # checkov:skip=CKV_AWS_284: It makes one call; a trace would add nothing to its history.
  # checkov:skip=CKV_AWS_285: Keys of recordings can name people, and its input holds a token; both stay in Step Functions.
  count = var.pipeline_wait == "token" ? 1 : 0

  name       = local.create_state_machine_name
  type       = "STANDARD"
  role_arn   = aws_iam_role.state_machine.arn
  definition = module.pipeline.create_definition

  logging_configuration {
    level                  = "ERROR"
    include_execution_data = false
    log_destination        = "${aws_cloudwatch_log_group.pipeline.arn}:*"
  }

  depends_on = [aws_iam_role_policy.state_machine]
}

resource "aws_cloudwatch_log_group" "pipeline" {
  # checkov:skip=CKV_AWS_158: It holds no execution data; CloudWatch's own key is enough.
  # checkov:skip=CKV_AWS_338: Errors of a month are enough to repair one; longer only costs.
  # This start keeps the account's log resource policy short: Step Functions need not add each group to it.
  name              = "/aws/vendedlogs/states/${local.state_machine_name}"
  retention_in_days = 30
}

# ---------------------------------------------------------------- permissions

locals {
  create_state_machine_name = "${local.state_machine_name}-create"
  state_machine_arns        = "arn:${local.partition}:states:${var.region}:${local.account_id}:stateMachine"
}

# In the cluster it may do what access.tf says. IAM gives it the delivery of its logs, and what a task token takes.
resource "aws_iam_role" "state_machine" {
  name = local.state_machine_name

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "states.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account_id }
        ArnLike      = { "aws:SourceArn" = [for name in [local.state_machine_name, local.create_state_machine_name] : "${local.state_machine_arns}:${name}"] }
      }
    }]
  })
}

resource "aws_iam_role_policy" "state_machine" {
  name = "pipeline"
  role = aws_iam_role.state_machine.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid    = "DeliverLogs"
        Effect = "Allow"
        # Log delivery has no resources.
        Action = [
          "logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery",
          "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups",
        ]
        Resource = "*"
      }],
      var.context_lambda_zip == null ? [] : [{
        Sid      = "AskTheContextFunction"
        Effect   = "Allow"
        Action   = "lambda:InvokeFunction"
        Resource = [aws_lambda_function.context[0].arn, "${aws_lambda_function.context[0].arn}:*"]
      }],
      var.pipeline_wait != "token" ? [] : [
        {
          Sid      = "LetRequestsBeMade"
          Effect   = "Allow"
          Action   = "states:StartExecution"
          Resource = "${local.state_machine_arns}:${local.create_state_machine_name}"
        },
        {
          # IAM has no resource for this: the token of a task is what permits an answer.
          Sid      = "TellThatItFailed"
          Effect   = "Allow"
          Action   = "states:SendTaskFailure"
          Resource = "*"
        },
      ],
    )
  })
}

# ---------------------------------------------------------------- trigger

resource "aws_s3_bucket_notification" "media" {
  bucket      = module.media.s3_bucket_id
  eventbridge = true
}

resource "aws_cloudwatch_event_rule" "upload" {
  name          = "${local.state_machine_name}-upload"
  description   = "A new recording in the media bucket."
  event_pattern = module.pipeline.event_pattern
}

resource "aws_cloudwatch_event_target" "pipeline" {
  rule     = aws_cloudwatch_event_rule.upload.name
  arn      = aws_sfn_state_machine.pipeline.arn
  role_arn = aws_iam_role.upload.arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.unstarted.arn
  }
}

resource "aws_iam_role" "upload" {
  name = "${local.state_machine_name}-upload"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account_id, "aws:SourceArn" = aws_cloudwatch_event_rule.upload.arn } }
    }]
  })
}

resource "aws_iam_role_policy" "upload" {
  name = "start"
  role = aws_iam_role.upload.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "StartThePipeline"
      Effect   = "Allow"
      Action   = "states:StartExecution"
      Resource = aws_sfn_state_machine.pipeline.arn
    }]
  })
}

# Uploads that could not start an execution wait here for two weeks.
resource "aws_sqs_queue" "unstarted" {
  name                      = "${local.state_machine_name}-unstarted"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue_policy" "unstarted" {
  queue_url = aws_sqs_queue.unstarted.url

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TakeWhatCouldNotStart"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.unstarted.arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.upload.arn } }
    }]
  })
}

# ---------------------------------------------------------------- alarms

resource "aws_cloudwatch_metric_alarm" "failed" {
  for_each = toset(["ExecutionsFailed", "ExecutionsTimedOut"])

  alarm_name          = "${local.state_machine_name}-${each.key}"
  alarm_description   = "An upload got no answer: docs/pipeline.md says what each error means."
  namespace           = "AWS/States"
  metric_name         = each.key
  dimensions          = { StateMachineArn = aws_sfn_state_machine.pipeline.arn }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "unstarted" {
  alarm_name          = "${local.state_machine_name}-unstarted"
  alarm_description   = "Uploads wait in the dead-letter queue: they could not start an execution."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.unstarted.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
}

output "state_machine_arn" {
  description = "State machine that analyses uploads; an execution may be started by hand too."
  value       = aws_sfn_state_machine.pipeline.arn
}

output "unstarted_queue_url" {
  description = "Queue of the events that could not start an execution."
  value       = aws_sqs_queue.unstarted.url
}
