# A function that is fed from a table's stream, and a mapping of a queue, which is kept.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

provider "aws" {
  region = "us-east-1"
}

locals {
  step = 0
}

data "aws_caller_identity" "current" {}

resource "aws_dynamodb_table" "source" {
  name             = "source"
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "id"
  stream_enabled   = true
  stream_view_type = "NEW_IMAGE"

  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_iam_role" "fn" {
  name = "fn"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "streams" {
  role       = aws_iam_role.fn.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaDynamoDBExecutionRole"
}

resource "aws_lambda_function" "fn" {
  function_name = "fn"
  role          = aws_iam_role.fn.arn
  runtime       = "python3.11"
  handler       = "app.handler"
  filename      = "fn.zip"
}

resource "aws_lambda_event_source_mapping" "stream" {
  event_source_arn                   = aws_dynamodb_table.source.stream_arn
  function_name                      = aws_lambda_function.fn.arn
  starting_position                  = "TRIM_HORIZON"
  batch_size                         = local.step == 0 ? 10 : 20
  enabled                            = local.step == 0
  maximum_retry_attempts             = 2
  maximum_record_age_in_seconds      = 3600
  bisect_batch_on_function_error     = true
  parallelization_factor             = local.step == 0 ? 1 : 2
  maximum_batching_window_in_seconds = local.step
  function_response_types            = ["ReportBatchItemFailures"]

  filter_criteria {
    filter {
      pattern = jsonencode({ eventName = local.step == 0 ? ["INSERT"] : ["REMOVE"] })
    }
  }

  tags       = { step = local.step }
  depends_on = [aws_iam_role_policy_attachment.streams]
}

resource "aws_lambda_event_source_mapping" "queue" {
  event_source_arn = "arn:aws:sqs:us-east-1:${data.aws_caller_identity.current.account_id}:queue"
  function_name    = aws_lambda_function.fn.function_name

  scaling_config {
    maximum_concurrency = 5
  }
}
