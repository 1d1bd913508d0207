# Functions in Node.js and of a bootstrap of their own, and how they are called: by URLs, by an invocation, asynchronously.

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

resource "aws_iam_role" "fn" {
  name = "called"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "destinations" {
  name = "destinations"
  role = aws_iam_role.fn.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["lambda:InvokeFunction", "logs:*"], Resource = "*" }]
  })
}

resource "aws_lambda_function" "page" {
  function_name    = "page"
  role             = aws_iam_role.fn.arn
  runtime          = local.step == 0 ? "nodejs20.x" : "nodejs22.x"
  handler          = "app.handler"
  filename         = "${path.module}/page.zip"
  source_code_hash = filebase64sha256("${path.module}/page.zip")
  publish          = true
  depends_on       = [aws_iam_role_policy.destinations]
}

resource "aws_lambda_function" "heir" {
  function_name    = "heir"
  role             = aws_iam_role.fn.arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = ["x86_64"]
  filename         = "${path.module}/heir.zip"
  source_code_hash = filebase64sha256("${path.module}/heir.zip")
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.page.function_name
  function_version = aws_lambda_function.page.version
}

resource "aws_lambda_function_url" "open" {
  function_name      = aws_lambda_function.page.function_name
  qualifier          = aws_lambda_alias.live.name
  authorization_type = "NONE"
  invoke_mode        = "RESPONSE_STREAM"

  cors {
    allow_credentials = true
    allow_origins     = local.step == 0 ? ["https://example.com"] : ["https://example.org"]
    allow_methods     = ["GET", "POST"]
    allow_headers     = ["date", "keep-alive"]
    expose_headers    = ["date"]
    max_age           = 86400 / (local.step + 1)
  }
}

resource "aws_lambda_permission" "open" {
  for_each               = toset(["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"])
  statement_id           = replace(each.value, ":", "-")
  action                 = each.value
  function_name          = aws_lambda_function.page.function_name
  qualifier              = aws_lambda_alias.live.name
  principal              = "*"
  function_url_auth_type = each.value == "lambda:InvokeFunctionUrl" ? "NONE" : null
}

resource "aws_lambda_function_url" "signed" {
  function_name      = aws_lambda_function.page.function_name
  authorization_type = local.step == 0 ? "AWS_IAM" : "NONE"
}

resource "aws_lambda_function_event_invoke_config" "live" {
  function_name                = aws_lambda_function.page.function_name
  qualifier                    = aws_lambda_alias.live.name
  maximum_event_age_in_seconds = 60 + local.step
  maximum_retry_attempts       = 0

  destination_config {
    on_success {
      destination = aws_lambda_function.heir.arn
    }
    dynamic "on_failure" {
      for_each = local.step == 0 ? [] : [1]
      content {
        destination = aws_lambda_function.heir.arn
      }
    }
  }
}

resource "aws_lambda_invocation" "once" {
  function_name   = aws_lambda_function.page.function_name
  input           = jsonencode({ step = local.step })
  lifecycle_scope = "CRUD"
}

data "aws_lambda_invocation" "each_time" {
  function_name = aws_lambda_function.page.function_name
  qualifier     = aws_lambda_alias.live.name
  input         = jsonencode({ asked = "by data" })
}

data "aws_lambda_alias" "live" {
  function_name = aws_lambda_function.page.function_name
  name          = aws_lambda_alias.live.name
}

data "aws_lambda_function" "page" {
  function_name = aws_lambda_function.page.function_name
  qualifier     = aws_lambda_alias.live.name
}

data "aws_lambda_function_url" "open" {
  function_name = aws_lambda_function.page.function_name
  qualifier     = aws_lambda_function_url.open.qualifier
}

data "aws_lambda_functions" "all" {
  depends_on = [aws_lambda_function.page, aws_lambda_function.heir]
}

output "answers" {
  value = {
    once     = jsondecode(aws_lambda_invocation.once.result)
    again    = jsondecode(data.aws_lambda_invocation.each_time.result)
    alias    = data.aws_lambda_alias.live.function_version
    same_url = data.aws_lambda_function_url.open.function_url == aws_lambda_function_url.open.function_url
    runtime  = data.aws_lambda_function.page.runtime
    all      = sort(data.aws_lambda_functions.all.function_names)
  }
}

output "open" {
  value = aws_lambda_function_url.open.function_url
}
