# User pools with everything that Terraform makes of them.

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

resource "aws_iam_role" "texts" {
  name = "texts"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "cognito-idp.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "sts:ExternalId" = "shop" } }
    }]
  })
}

resource "aws_iam_role_policy" "texts" {
  role = aws_iam_role.texts.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sns:Publish", Resource = "*" }]
  })
}

resource "aws_iam_role" "hook" {
  name = "hook"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = ["lambda.amazonaws.com", "cognito-identity.amazonaws.com"] }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_lambda_function" "hook" {
  function_name    = "hook"
  role             = aws_iam_role.hook.arn
  runtime          = "python3.11"
  handler          = "app.handler"
  filename         = "${path.module}/app.zip"
  source_code_hash = filebase64sha256("${path.module}/app.zip")
}

resource "aws_lambda_permission" "hook" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.hook.function_name
  principal     = "cognito-idp.amazonaws.com"
  source_arn    = aws_cognito_user_pool.shop.arn
}

resource "aws_cognito_user_pool" "plain" {
  name = "plain"
}

resource "aws_cognito_user_pool" "shop" {
  name                     = "shop"
  alias_attributes         = ["email", "preferred_username"]
  auto_verified_attributes = ["email"]
  deletion_protection      = "INACTIVE"
  mfa_configuration        = "OPTIONAL"
  user_pool_tier           = "ESSENTIALS"

  sms_authentication_message = "Your code is {####}."

  username_configuration {
    case_sensitive = false
  }

  password_policy {
    minimum_length                   = local.step == 0 ? 10 : 12
    require_lowercase                = true
    require_numbers                  = true
    require_symbols                  = false
    require_uppercase                = true
    temporary_password_validity_days = 3
    password_history_size            = 2
  }

  sign_in_policy {
    allowed_first_auth_factors = ["PASSWORD", "EMAIL_OTP"]
  }

  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_email"
      priority = 1
    }
    recovery_mechanism {
      name     = "verified_phone_number"
      priority = 2
    }
  }

  admin_create_user_config {
    allow_admin_create_user_only = local.step == 1
    invite_message_template {
      email_subject = "Welcome"
      email_message = "You are {username}, your password is {####}"
      sms_message   = "You are {username}, your password is {####}"
    }
  }

  email_configuration {
    reply_to_email_address = "shop@example.com"
  }

  sms_configuration {
    external_id    = "shop"
    sns_caller_arn = aws_iam_role.texts.arn
    sns_region     = "us-east-1"
  }

  software_token_mfa_configuration {
    enabled = true
  }

  user_attribute_update_settings {
    attributes_require_verification_before_update = ["email"]
  }

  verification_message_template {
    default_email_option  = local.step == 0 ? "CONFIRM_WITH_LINK" : "CONFIRM_WITH_CODE"
    email_message         = "Your code is {####}"
    email_message_by_link = "Click {##here##}"
    email_subject         = "Your code"
    email_subject_by_link = "Your link"
    sms_message           = "Your code is {####}"
  }

  lambda_config {
    pre_sign_up = aws_lambda_function.hook.arn
    pre_token_generation_config {
      lambda_arn     = aws_lambda_function.hook.arn
      lambda_version = local.step == 0 ? "V2_0" : "V3_0"
    }
  }

  schema {
    name                     = "email"
    attribute_data_type      = "String"
    developer_only_attribute = false
    mutable                  = true
    required                 = true
    string_attribute_constraints {
      min_length = 5
      max_length = 100
    }
  }

  schema {
    name                     = "tenant"
    attribute_data_type      = "String"
    developer_only_attribute = false
    mutable                  = false
    required                 = false
    string_attribute_constraints {
      min_length = 1
      max_length = 20
    }
  }

  schema {
    name                     = "seats"
    attribute_data_type      = "Number"
    developer_only_attribute = false
    mutable                  = true
    required                 = false
    number_attribute_constraints {
      min_value = 1
      max_value = 99
    }
  }

  schema {
    name                     = "paid"
    attribute_data_type      = "Boolean"
    developer_only_attribute = true
    mutable                  = true
    required                 = false
  }

  tags = {
    step = local.step
  }

  depends_on = [aws_iam_role_policy.texts]
}

resource "aws_cognito_user_pool_domain" "shop" {
  domain       = "shop-${local.step}"
  user_pool_id = aws_cognito_user_pool.shop.id
}

resource "aws_cognito_user_pool_domain" "own" {
  domain          = "auth.shop.example.com"
  certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/0b1c2d3e-1111-2222-3333-444455556666"
  user_pool_id    = aws_cognito_user_pool.shop.id
}

resource "aws_cognito_user_pool_ui_customization" "shop" {
  user_pool_id = aws_cognito_user_pool_domain.own.user_pool_id
  css          = ".label-customizable { font-weight: ${local.step == 0 ? 400 : 700}; }"
  image_file   = filebase64("logo.png")
}

resource "aws_cognito_resource_server" "api" {
  identifier   = "https://api.shop.example.com"
  name         = "api ${local.step}"
  user_pool_id = aws_cognito_user_pool.shop.id

  scope {
    scope_name        = "read"
    scope_description = "reads"
  }
  scope {
    scope_name        = "write"
    scope_description = "writes ${local.step}"
  }
}

resource "aws_cognito_user_pool_client" "plain" {
  name         = "plain"
  user_pool_id = aws_cognito_user_pool.plain.id
}

resource "aws_cognito_user_pool_client" "web" {
  name         = "web"
  user_pool_id = aws_cognito_user_pool.shop.id

  access_token_validity  = 10
  id_token_validity      = 10
  refresh_token_validity = local.step == 0 ? 5 : 6
  token_validity_units {
    access_token  = "minutes"
    id_token      = "minutes"
    refresh_token = "days"
  }

  allowed_oauth_flows                  = ["code"]
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_scopes                 = ["openid", "email", "profile"]
  auth_session_validity                = 5
  callback_urls                        = ["https://shop.example.com/in", "http://localhost:3000/in"]
  default_redirect_uri                 = "https://shop.example.com/in"
  enable_token_revocation              = true
  explicit_auth_flows                  = ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
  logout_urls                          = ["https://shop.example.com/out"]
  prevent_user_existence_errors        = "ENABLED"
  read_attributes                      = ["email", "email_verified", "custom:tenant", "custom:seats"]
  supported_identity_providers         = ["COGNITO"]
  write_attributes                     = ["email", "custom:seats"]
}

resource "aws_cognito_user_pool_client" "machine" {
  name                                 = "machine"
  user_pool_id                         = aws_cognito_user_pool.shop.id
  generate_secret                      = true
  allowed_oauth_flows                  = ["client_credentials"]
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_scopes                 = aws_cognito_resource_server.api.scope_identifiers
}

resource "aws_cognito_user_group" "admins" {
  name         = "admins"
  user_pool_id = aws_cognito_user_pool.shop.id
  description  = "step ${local.step}"
  precedence   = local.step
  role_arn     = aws_iam_role.hook.arn
}

resource "aws_cognito_user_group" "plain" {
  name         = "plain"
  user_pool_id = aws_cognito_user_pool.plain.id
}

resource "aws_cognito_user" "ada" {
  user_pool_id = aws_cognito_user_pool.shop.id
  username     = "ada"
  password     = "Correct-Horse-${local.step}"
  enabled      = local.step == 0
  attributes = {
    email          = "ada@example.com"
    email_verified = true
    name           = "Ada ${local.step}"
  }
  depends_on = [aws_lambda_permission.hook] # the pool asks its function
}

resource "aws_cognito_user" "ben" {
  user_pool_id       = aws_cognito_user_pool.plain.id
  username           = "Ben"
  temporary_password = "Correct-Horse-0"
  message_action     = "SUPPRESS"
}

resource "aws_cognito_user_in_group" "ada" {
  user_pool_id = aws_cognito_user_pool.shop.id
  group_name   = aws_cognito_user_group.admins.name
  username     = aws_cognito_user.ada.username
}

output "pool" {
  value = aws_cognito_user_pool.shop.id
}

output "domain" {
  value = aws_cognito_user_pool_domain.shop.domain
}
