# Who may come in from outside, and what proves it: identity providers, MFA devices, certificates, keys, a service's own role.

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

resource "aws_iam_openid_connect_provider" "ci" {
  url             = "https://token.actions.githubusercontent.com"
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = ["6938fd4d98bab03faadb97b34396831e3780aea1"]
  tags            = { team = "a" }
}

resource "aws_iam_saml_provider" "corp" {
  name                   = "corp"
  saml_metadata_document = file("${path.module}/metadata.xml")
}

resource "aws_iam_role" "ci" {
  name = "ci"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Federated = aws_iam_openid_connect_provider.ci.arn }
        Action    = "sts:AssumeRoleWithWebIdentity"
        Condition = { StringLike = { "token.actions.githubusercontent.com:sub" = "repo:shop/*" } }
      },
      {
        Effect    = "Allow"
        Principal = { AWS = aws_iam_user.ann.arn }
        Action    = "sts:AssumeRole"
      },
    ]
  })
}

resource "aws_iam_user" "ann" {
  name = "ann"
}

resource "aws_iam_virtual_mfa_device" "ann" {
  virtual_mfa_device_name = "ann"
}

resource "aws_iam_user_ssh_key" "ann" {
  username   = aws_iam_user.ann.name
  encoding   = "SSH"
  public_key = file("${path.module}/key.pub")
}

resource "aws_iam_signing_certificate" "ann" {
  user_name        = aws_iam_user.ann.name
  certificate_body = file("${path.module}/certificate.pem")
}

resource "aws_iam_server_certificate" "site" {
  name             = "site"
  path             = "/cloudfront/"
  certificate_body = file("${path.module}/certificate.pem")
  private_key      = file("${path.module}/key.pem")
}

resource "aws_iam_service_linked_role" "batch" {
  aws_service_name = "batch.amazonaws.com"
}

data "aws_iam_session_context" "here" {
  arn = data.aws_caller_identity.here.arn
}

data "aws_caller_identity" "here" {}

data "aws_iam_principal_policy_simulation" "ann" {
  action_names      = ["s3:GetObject"]
  policy_source_arn = aws_iam_user.ann.arn
}

output "ann_may" {
  value = data.aws_iam_principal_policy_simulation.ann.all_allowed
}

output "seed" {
  value     = aws_iam_virtual_mfa_device.ann.base_32_string_seed
  sensitive = true
}
