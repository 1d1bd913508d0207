# A REST-like API with JSON Web Tokens: API Gateway (HTTP) -> Lambda (Node.js) -> DynamoDB. The tokens come from Cognito; one set of routes
# has them checked by API Gateway's JWT authorizer, one by a Lambda function.

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

# --- storage: one table, and an index by whose the items are ----------------

resource "aws_dynamodb_table" "my_table" {
  name         = "MyDynamoDBTable"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }

  attribute {
    name = "owner"
    type = "S"
  }

  global_secondary_index {
    name            = "by-owner"
    hash_key        = "owner"
    range_key       = "id"
    projection_type = "ALL"
  }

  tags = {
    Name = "MyDynamoDBTable"
  }
}

# --- the role of both functions ---------------------------------------------

resource "aws_iam_role" "lambda_execution" {
  name = "lambda_execution_role"

  assume_role_policy = jsonencode({
    Version = "2012-10-17",
    Statement = [
      {
        Action = "sts:AssumeRole",
        Effect = "Allow",
        Principal = {
          Service = "lambda.amazonaws.com"
        }
      }
    ]
  })
}

resource "aws_iam_policy_attachment" "lambda_execution_policy" {
  name       = "lambda_execution_policy"
  roles      = [aws_iam_role.lambda_execution.name]
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

# Far more than the function needs: `atoll iam least-privilege lambda_execution_role` says what would do (README.md).
resource "aws_iam_role_policy" "dynamodb_access" {
  name = "dynamodb_access_policy"
  role = aws_iam_role.lambda_execution.id

  policy = jsonencode({
    Version = "2012-10-17",
    Statement = [
      {
        Action   = ["dynamodb:*"],
        Effect   = "Allow",
        Resource = "*"
      }
    ]
  })
}

# --- the API's function: its package holds its own file, nothing else -------

data "archive_file" "api" {
  type             = "zip"
  source_file      = "${path.module}/api/index.mjs"
  output_path      = "${path.module}/lambda_function.zip"
  output_file_mode = "0644" # else the zip, and with it the plan, changes with the umask of whoever checked the files out
}

resource "aws_lambda_function" "api_function" {
  function_name    = "MyAPILambda"
  runtime          = "nodejs20.x"
  role             = aws_iam_role.lambda_execution.arn
  handler          = "index.handler"
  filename         = data.archive_file.api.output_path
  source_code_hash = data.archive_file.api.output_base64sha256
  timeout          = 10

  environment {
    variables = {
      DYNAMODB_TABLE = aws_dynamodb_table.my_table.name
    }
  }
}

# --- who signs in: Cognito ---------------------------------------------------

resource "aws_cognito_user_pool" "users" {
  name                     = "jwt-api-users"
  username_attributes      = ["email"]
  auto_verified_attributes = ["email"]

  password_policy {
    minimum_length                   = 10
    require_lowercase                = true
    require_numbers                  = true
    require_symbols                  = false
    require_uppercase                = true
    temporary_password_validity_days = 7
  }
}

resource "aws_cognito_user_pool_client" "app" {
  name         = "app"
  user_pool_id = aws_cognito_user_pool.users.id

  explicit_auth_flows           = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
  prevent_user_existence_errors = "ENABLED"

  # For the hosted pages.
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_flows                  = ["code"]
  allowed_oauth_scopes                 = ["openid", "email"]
  callback_urls                        = ["http://localhost:3000/callback"]
  logout_urls                          = ["http://localhost:3000/"]
  supported_identity_providers         = ["COGNITO"]
}

resource "aws_cognito_user_pool_domain" "login" {
  domain       = "jwt-api-${data.aws_caller_identity.current.account_id}"
  user_pool_id = aws_cognito_user_pool.users.id
}

data "aws_caller_identity" "current" {}

# --- the API -----------------------------------------------------------------

resource "aws_apigatewayv2_api" "api" {
  name          = "MyAPIGateway"
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_integration" "lambda_integration" {
  api_id                 = aws_apigatewayv2_api.api.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.api_function.arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.api.id
  name        = "$default"
  auto_deploy = true
}

resource "aws_lambda_permission" "api_gateway" {
  statement_id  = "AllowAPIGatewayInvoke"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.api_function.arn
  principal     = "apigateway.amazonaws.com"

  source_arn = "${aws_apigatewayv2_api.api.execution_arn}/*"
}

# Everybody may ask whether the API is there.
resource "aws_apigatewayv2_route" "health" {
  api_id    = aws_apigatewayv2_api.api.id
  route_key = "GET /health"
  target    = "integrations/${aws_apigatewayv2_integration.lambda_integration.id}"
}

# One way: API Gateway checks the token itself.
resource "aws_apigatewayv2_authorizer" "jwt" {
  api_id           = aws_apigatewayv2_api.api.id
  name             = "jwt"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]

  jwt_configuration {
    audience = [aws_cognito_user_pool_client.app.id]
    issuer   = "https://${aws_cognito_user_pool.users.endpoint}"
  }
}

resource "aws_apigatewayv2_route" "route" {
  api_id             = aws_apigatewayv2_api.api.id
  route_key          = "ANY /{proxy+}"
  authorization_type = "JWT"
  authorizer_id      = aws_apigatewayv2_authorizer.jwt.id
  target             = "integrations/${aws_apigatewayv2_integration.lambda_integration.id}"
}

# The other way: a function does.
data "archive_file" "authorizer" {
  type             = "zip"
  source_file      = "${path.module}/authorizer/index.mjs"
  output_path      = "${path.module}/authorizer.zip"
  output_file_mode = "0644"
}

resource "aws_lambda_function" "authorizer" {
  function_name    = "MyAuthorizerLambda"
  runtime          = "nodejs20.x"
  role             = aws_iam_role.lambda_execution.arn
  handler          = "index.handler"
  filename         = data.archive_file.authorizer.output_path
  source_code_hash = data.archive_file.authorizer.output_base64sha256
  timeout          = 10

  environment {
    variables = {
      USER_POOL_ID = aws_cognito_user_pool.users.id
      CLIENT_ID    = aws_cognito_user_pool_client.app.id
    }
  }
}

resource "aws_lambda_permission" "authorizer" {
  statement_id  = "AllowAPIGatewayInvoke"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.authorizer.arn
  principal     = "apigateway.amazonaws.com"

  source_arn = "${aws_apigatewayv2_api.api.execution_arn}/authorizers/${aws_apigatewayv2_authorizer.custom.id}"
}

resource "aws_apigatewayv2_authorizer" "custom" {
  api_id                            = aws_apigatewayv2_api.api.id
  name                              = "custom"
  authorizer_type                   = "REQUEST"
  authorizer_uri                    = aws_lambda_function.authorizer.invoke_arn
  authorizer_payload_format_version = "2.0"
  enable_simple_responses           = true
  identity_sources                  = ["$request.header.Authorization"]
  authorizer_result_ttl_in_seconds  = 60
}

resource "aws_apigatewayv2_route" "custom" {
  api_id             = aws_apigatewayv2_api.api.id
  route_key          = "ANY /custom/{proxy+}"
  authorization_type = "CUSTOM"
  authorizer_id      = aws_apigatewayv2_authorizer.custom.id
  target             = "integrations/${aws_apigatewayv2_integration.lambda_integration.id}"
}

# --- what callers need --------------------------------------------------------

output "api_url" {
  value = aws_apigatewayv2_stage.default.invoke_url
}

output "user_pool_id" {
  value = aws_cognito_user_pool.users.id
}

output "client_id" {
  value = aws_cognito_user_pool_client.app.id
}

output "login_domain" {
  value = aws_cognito_user_pool_domain.login.domain
}
