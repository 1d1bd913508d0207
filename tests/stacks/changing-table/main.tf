# A table that goes through what can be changed of one in place, step by step, and the resources that only touch a table.

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
  step      = 0
  on_demand = local.step == 1
  units     = local.on_demand ? null : 5
}

resource "aws_dynamodb_table" "orders" {
  name             = "orders"
  billing_mode     = local.on_demand ? "PAY_PER_REQUEST" : "PROVISIONED"
  read_capacity    = local.units
  write_capacity   = local.units
  hash_key         = "customer"
  range_key        = "placed"
  stream_enabled   = true
  stream_view_type = local.step == 0 ? "NEW_AND_OLD_IMAGES" : "KEYS_ONLY"
  table_class      = local.step == 2 ? "STANDARD_INFREQUENT_ACCESS" : "STANDARD"

  attribute {
    name = "customer"
    type = "S"
  }
  attribute {
    name = "placed"
    type = "N"
  }
  attribute {
    name = "state"
    type = "S"
  }
  dynamic "attribute" {
    for_each = local.step == 1 ? ["picture"] : []
    content {
      name = attribute.value
      type = "B"
    }
  }

  global_secondary_index {
    name               = "states"
    hash_key           = "state"
    projection_type    = local.step == 2 ? "INCLUDE" : "ALL"
    non_key_attributes = local.step == 2 ? ["weight", "total"] : null
    read_capacity      = local.units
    write_capacity     = local.units
  }
  dynamic "global_secondary_index" {
    for_each = local.step == 1 ? ["pictures"] : []
    content {
      name            = global_secondary_index.value
      hash_key        = "picture"
      range_key       = "placed"
      projection_type = "KEYS_ONLY"
    }
  }

  ttl {
    enabled        = local.step != 1
    attribute_name = local.step == 2 ? "until" : "expires"
  }
  point_in_time_recovery {
    enabled = local.step != 0
  }
  tags = local.step == 0 ? { team = "shop" } : { team = "store", cost = "1" }
}

resource "aws_dynamodb_table_item" "first" {
  table_name = aws_dynamodb_table.orders.name
  hash_key   = aws_dynamodb_table.orders.hash_key
  range_key  = aws_dynamodb_table.orders.range_key
  item = jsonencode({
    customer = { S = "joy" }
    placed   = { N = "1" }
    state    = { S = local.step == 0 ? "new" : "paid" }
    picture  = { B = "AAH/" }
    names    = { SS = ["x", "y"] }
    lines    = { L = [{ M = { none = { NULL = true } } }, { BOOL = false }] }
  })
}

data "aws_caller_identity" "current" {}

resource "aws_dynamodb_resource_policy" "stream" {
  resource_arn = aws_dynamodb_table.orders.stream_arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:root" }
      Action    = ["dynamodb:GetRecords"]
      Resource  = aws_dynamodb_table.orders.stream_arn
    }]
  })
}

import {
  to = aws_dynamodb_table.found
  id = "found"
}

resource "aws_dynamodb_table" "found" {
  name                        = "found"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "id"
  deletion_protection_enabled = local.step == 1

  attribute {
    name = "id"
    type = "S"
  }
  on_demand_throughput {
    max_read_request_units  = 10
    max_write_request_units = 10
  }
  lifecycle {
    ignore_changes = [tags["season"]]
  }
}

resource "aws_dynamodb_tag" "found" {
  resource_arn = aws_dynamodb_table.found.arn
  key          = "season"
  value        = local.step == 0 ? "summer" : "winter"
}

data "aws_dynamodb_table" "found" {
  name = aws_dynamodb_table.found.name
}

data "aws_dynamodb_table_item" "first" {
  table_name = "orders"
  key        = jsonencode({ customer = { S = "joy" }, placed = { N = "1" } })
  depends_on = [aws_dynamodb_table_item.first]
}

output "read" {
  value = [data.aws_dynamodb_table.found.billing_mode, jsondecode(data.aws_dynamodb_table_item.first.item).state.S]
}
