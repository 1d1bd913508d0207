# A function that publishes what it is given, an alias of its versions with a policy, and environments that stand ready.

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

variable "shifted" {
  type    = map(number)
  default = {}
}

resource "aws_iam_role" "fn" {
  name = "fn"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_lambda_function" "fn" {
  function_name                  = "fn"
  role                           = aws_iam_role.fn.arn
  runtime                        = "python3.11"
  handler                        = "app.handler"
  filename                       = "${path.module}/app.zip"
  source_code_hash               = filebase64sha256("${path.module}/app.zip")
  publish                        = true
  reserved_concurrent_executions = 5
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "what callers use"
  function_name    = aws_lambda_function.fn.function_name
  function_version = aws_lambda_function.fn.version

  dynamic "routing_config" {
    for_each = length(var.shifted) > 0 ? [1] : []
    content {
      additional_version_weights = var.shifted
    }
  }
}

resource "aws_lambda_permission" "live" {
  statement_id  = "topic"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.fn.function_name
  qualifier     = aws_lambda_alias.live.name
  principal     = "sns.amazonaws.com"
}

resource "aws_lambda_provisioned_concurrency_config" "live" {
  function_name                     = aws_lambda_function.fn.function_name
  qualifier                         = aws_lambda_alias.live.name
  provisioned_concurrent_executions = 1
}
