# A function with all that Terraform can say of one without versions, on two layers, and what hangs on it.

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
  name = "layered"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "dead_letters" {
  name = "dead-letters"
  role = aws_iam_role.fn.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["sqs:SendMessage", "logs:*"], Resource = "*" }]
  })
}

resource "aws_lambda_layer_version" "library" {
  layer_name               = "library"
  filename                 = "${path.module}/library${local.step}.zip"
  source_code_hash         = filebase64sha256("${path.module}/library${local.step}.zip")
  description              = "shared by all"
  license_info             = "MIT"
  compatible_runtimes      = ["python3.11", "python3.12"]
  compatible_architectures = ["x86_64"]
}

resource "aws_lambda_layer_version" "tools" {
  layer_name = "tools"
  filename   = "${path.module}/tools.zip"
}

resource "aws_lambda_layer_version_permission" "library" {
  layer_name     = aws_lambda_layer_version.library.layer_name
  version_number = aws_lambda_layer_version.library.version
  statement_id   = "other-account"
  action         = "lambda:GetLayerVersion"
  principal      = "111122223333"
}

resource "aws_lambda_code_signing_config" "fn" {
  description = local.step == 0 ? "first" : "second"
  allowed_publishers {
    signing_profile_version_arns = ["arn:aws:signer:us-east-1:111122223333:/signing-profiles/p/v"]
  }
  policies {
    untrusted_artifact_on_deployment = "Warn"
  }
  tags = { step = local.step }
}

resource "aws_lambda_function" "fn" {
  function_name                  = "layered"
  role                           = aws_iam_role.fn.arn
  runtime                        = "python3.11"
  handler                        = "app.handler"
  filename                       = "${path.module}/app.zip"
  source_code_hash               = filebase64sha256("${path.module}/app.zip")
  description                    = "step ${local.step}"
  timeout                        = local.step == 0 ? 10 : 20
  memory_size                    = local.step == 0 ? 256 : 512
  reserved_concurrent_executions = local.step == 0 ? 5 : 7
  code_signing_config_arn        = aws_lambda_code_signing_config.fn.arn
  layers = local.step == 0 ? [
    aws_lambda_layer_version.library.arn, aws_lambda_layer_version.tools.arn
    ] : [
    aws_lambda_layer_version.library.arn
  ]

  environment {
    variables = { STEP = local.step }
  }
  ephemeral_storage {
    size = local.step == 0 ? 1024 : 600
  }
  logging_config {
    log_format            = local.step == 0 ? "JSON" : "Text"
    application_log_level = local.step == 0 ? "DEBUG" : null
    system_log_level      = local.step == 0 ? "WARN" : null
    log_group             = "/own/layered"
  }
  tracing_config {
    mode = local.step == 0 ? "Active" : "PassThrough"
  }
  dead_letter_config {
    target_arn = "arn:aws:sqs:us-east-1:000000000000:dead-letters${local.step}"
  }
  tags = { step = local.step }

  depends_on = [aws_iam_role_policy.dead_letters]
}

resource "aws_lambda_permission" "events" {
  statement_id   = "events"
  function_name  = aws_lambda_function.fn.function_name
  action         = "lambda:InvokeFunction"
  principal      = "events.amazonaws.com"
  source_arn     = "arn:aws:events:us-east-1:000000000000:rule/every-minute"
  source_account = "000000000000"
}

resource "aws_lambda_function_recursion_config" "fn" {
  function_name  = aws_lambda_function.fn.function_name
  recursive_loop = local.step == 0 ? "Allow" : "Terminate"
}

resource "aws_lambda_runtime_management_config" "fn" {
  function_name     = aws_lambda_function.fn.function_name
  update_runtime_on = local.step == 0 ? "FunctionUpdate" : "Auto"
}
