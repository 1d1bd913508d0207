# An identity pool with everything that Terraform makes of one, on a user pool and an OpenID Connect provider.

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

resource "aws_cognito_user_pool" "people" {
  name = "people"
}

resource "aws_cognito_user_pool_client" "app" {
  name         = "app"
  user_pool_id = aws_cognito_user_pool.people.id
}

resource "aws_iam_openid_connect_provider" "partner" {
  url             = "https://login.partner.example.com"
  client_id_list  = ["app"]
  thumbprint_list = ["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"]
}

resource "aws_cognito_identity_pool" "plain" {
  identity_pool_name = "plain"
}

resource "aws_cognito_identity_pool" "shop" {
  identity_pool_name               = "shop"
  allow_unauthenticated_identities = true
  allow_classic_flow               = local.step == 0
  developer_provider_name          = "login.shop.example.com"
  openid_connect_provider_arns     = [aws_iam_openid_connect_provider.partner.arn]

  cognito_identity_providers {
    client_id               = aws_cognito_user_pool_client.app.id
    provider_name           = aws_cognito_user_pool.people.endpoint
    server_side_token_check = local.step == 1
  }

  tags = {
    step = local.step
  }
}

resource "aws_iam_role" "people" {
  name = "people"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]
      Principal = { Federated = "cognito-identity.amazonaws.com" }
      Condition = { StringEquals = { "cognito-identity.amazonaws.com:aud" = aws_cognito_identity_pool.shop.id } }
    }]
  })
}

resource "aws_cognito_identity_pool_roles_attachment" "shop" {
  identity_pool_id = aws_cognito_identity_pool.shop.id

  role_mapping {
    identity_provider         = "${aws_cognito_user_pool.people.endpoint}:${aws_cognito_user_pool_client.app.id}"
    ambiguous_role_resolution = local.step == 0 ? "AuthenticatedRole" : "Deny"
    type                      = "Rules"

    mapping_rule {
      claim      = "isAdmin"
      match_type = "Equals"
      role_arn   = aws_iam_role.people.arn
      value      = "paid ${local.step}"
    }
  }

  roles = {
    authenticated   = aws_iam_role.people.arn
    unauthenticated = aws_iam_role.people.arn
  }
}

resource "aws_cognito_identity_pool_provider_principal_tag" "shop" {
  identity_pool_id       = aws_cognito_identity_pool.shop.id
  identity_provider_name = aws_cognito_user_pool.people.endpoint
  use_defaults           = false

  principal_tags = {
    tenant = "step${local.step}"
  }
}

output "pool" {
  value = aws_cognito_identity_pool.shop.id
}
