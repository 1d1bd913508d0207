terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
    archive = {
      source  = "hashicorp/archive"
      version = "~> 2.4"
    }
  }
}

provider "aws" {
  region = "us-east-1"
}

# --- storage -----------------------------------------------------------------

resource "aws_dynamodb_table" "users" {
  name         = "users"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "user_id"

  attribute {
    name = "user_id"
    type = "S"
  }
}

# --- compute -----------------------------------------------------------------

data "archive_file" "function" {
  type        = "zip"
  source_file = "${path.module}/lambda.py"
  output_path = "${path.module}/lambda_function.zip"
}

resource "aws_lambda_function" "users" {
  function_name    = "users-api"
  role             = aws_iam_role.function.arn
  runtime          = "python3.9"
  handler          = "lambda.handler"
  filename         = data.archive_file.function.output_path
  source_code_hash = data.archive_file.function.output_base64sha256
  timeout          = 10

  environment {
    variables = {
      TABLE_NAME = aws_dynamodb_table.users.name
    }
  }
}

# --- least privilege: two actions on one table, and the function's own logs --

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

resource "aws_iam_role" "function" {
  name = "users-api-function"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_policy" "function" {
  name = "users-api-function"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Users"
        Effect   = "Allow"
        Action   = ["dynamodb:PutItem", "dynamodb:GetItem"]
        Resource = aws_dynamodb_table.users.arn
      },
      {
        Sid    = "OwnLogs"
        Effect = "Allow"
        Action = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = join(":", [
          "arn:aws:logs:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}",
          "log-group:/aws/lambda/users-api:*",
        ])
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "function" {
  role       = aws_iam_role.function.name
  policy_arn = aws_iam_policy.function.arn
}

# --- the API -----------------------------------------------------------------

resource "aws_apigatewayv2_api" "users" {
  name          = "users-api"
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.users.id
  name        = "$default"
  auto_deploy = true
}

resource "aws_apigatewayv2_integration" "users" {
  api_id                 = aws_apigatewayv2_api.users.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.users.invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "users" {
  for_each = toset(["GET /users", "POST /users"])

  api_id    = aws_apigatewayv2_api.users.id
  route_key = each.value
  target    = "integrations/${aws_apigatewayv2_integration.users.id}"
}

resource "aws_lambda_permission" "api" {
  statement_id  = "AllowUsersApi"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.users.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.users.execution_arn}/*/*/users"
}

output "api_url" {
  description = "Where the API answers on AWS. On Atoll: atoll urls"
  value       = aws_apigatewayv2_stage.default.invoke_url
}
