# An HTTP API and a WebSocket API with everything that Terraform makes of them.

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
  name = "apis"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = ["lambda.amazonaws.com", "apigateway.amazonaws.com"] }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_lambda_function" "fn" {
  function_name    = "apis"
  role             = aws_iam_role.fn.arn
  runtime          = "python3.11"
  handler          = "app.handler"
  filename         = "${path.module}/app.zip"
  source_code_hash = filebase64sha256("${path.module}/app.zip")
}

resource "aws_lambda_permission" "http" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.fn.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.http.execution_arn}/*"
}

resource "aws_cloudwatch_log_group" "access" {
  for_each = toset(["http", "chat"])
  name     = "/apis/${each.key}"
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.fn.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
}

resource "aws_api_gateway_account" "this" {
  cloudwatch_role_arn = aws_iam_role.fn.arn
  depends_on          = [aws_iam_role_policy_attachment.logs]
}

# The HTTP API

resource "aws_apigatewayv2_api" "http" {
  name          = "http-${local.step}"
  protocol_type = "HTTP"
  description   = "step ${local.step}"
  version       = "v${local.step}"

  cors_configuration {
    allow_origins = ["https://example.com"]
    allow_methods = ["GET", "POST"]
    max_age       = 60
  }

  tags = { step = tostring(local.step) }
}

resource "aws_apigatewayv2_authorizer" "jwt" {
  api_id           = aws_apigatewayv2_api.http.id
  name             = "jwt"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]

  jwt_configuration {
    issuer   = "https://issuer.example.com"
    audience = local.step == 0 ? ["client"] : ["client", "other"]
  }
}

resource "aws_apigatewayv2_authorizer" "request" {
  api_id                            = aws_apigatewayv2_api.http.id
  name                              = "request"
  authorizer_type                   = "REQUEST"
  authorizer_uri                    = aws_lambda_function.fn.invoke_arn
  authorizer_credentials_arn        = aws_iam_role.fn.arn
  authorizer_payload_format_version = "2.0"
  authorizer_result_ttl_in_seconds  = local.step == 0 ? 0 : 60
  enable_simple_responses           = true
  identity_sources                  = ["$request.header.Auth", "$context.routeKey"]
}

resource "aws_apigatewayv2_integration" "fn" {
  api_id                 = aws_apigatewayv2_api.http.id
  integration_type       = "AWS_PROXY"
  integration_method     = "POST"
  integration_uri        = aws_lambda_function.fn.invoke_arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 1000 + local.step
}

resource "aws_apigatewayv2_integration" "proxy" {
  api_id             = aws_apigatewayv2_api.http.id
  integration_type   = "HTTP_PROXY"
  integration_method = "ANY"
  integration_uri    = "https://example.com/{proxy}"
  description        = "step ${local.step}"

  request_parameters = merge(
    { "append:header.step" = tostring(local.step), "overwrite:path" = "$request.path.proxy" },
    local.step == 0 ? { "remove:querystring.old" = "''" } : { "append:querystring.stage" = "$stageVariables.env" },
  )

  response_parameters {
    status_code = 500
    mappings    = { "overwrite:statuscode" = "503" }
  }

  dynamic "response_parameters" {
    for_each = local.step == 0 ? [404] : [410]
    content {
      status_code = response_parameters.value
      mappings    = { "append:header.error" = "$context.requestId" }
    }
  }
}

resource "aws_apigatewayv2_route" "open" {
  api_id         = aws_apigatewayv2_api.http.id
  route_key      = "GET /open"
  operation_name = "Open"
  target         = "integrations/${aws_apigatewayv2_integration.fn.id}"
}

resource "aws_apigatewayv2_route" "jwt" {
  api_id               = aws_apigatewayv2_api.http.id
  route_key            = "GET /jwt"
  target               = "integrations/${aws_apigatewayv2_integration.fn.id}"
  authorization_type   = "JWT"
  authorizer_id        = aws_apigatewayv2_authorizer.jwt.id
  authorization_scopes = local.step == 0 ? ["read"] : ["read", "write"]
}

resource "aws_apigatewayv2_route" "request" {
  api_id             = aws_apigatewayv2_api.http.id
  route_key          = "ANY /request/{proxy+}"
  target             = "integrations/${aws_apigatewayv2_integration.proxy.id}"
  authorization_type = local.step == 0 ? "CUSTOM" : "AWS_IAM"
  authorizer_id      = local.step == 0 ? aws_apigatewayv2_authorizer.request.id : null
}

resource "aws_apigatewayv2_stage" "default" {
  api_id          = aws_apigatewayv2_api.http.id
  name            = "$default"
  auto_deploy     = true
  stage_variables = local.step == 0 ? { env = "test", gone = "x" } : { env = "live" }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access["http"].arn
    format          = jsonencode({ id = "$context.requestId", step = local.step })
  }

  default_route_settings {
    throttling_burst_limit = 100
    throttling_rate_limit  = 50.5
  }

  dynamic "route_settings" {
    for_each = local.step == 0 ? ["GET /open", "GET /jwt"] : ["GET /open"]
    content {
      route_key              = route_settings.value
      throttling_burst_limit = 10 + local.step
      throttling_rate_limit  = 5
    }
  }

  tags       = { of = "http" }
  depends_on = [aws_apigatewayv2_route.open, aws_apigatewayv2_route.jwt]
}

# An HTTP API that a document describes

resource "aws_apigatewayv2_api" "described" {
  name             = "described"
  protocol_type    = "HTTP"
  fail_on_warnings = true

  body = jsonencode({
    openapi = "3.0.1"
    info    = { title = "described", version = "v${local.step}" }
    paths = {
      "/described/${local.step}/{id}" = {
        get = {
          operationId = "Described"
          responses   = { default = { description = "what the function says" } }
          security    = local.step == 0 ? [] : [{ jwt = ["read"] }]
          "x-amazon-apigateway-integration" = {
            type                 = "aws_proxy"
            httpMethod           = "POST"
            payloadFormatVersion = "2.0"
            uri                  = aws_lambda_function.fn.invoke_arn
          }
        }
      }
    }
    components = {
      securitySchemes = {
        jwt = {
          type = "oauth2"
          "x-amazon-apigateway-authorizer" = {
            type             = "jwt"
            identitySource   = "$request.header.Authorization"
            jwtConfiguration = { issuer = "https://issuer.example.com", audience = ["client"] }
          }
        }
      }
    }
  })

  version = "v${local.step}"
}

resource "aws_apigatewayv2_stage" "described" {
  api_id          = aws_apigatewayv2_api.described.id
  name            = "$default"
  auto_deploy     = true
  stage_variables = { env = "described" }
}

resource "aws_lambda_permission" "described" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.fn.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.described.execution_arn}/*"
}

# The WebSocket API

resource "aws_apigatewayv2_api" "chat" {
  name                         = "chat"
  protocol_type                = "WEBSOCKET"
  route_selection_expression   = local.step == 0 ? "$request.body.action" : "$request.body.do"
  api_key_selection_expression = "$context.authorizer.usageIdentifierKey"
}

resource "aws_apigatewayv2_authorizer" "connect" {
  api_id           = aws_apigatewayv2_api.chat.id
  name             = "connect"
  authorizer_type  = "REQUEST"
  authorizer_uri   = aws_lambda_function.fn.invoke_arn
  identity_sources = ["route.request.querystring.token"]
}

resource "aws_apigatewayv2_model" "message" {
  api_id       = aws_apigatewayv2_api.chat.id
  content_type = "application/json"
  name         = "message"
  schema       = jsonencode({ type = "object", required = local.step == 0 ? ["text"] : ["text", "to"] })
}

resource "aws_apigatewayv2_integration" "chat" {
  api_id             = aws_apigatewayv2_api.chat.id
  integration_type   = "AWS_PROXY"
  integration_method = "POST"
  integration_uri    = aws_lambda_function.fn.invoke_arn
}

resource "aws_apigatewayv2_integration" "ping" {
  api_id                        = aws_apigatewayv2_api.chat.id
  integration_type              = "MOCK"
  content_handling_strategy     = "CONVERT_TO_TEXT"
  passthrough_behavior          = "NEVER"
  request_templates             = { "200" = jsonencode({ statusCode = 200, step = local.step }) }
  template_selection_expression = "200"
}

resource "aws_apigatewayv2_integration_response" "ping" {
  api_id                   = aws_apigatewayv2_api.chat.id
  integration_id           = aws_apigatewayv2_integration.ping.id
  integration_response_key = "/200/"
  response_templates       = { "application/json" = jsonencode({ pong = local.step }) }
}

resource "aws_apigatewayv2_route" "connect" {
  api_id             = aws_apigatewayv2_api.chat.id
  route_key          = "$connect"
  target             = "integrations/${aws_apigatewayv2_integration.chat.id}"
  authorization_type = "CUSTOM"
  authorizer_id      = aws_apigatewayv2_authorizer.connect.id
  api_key_required   = local.step == 1

  request_parameter {
    request_parameter_key = "route.request.querystring.token"
    required              = true
  }
}

resource "aws_apigatewayv2_route" "ping" {
  api_id                              = aws_apigatewayv2_api.chat.id
  route_key                           = "ping"
  target                              = "integrations/${aws_apigatewayv2_integration.ping.id}"
  model_selection_expression          = "$request.body.action"
  request_models                      = { ping = aws_apigatewayv2_model.message.name }
  route_response_selection_expression = "$default"
}

resource "aws_apigatewayv2_route_response" "ping" {
  api_id             = aws_apigatewayv2_api.chat.id
  route_id           = aws_apigatewayv2_route.ping.id
  route_response_key = "$default"
  response_models    = { ping = aws_apigatewayv2_model.message.name }
}

resource "aws_apigatewayv2_deployment" "chat" {
  api_id      = aws_apigatewayv2_api.chat.id
  description = "chat ${local.step}"

  triggers = { step = local.step }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [
    aws_apigatewayv2_route.connect,
    aws_apigatewayv2_route_response.ping,
    aws_apigatewayv2_integration_response.ping,
  ]
}

resource "aws_apigatewayv2_stage" "chat" {
  api_id        = aws_apigatewayv2_api.chat.id
  name          = "live"
  deployment_id = aws_apigatewayv2_deployment.chat.id

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access["chat"].arn
    format          = "$context.requestId $context.eventType"
  }

  default_route_settings {
    logging_level          = local.step == 0 ? "ERROR" : "OFF"
    data_trace_enabled     = local.step == 0
    throttling_burst_limit = 20
    throttling_rate_limit  = 10
  }

  depends_on = [aws_api_gateway_account.this]
}

output "http" {
  value = aws_apigatewayv2_stage.default.invoke_url
}

output "chat" {
  value = aws_apigatewayv2_stage.chat.invoke_url
}

output "described" {
  value = aws_apigatewayv2_stage.described.invoke_url
}
