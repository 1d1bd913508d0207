# Standard International College: a REST API in front of one function, and students who sign in by a custom authentication flow.

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

# --- the function --------------------------------------------------------------

data "archive_file" "lambda" {
  type        = "zip"
  source_file = "${path.module}/index.py"
  output_path = "${path.module}/lambda_function_payload.zip"
}

resource "aws_iam_role" "lambda_exec_role" {
  name = "college-lambda-exec"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

# May write its logs, and nothing else.
resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.lambda_exec_role.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_lambda_function" "example" {
  function_name = "example_function"
  handler       = "index.lambda_handler"
  runtime       = "python3.8"
  role          = aws_iam_role.lambda_exec_role.arn

  source_code_hash = data.archive_file.lambda.output_base64sha256
  filename         = data.archive_file.lambda.output_path

  environment {
    variables = {
      foo = "bar"
    }
  }
}

# --- the API -------------------------------------------------------------------

resource "aws_api_gateway_rest_api" "example" {
  name        = "example_api"
  description = "Example API Gateway"
}

resource "aws_api_gateway_resource" "example_resource" {
  rest_api_id = aws_api_gateway_rest_api.example.id
  parent_id   = aws_api_gateway_rest_api.example.root_resource_id
  path_part   = "example"
}

resource "aws_api_gateway_method" "example_method" {
  rest_api_id   = aws_api_gateway_rest_api.example.id
  resource_id   = aws_api_gateway_resource.example_resource.id
  http_method   = "GET"
  authorization = "NONE"
}

resource "aws_api_gateway_integration" "example_integration" {
  rest_api_id = aws_api_gateway_rest_api.example.id
  resource_id = aws_api_gateway_resource.example_resource.id
  http_method = aws_api_gateway_method.example_method.http_method
  type        = "AWS_PROXY"
  uri         = aws_lambda_function.example.invoke_arn

  # Functions are invoked by POST, whatever the method of the API is. AWS refuses the integration without it.
  integration_http_method = "POST"
}

resource "aws_lambda_permission" "apigw" {
  statement_id  = "AllowAPIGatewayInvoke"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.example.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.example.execution_arn}/*/*"
}

# A change of the API is live once it is deployed: `triggers` deploys whenever one of its parts changes. They name attributes, for
# whole resources look otherwise once terraform has read them back: its second plan would not be empty, on AWS neither.
resource "aws_api_gateway_deployment" "example" {
  rest_api_id = aws_api_gateway_rest_api.example.id

  triggers = {
    redeployment = sha1(jsonencode([
      aws_api_gateway_resource.example_resource.path_part,
      aws_api_gateway_method.example_method.http_method,
      aws_api_gateway_method.example_method.authorization,
      aws_api_gateway_integration.example_integration.uri,
      aws_api_gateway_integration.example_integration.type,
    ]))
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_stage" "prod" {
  rest_api_id   = aws_api_gateway_rest_api.example.id
  deployment_id = aws_api_gateway_deployment.example.id
  stage_name    = "prod"
}

# --- students: Cognito, with an authentication flow of the college's own ------

data "archive_file" "auth_challenge" {
  type        = "zip"
  source_file = "${path.module}/auth_challenge.py"
  output_path = "${path.module}/auth_challenge.zip"
}

resource "aws_lambda_function" "auth_challenge" {
  for_each = toset(["define", "create", "verify"])

  function_name = "college_${each.key}_auth_challenge"
  handler       = "auth_challenge.${each.key}"
  runtime       = "python3.12"
  role          = aws_iam_role.lambda_exec_role.arn

  source_code_hash = data.archive_file.auth_challenge.output_base64sha256
  filename         = data.archive_file.auth_challenge.output_path
}

resource "aws_lambda_permission" "cognito" {
  for_each = aws_lambda_function.auth_challenge

  statement_id  = "AllowCognitoInvoke"
  action        = "lambda:InvokeFunction"
  function_name = each.value.function_name
  principal     = "cognito-idp.amazonaws.com"
  source_arn    = aws_cognito_user_pool.students.arn
}

resource "aws_cognito_user_pool" "students" {
  name = "college-students"

  schema {
    name                = "word"
    attribute_data_type = "String"
    mutable             = true

    string_attribute_constraints {
      min_length = 4
      max_length = 64
    }
  }

  lambda_config {
    define_auth_challenge          = aws_lambda_function.auth_challenge["define"].arn
    create_auth_challenge          = aws_lambda_function.auth_challenge["create"].arn
    verify_auth_challenge_response = aws_lambda_function.auth_challenge["verify"].arn
  }
}

# Its tokens do not show the word, and its answers not who is a student.
resource "aws_cognito_user_pool_client" "students" {
  name                = "students"
  user_pool_id        = aws_cognito_user_pool.students.id
  explicit_auth_flows = ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
  read_attributes     = ["email", "email_verified", "name"]

  prevent_user_existence_errors = "ENABLED"
}

output "user_pool_id" {
  value = aws_cognito_user_pool.students.id
}

output "client_id" {
  value = aws_cognito_user_pool_client.students.id
}

output "api_url" {
  description = "Where the API answers on AWS. On Atoll: atoll urls"
  value       = "${aws_api_gateway_stage.prod.invoke_url}/example"
}
