# Users, groups and what hangs on them, an instance profile, and the account's own settings.

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

data "aws_iam_policy_document" "read" {
  statement {
    actions   = ["iam:ListRoles"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_account_alias" "this" {
  account_alias = "shop-of-terraform"
}

resource "aws_iam_account_password_policy" "this" {
  minimum_password_length        = 10
  require_numbers                = true
  allow_users_to_change_password = true
  password_reuse_prevention      = 3
}

resource "aws_iam_group" "devs" {
  name = "devs"
  path = "/staff/"
}

resource "aws_iam_group" "admins" {
  name = "admins"
}

resource "aws_iam_group" "guests" {
  name = "guests"
}

resource "aws_iam_policy" "read" {
  name   = "read"
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_group_policy_attachment" "read" {
  group      = aws_iam_group.devs.name
  policy_arn = aws_iam_policy.read.arn
}

resource "aws_iam_group_policy" "own" {
  name   = "own"
  group  = aws_iam_group.admins.name
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_user" "ann" {
  name = "ann"
  tags = { team = "a" }
}

resource "aws_iam_user" "bob" {
  name = "bob"
  path = "/staff/"
}

resource "aws_iam_user_login_profile" "ann" {
  user                    = aws_iam_user.ann.name
  password_length         = 16
  password_reset_required = false
  depends_on              = [aws_iam_account_password_policy.this]
}

resource "aws_iam_access_key" "ann" {
  user = aws_iam_user.ann.name
}

resource "aws_iam_group_membership" "devs" {
  name  = "devs"
  group = aws_iam_group.devs.name
  users = [aws_iam_user.ann.name, aws_iam_user.bob.name]
}

resource "aws_iam_user_group_membership" "ann" {
  user   = aws_iam_user.ann.name
  groups = [aws_iam_group.admins.name] # ann's
}

resource "aws_iam_policy_attachment" "everybody" {
  name       = "everybody"
  users      = [aws_iam_user.bob.name]
  groups     = [aws_iam_group.admins.name]
  policy_arn = "arn:aws:iam::aws:policy/AmazonSQSFullAccess"
}

resource "aws_iam_role" "app" {
  name               = "app"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_instance_profile" "app" {
  name = "app"
  role = aws_iam_role.app.name
  tags = { team = "a" }
}

resource "aws_iam_service_specific_credential" "bob" {
  service_name = "codecommit.amazonaws.com"
  user_name    = aws_iam_user.bob.name
}

output "key" {
  value = aws_iam_access_key.ann.id
}

output "secret" {
  value     = aws_iam_access_key.ann.secret
  sensitive = true
}

output "password" {
  value     = aws_iam_user_login_profile.ann.password
  sensitive = true
}
