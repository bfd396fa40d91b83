# The context analyzer as a function: the same code as in its pods, packaged by scripts/package-lambda.sh. It waits for
# Transcribe and Bedrock most of the time, so it needs no node. With it the pipeline's Context branch asks this function.
locals {
  context_function_seconds = 840
  context_function_name    = "${var.name}-context"
}

resource "aws_lambda_function" "context" {
  # checkov:skip=CKV_AWS_117: It talks to S3, Transcribe and Bedrock alone, and would need a NAT gateway in a VPC.
  # checkov:skip=CKV_AWS_116: Step Functions invokes it synchronously and catches what fails, so nothing reaches a dead-letter queue.
  # checkov:skip=CKV_AWS_115: The limit of the account applies; Step Functions retries when it is reached.
  # checkov:skip=CKV_AWS_272: The person who applies builds the zip from this checkout, so a signature would add nothing.
  # checkov:skip=CKV_AWS_173: Its variables name a bucket and a model, and hold no secret that a key of its own would protect.
  # checkov:skip=CKV_AWS_50: Its log has the content of a trace, and tracing costs money for each call.
  count = var.context_lambda_zip == null ? 0 : 1

  function_name    = local.context_function_name
  description      = "Judges what is said in a recording."
  role             = aws_iam_role.context_function[0].arn
  runtime          = "python3.13"
  architectures    = ["x86_64"]
  handler          = "context_analyzer.lambda_handler.handler"
  filename         = var.context_lambda_zip
  source_code_hash = filebase64sha256(var.context_lambda_zip)
  timeout          = local.context_function_seconds + 30
  memory_size      = 512

  environment {
    variables = merge(local.helm_values.analyzers.context.env, { GUARDIAN_CONTEXT_TRANSCRIPTS = local.transcripts_uri })
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.context_function[0].name
  }

  depends_on = [aws_iam_role_policy.context_function]
}

resource "aws_cloudwatch_log_group" "context_function" {
  # checkov:skip=CKV_AWS_158: CloudWatch encrypts it with its own key, and it holds ids and reasons but no recordings.
  # checkov:skip=CKV_AWS_338: A month is enough to find a fault.
  count = var.context_lambda_zip == null ? 0 : 1

  name              = "/aws/lambda/${local.context_function_name}"
  retention_in_days = 30
}

resource "aws_iam_role" "context_function" {
  count = var.context_lambda_zip == null ? 0 : 1

  name = "${local.context_function_name}-function"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

# What the analyzer's pods may do, and its log.
resource "aws_iam_role_policy" "context_function" {
  for_each = var.context_lambda_zip == null ? {} : {
    analyze = module.policies.json["context"]
    log = jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Sid      = "WriteItsLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.context_function[0].arn}:*"
      }]
    })
  }

  name   = each.key
  role   = aws_iam_role.context_function[0].id
  policy = each.value
}
