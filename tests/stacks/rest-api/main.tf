# A REST API with everything that Terraform can say of one without domains, keys and usage plans.

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
  function = "arn:aws:lambda:us-east-1:${data.aws_caller_identity.me.account_id}:function:nobody"
  invoke   = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${local.function}/invocations"
  greeting = "hello"
}

data "aws_caller_identity" "me" {}

resource "aws_api_gateway_rest_api" "pets" {
  name                         = "pets"
  description                  = "All about pets"
  api_key_source               = "HEADER"
  binary_media_types           = ["image/png", "application/octet-stream"]
  minimum_compression_size     = 1024
  disable_execute_api_endpoint = false

  endpoint_configuration {
    types = ["REGIONAL"]
  }

  tags = {
    team = "pets"
  }
}

resource "aws_api_gateway_rest_api_policy" "pets" {
  rest_api_id = aws_api_gateway_rest_api.pets.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action    = "execute-api:Invoke"
      Resource  = "${aws_api_gateway_rest_api.pets.execution_arn}/*"
    }]
  })
}

resource "aws_api_gateway_resource" "pets" {
  rest_api_id = aws_api_gateway_rest_api.pets.id
  parent_id   = aws_api_gateway_rest_api.pets.root_resource_id
  path_part   = "pets"
}

resource "aws_api_gateway_resource" "pet" {
  rest_api_id = aws_api_gateway_rest_api.pets.id
  parent_id   = aws_api_gateway_resource.pets.id
  path_part   = "{id}"
}

resource "aws_api_gateway_model" "pet" {
  rest_api_id  = aws_api_gateway_rest_api.pets.id
  name         = "Pet"
  description  = "A pet"
  content_type = "application/json"
  schema = jsonencode({
    type       = "object"
    required   = ["name"]
    properties = { name = { type = "string" } }
  })
}

resource "aws_api_gateway_request_validator" "all" {
  rest_api_id                 = aws_api_gateway_rest_api.pets.id
  name                        = "all"
  validate_request_body       = true
  validate_request_parameters = true
}

resource "aws_api_gateway_authorizer" "token" {
  rest_api_id                      = aws_api_gateway_rest_api.pets.id
  name                             = "token"
  authorizer_uri                   = local.invoke
  identity_validation_expression   = "^Bearer .+$"
  authorizer_result_ttl_in_seconds = 60
}

resource "aws_api_gateway_authorizer" "request" {
  rest_api_id     = aws_api_gateway_rest_api.pets.id
  name            = "request"
  type            = "REQUEST"
  authorizer_uri  = local.invoke
  identity_source = "method.request.header.Authorization,method.request.querystring.who"
}

# The preflight answer of browsers, as everybody writes it.
resource "aws_api_gateway_method" "options" {
  rest_api_id   = aws_api_gateway_rest_api.pets.id
  resource_id   = aws_api_gateway_resource.pets.id
  http_method   = "OPTIONS"
  authorization = "NONE"
}

resource "aws_api_gateway_integration" "options" {
  rest_api_id       = aws_api_gateway_rest_api.pets.id
  resource_id       = aws_api_gateway_resource.pets.id
  http_method       = aws_api_gateway_method.options.http_method
  type              = "MOCK"
  request_templates = { "application/json" = jsonencode({ statusCode = 200 }) }
}

resource "aws_api_gateway_method_response" "options" {
  rest_api_id         = aws_api_gateway_rest_api.pets.id
  resource_id         = aws_api_gateway_resource.pets.id
  http_method         = aws_api_gateway_method.options.http_method
  status_code         = "200"
  response_models     = { "application/json" = "Empty" }
  response_parameters = { "method.response.header.Access-Control-Allow-Origin" = true }
}

resource "aws_api_gateway_integration_response" "options" {
  rest_api_id         = aws_api_gateway_rest_api.pets.id
  resource_id         = aws_api_gateway_resource.pets.id
  http_method         = aws_api_gateway_method.options.http_method
  status_code         = aws_api_gateway_method_response.options.status_code
  response_parameters = { "method.response.header.Access-Control-Allow-Origin" = "'*'" }
  response_templates  = { "application/json" = "" }
  depends_on          = [aws_api_gateway_integration.options]
}

resource "aws_api_gateway_method" "create" {
  rest_api_id          = aws_api_gateway_rest_api.pets.id
  resource_id          = aws_api_gateway_resource.pets.id
  http_method          = "POST"
  authorization        = "CUSTOM"
  authorizer_id        = aws_api_gateway_authorizer.token.id
  api_key_required     = true
  operation_name       = "createPet"
  request_validator_id = aws_api_gateway_request_validator.all.id
  request_models       = { "application/json" = aws_api_gateway_model.pet.name }
  request_parameters   = { "method.request.header.X-Trace" = false, "method.request.querystring.kind" = true }
}

resource "aws_api_gateway_integration" "create" {
  rest_api_id             = aws_api_gateway_rest_api.pets.id
  resource_id             = aws_api_gateway_resource.pets.id
  http_method             = aws_api_gateway_method.create.http_method
  type                    = "AWS"
  uri                     = local.invoke
  integration_http_method = "POST"
  passthrough_behavior    = "WHEN_NO_TEMPLATES"
  content_handling        = "CONVERT_TO_TEXT"
  timeout_milliseconds    = 5000
  request_parameters      = { "integration.request.header.X-Kind" = "method.request.querystring.kind" }
  request_templates       = { "application/json" = "{\"kind\": \"$input.params('kind')\", \"greeting\": \"${local.greeting}\"}" }
}

resource "aws_api_gateway_method_response" "create" {
  for_each    = toset(["201", "400"])
  rest_api_id = aws_api_gateway_rest_api.pets.id
  resource_id = aws_api_gateway_resource.pets.id
  http_method = aws_api_gateway_method.create.http_method
  status_code = each.key
}

resource "aws_api_gateway_integration_response" "create" {
  for_each          = { "201" = "", "400" = ".*Bad.*" }
  rest_api_id       = aws_api_gateway_rest_api.pets.id
  resource_id       = aws_api_gateway_resource.pets.id
  http_method       = aws_api_gateway_method.create.http_method
  status_code       = aws_api_gateway_method_response.create[each.key].status_code
  selection_pattern = each.value
  depends_on        = [aws_api_gateway_integration.create]
}

resource "aws_api_gateway_method" "pet" {
  rest_api_id        = aws_api_gateway_rest_api.pets.id
  resource_id        = aws_api_gateway_resource.pet.id
  http_method        = "ANY"
  authorization      = "AWS_IAM"
  request_parameters = { "method.request.path.id" = true }
}

resource "aws_api_gateway_integration" "pet" {
  rest_api_id             = aws_api_gateway_rest_api.pets.id
  resource_id             = aws_api_gateway_resource.pet.id
  http_method             = aws_api_gateway_method.pet.http_method
  type                    = "HTTP_PROXY"
  uri                     = "http://127.0.0.1:9/pets/{id}"
  integration_http_method = "ANY"
  request_parameters      = { "integration.request.path.id" = "method.request.path.id" }
  cache_key_parameters    = ["method.request.path.id"]
  cache_namespace         = "pets"
}

resource "aws_api_gateway_gateway_response" "denied" {
  rest_api_id         = aws_api_gateway_rest_api.pets.id
  response_type       = "UNAUTHORIZED"
  status_code         = "401"
  response_templates  = { "application/json" = "{\"message\":$context.error.messageString}" }
  response_parameters = { "gatewayresponse.header.X-Why" = "'denied'" }
}

resource "aws_cloudwatch_log_group" "access" {
  name = "pets"
}

resource "aws_iam_role" "logs" {
  name = "api-logs"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "apigateway.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_api_gateway_account" "this" {
  cloudwatch_role_arn = aws_iam_role.logs.arn
}

resource "aws_api_gateway_deployment" "pets" {
  rest_api_id = aws_api_gateway_rest_api.pets.id
  description = "deployed by terraform"

  triggers = {
    redeployment = sha1(jsonencode([aws_api_gateway_integration.create.request_templates]))
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [
    aws_api_gateway_integration.options,
    aws_api_gateway_integration.create,
    aws_api_gateway_integration.pet,
    aws_api_gateway_integration_response.options,
    aws_api_gateway_integration_response.create,
    aws_api_gateway_gateway_response.denied,
    aws_api_gateway_rest_api_policy.pets,
  ]
}

resource "aws_api_gateway_stage" "live" {
  rest_api_id   = aws_api_gateway_rest_api.pets.id
  deployment_id = aws_api_gateway_deployment.pets.id
  stage_name    = "live"
  description   = "what users call"
  variables     = { greeting = local.greeting, table = "pets" }
  depends_on    = [aws_api_gateway_account.this]

  cache_cluster_enabled = true
  cache_cluster_size    = "0.5"

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format          = "$context.requestId $context.status"
  }

  canary_settings {
    deployment_id            = aws_api_gateway_deployment.pets.id
    percent_traffic          = 12.5
    stage_variable_overrides = { greeting = "hi" }
    use_stage_cache          = true
  }

  tags = {
    team = "pets"
  }
}

resource "aws_api_gateway_method_settings" "all" {
  rest_api_id = aws_api_gateway_rest_api.pets.id
  stage_name  = aws_api_gateway_stage.live.stage_name
  method_path = "*/*"

  settings {
    metrics_enabled        = true
    logging_level          = "ERROR"
    throttling_rate_limit  = 100
    throttling_burst_limit = 50
  }
}

resource "aws_api_gateway_method_settings" "pet" {
  rest_api_id = aws_api_gateway_rest_api.pets.id
  stage_name  = aws_api_gateway_stage.live.stage_name
  method_path = "pets/{id}/GET"

  settings {
    caching_enabled                            = true
    cache_ttl_in_seconds                       = 60
    cache_data_encrypted                       = true
    require_authorization_for_cache_control    = true
    unauthorized_cache_control_header_strategy = "FAIL_WITH_403"
  }

  depends_on = [aws_api_gateway_method_settings.create]
}

resource "aws_api_gateway_method_settings" "create" {
  rest_api_id = aws_api_gateway_rest_api.pets.id
  stage_name  = aws_api_gateway_stage.live.stage_name
  method_path = "pets/POST"

  settings {
    logging_level         = "INFO"
    data_trace_enabled    = true
    throttling_rate_limit = 5
  }

  depends_on = [aws_api_gateway_method_settings.all]
}

# A REST API that a document describes

resource "aws_api_gateway_rest_api" "described" {
  name              = "described"
  put_rest_api_mode = "merge"

  body = jsonencode({
    openapi = "3.0.1"
    info    = { title = "described", version = "1" }
    paths = {
      "/${local.greeting}" = {
        get = {
          responses = { "200" = { description = "a greeting" } }
          "x-amazon-apigateway-integration" = {
            type             = "mock"
            requestTemplates = { "application/json" = jsonencode({ statusCode = 200 }) }
            responses = {
              default = { statusCode = "200", responseTemplates = { "application/json" = "${local.greeting}!" } }
            }
          }
        }
      }
    }
  })

  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

resource "aws_api_gateway_deployment" "described" {
  rest_api_id = aws_api_gateway_rest_api.described.id
  triggers    = { redeployment = sha1(aws_api_gateway_rest_api.described.body) }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_stage" "described" {
  rest_api_id   = aws_api_gateway_rest_api.described.id
  deployment_id = aws_api_gateway_deployment.described.id
  stage_name    = "live"
}
