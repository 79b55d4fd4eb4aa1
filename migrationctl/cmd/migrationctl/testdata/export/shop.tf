# The tables of a migration contract, printed by migrationctl tables export.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "alarm_topic_arn" {
  type        = string
  default     = null
  description = "The ARN of the SNS topic that alarms tell. Without one they tell nobody."
}

variable "throttles_per_minute" {
  type        = number
  default     = 0
  description = "More throttled reads, or writes, of a table or an index in a minute are an alarm."

  validation {
    condition     = var.throttles_per_minute >= 0
    error_message = "The value must be at least 0."
  }
}

variable "system_errors_per_minute" {
  type        = number
  default     = 0
  description = "More errors of DynamoDB's own on a table in a minute are an alarm."

  validation {
    condition     = var.system_errors_per_minute >= 0
    error_message = "The value must be at least 0."
  }
}

variable "user_errors_per_minute" {
  type        = number
  default     = 100
  description = "More refused requests in a minute are an alarm. All of the account in the Region count, and transactions that met others do too."

  validation {
    condition     = var.user_errors_per_minute >= 0
    error_message = "The value must be at least 0."
  }
}

variable "latency_milliseconds" {
  type        = number
  default     = 100
  description = "A longer p99 of an operation on a table is an alarm."

  validation {
    condition     = var.latency_milliseconds >= 1
    error_message = "The value must be at least 1."
  }
}

resource "aws_dynamodb_table" "users" {
  name         = "Users"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "PK"

  attribute {
    name = "PK"
    type = "S"
  }

  attribute {
    name = "GSI1PK"
    type = "S"
  }

  attribute {
    name = "GSI1SK"
    type = "S"
  }

  attribute {
    name = "GSI2PK"
    type = "S"
  }

  attribute {
    name = "GSI2SK"
    type = "S"
  }

  attribute {
    name = "GSI3PK"
    type = "S"
  }

  attribute {
    name = "GSI3SK"
    type = "S"
  }

  global_secondary_index {
    name            = "GSI1"
    hash_key        = "GSI1PK"
    range_key       = "GSI1SK"
    projection_type = "ALL"
  }

  global_secondary_index {
    name            = "GSI2"
    hash_key        = "GSI2PK"
    range_key       = "GSI2SK"
    projection_type = "ALL"
  }

  global_secondary_index {
    name            = "GSI3"
    hash_key        = "GSI3PK"
    range_key       = "GSI3SK"
    projection_type = "ALL"
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_cloudwatch_metric_alarm" "users_read_throttle_events" {
  alarm_name          = "Users ReadThrottleEvents"
  alarm_description   = "DynamoDB throttles reads of table Users."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.throttles_per_minute
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace           = "AWS/DynamoDB"
  metric_name         = "ReadThrottleEvents"
  period              = 60
  statistic           = "Sum"

  dimensions = {
    TableName = aws_dynamodb_table.users.name
  }
}

resource "aws_cloudwatch_metric_alarm" "users_write_throttle_events" {
  alarm_name          = "Users WriteThrottleEvents"
  alarm_description   = "DynamoDB throttles writes of table Users."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.throttles_per_minute
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace           = "AWS/DynamoDB"
  metric_name         = "WriteThrottleEvents"
  period              = 60
  statistic           = "Sum"

  dimensions = {
    TableName = aws_dynamodb_table.users.name
  }
}

resource "aws_cloudwatch_metric_alarm" "users_gsi1_read_throttle_events" {
  alarm_name          = "Users GSI1 ReadThrottleEvents"
  alarm_description   = "DynamoDB throttles reads of index GSI1 of table Users."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.throttles_per_minute
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace           = "AWS/DynamoDB"
  metric_name         = "ReadThrottleEvents"
  period              = 60
  statistic           = "Sum"

  dimensions = {
    TableName                = aws_dynamodb_table.users.name
    GlobalSecondaryIndexName = "GSI1"
  }
}

resource "aws_cloudwatch_metric_alarm" "users_gsi1_write_throttle_events" {
  alarm_name          = "Users GSI1 WriteThrottleEvents"
  alarm_description   = "DynamoDB throttles writes of index GSI1 of table Users."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.throttles_per_minute
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace           = "AWS/DynamoDB"
  metric_name         = "WriteThrottleEvents"
  period              = 60
  statistic           = "Sum"

  dimensions = {
    TableName                = aws_dynamodb_table.users.name
    GlobalSecondaryIndexName = "GSI1"
  }
}

resource "aws_cloudwatch_metric_alarm" "users_gsi2_read_throttle_events" {
  alarm_name          = "Users GSI2 ReadThrottleEvents"
  alarm_description   = "DynamoDB throttles reads of index GSI2 of table Users."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.throttles_per_minute
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace           = "AWS/DynamoDB"
  metric_name         = "ReadThrottleEvents"
  period              = 60
  statistic           = "Sum"

  dimensions = {
    TableName                = aws_dynamodb_table.users.name
    GlobalSecondaryIndexName = "GSI2"
  }
}

resource "aws_cloudwatch_metric_alarm" "users_gsi2_write_throttle_events" {
  alarm_name          = "Users GSI2 WriteThrottleEvents"
  alarm_description   = "DynamoDB throttles writes of index GSI2 of table Users."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.throttles_per_minute
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace           = "AWS/DynamoDB"
  metric_name         = "WriteThrottleEvents"
  period              = 60
  statistic           = "Sum"

  dimensions = {
    TableName                = aws_dynamodb_table.users.name
    GlobalSecondaryIndexName = "GSI2"
  }
}

resource "aws_cloudwatch_metric_alarm" "users_gsi3_read_throttle_events" {
  alarm_name          = "Users GSI3 ReadThrottleEvents"
  alarm_description   = "DynamoDB throttles reads of index GSI3 of table Users."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.throttles_per_minute
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace           = "AWS/DynamoDB"
  metric_name         = "ReadThrottleEvents"
  period              = 60
  statistic           = "Sum"

  dimensions = {
    TableName                = aws_dynamodb_table.users.name
    GlobalSecondaryIndexName = "GSI3"
  }
}

resource "aws_cloudwatch_metric_alarm" "users_gsi3_write_throttle_events" {
  alarm_name          = "Users GSI3 WriteThrottleEvents"
  alarm_description   = "DynamoDB throttles writes of index GSI3 of table Users."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.throttles_per_minute
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace           = "AWS/DynamoDB"
  metric_name         = "WriteThrottleEvents"
  period              = 60
  statistic           = "Sum"

  dimensions = {
    TableName                = aws_dynamodb_table.users.name
    GlobalSecondaryIndexName = "GSI3"
  }
}

resource "aws_cloudwatch_metric_alarm" "users_system_errors" {
  alarm_name          = "Users SystemErrors"
  alarm_description   = "DynamoDB fails requests on table Users by itself."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.system_errors_per_minute
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]

  metric_query {
    id = "m1"

    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "SystemErrors"
      period      = 60
      stat        = "Sum"

      dimensions = {
        TableName = aws_dynamodb_table.users.name
        Operation = "BatchGetItem"
      }
    }
  }

  metric_query {
    id = "m2"

    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "SystemErrors"
      period      = 60
      stat        = "Sum"

      dimensions = {
        TableName = aws_dynamodb_table.users.name
        Operation = "GetItem"
      }
    }
  }

  metric_query {
    id = "m3"

    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "SystemErrors"
      period      = 60
      stat        = "Sum"

      dimensions = {
        TableName = aws_dynamodb_table.users.name
        Operation = "PutItem"
      }
    }
  }

  metric_query {
    id = "m4"

    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "SystemErrors"
      period      = 60
      stat        = "Sum"

      dimensions = {
        TableName = aws_dynamodb_table.users.name
        Operation = "Query"
      }
    }
  }

  metric_query {
    id = "m5"

    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "SystemErrors"
      period      = 60
      stat        = "Sum"

      dimensions = {
        TableName = aws_dynamodb_table.users.name
        Operation = "TransactWriteItems"
      }
    }
  }

  metric_query {
    id          = "sum"
    label       = "SystemErrors"
    expression  = "FILL(m1, 0) + FILL(m2, 0) + FILL(m3, 0) + FILL(m4, 0) + FILL(m5, 0)"
    return_data = true
  }
}

resource "aws_cloudwatch_metric_alarm" "users_successful_request_latency_batch_get_item" {
  alarm_name                            = "Users SuccessfulRequestLatency BatchGetItem"
  alarm_description                     = "BatchGetItem on table Users takes long."
  comparison_operator                   = "GreaterThanThreshold"
  threshold                             = var.latency_milliseconds
  evaluation_periods                    = 5
  datapoints_to_alarm                   = 3
  treat_missing_data                    = "notBreaching"
  alarm_actions                         = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace                             = "AWS/DynamoDB"
  metric_name                           = "SuccessfulRequestLatency"
  period                                = 60
  extended_statistic                    = "p99"
  evaluate_low_sample_count_percentiles = "ignore"

  dimensions = {
    TableName = aws_dynamodb_table.users.name
    Operation = "BatchGetItem"
  }
}

resource "aws_cloudwatch_metric_alarm" "users_successful_request_latency_get_item" {
  alarm_name                            = "Users SuccessfulRequestLatency GetItem"
  alarm_description                     = "GetItem on table Users takes long."
  comparison_operator                   = "GreaterThanThreshold"
  threshold                             = var.latency_milliseconds
  evaluation_periods                    = 5
  datapoints_to_alarm                   = 3
  treat_missing_data                    = "notBreaching"
  alarm_actions                         = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace                             = "AWS/DynamoDB"
  metric_name                           = "SuccessfulRequestLatency"
  period                                = 60
  extended_statistic                    = "p99"
  evaluate_low_sample_count_percentiles = "ignore"

  dimensions = {
    TableName = aws_dynamodb_table.users.name
    Operation = "GetItem"
  }
}

resource "aws_cloudwatch_metric_alarm" "users_successful_request_latency_put_item" {
  alarm_name                            = "Users SuccessfulRequestLatency PutItem"
  alarm_description                     = "PutItem on table Users takes long."
  comparison_operator                   = "GreaterThanThreshold"
  threshold                             = var.latency_milliseconds
  evaluation_periods                    = 5
  datapoints_to_alarm                   = 3
  treat_missing_data                    = "notBreaching"
  alarm_actions                         = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace                             = "AWS/DynamoDB"
  metric_name                           = "SuccessfulRequestLatency"
  period                                = 60
  extended_statistic                    = "p99"
  evaluate_low_sample_count_percentiles = "ignore"

  dimensions = {
    TableName = aws_dynamodb_table.users.name
    Operation = "PutItem"
  }
}

resource "aws_cloudwatch_metric_alarm" "users_successful_request_latency_query" {
  alarm_name                            = "Users SuccessfulRequestLatency Query"
  alarm_description                     = "Query on table Users takes long."
  comparison_operator                   = "GreaterThanThreshold"
  threshold                             = var.latency_milliseconds
  evaluation_periods                    = 5
  datapoints_to_alarm                   = 3
  treat_missing_data                    = "notBreaching"
  alarm_actions                         = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace                             = "AWS/DynamoDB"
  metric_name                           = "SuccessfulRequestLatency"
  period                                = 60
  extended_statistic                    = "p99"
  evaluate_low_sample_count_percentiles = "ignore"

  dimensions = {
    TableName = aws_dynamodb_table.users.name
    Operation = "Query"
  }
}

resource "aws_cloudwatch_metric_alarm" "users_successful_request_latency_transact_write_items" {
  alarm_name                            = "Users SuccessfulRequestLatency TransactWriteItems"
  alarm_description                     = "TransactWriteItems on table Users takes long."
  comparison_operator                   = "GreaterThanThreshold"
  threshold                             = var.latency_milliseconds
  evaluation_periods                    = 5
  datapoints_to_alarm                   = 3
  treat_missing_data                    = "notBreaching"
  alarm_actions                         = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace                             = "AWS/DynamoDB"
  metric_name                           = "SuccessfulRequestLatency"
  period                                = 60
  extended_statistic                    = "p99"
  evaluate_low_sample_count_percentiles = "ignore"

  dimensions = {
    TableName = aws_dynamodb_table.users.name
    Operation = "TransactWriteItems"
  }
}

resource "aws_dynamodb_table" "products" {
  name         = "Products"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "N"
  }

  attribute {
    name = "category_id"
    type = "N"
  }

  attribute {
    name = "listed"
    type = "S"
  }

  attribute {
    name = "seller_id"
    type = "N"
  }

  global_secondary_index {
    name            = "GSI1"
    hash_key        = "category_id"
    range_key       = "listed"
    projection_type = "ALL"
  }

  global_secondary_index {
    name            = "GSI2"
    hash_key        = "seller_id"
    range_key       = "listed"
    projection_type = "ALL"
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_cloudwatch_metric_alarm" "products_read_throttle_events" {
  alarm_name          = "Products ReadThrottleEvents"
  alarm_description   = "DynamoDB throttles reads of table Products."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.throttles_per_minute
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace           = "AWS/DynamoDB"
  metric_name         = "ReadThrottleEvents"
  period              = 60
  statistic           = "Sum"

  dimensions = {
    TableName = aws_dynamodb_table.products.name
  }
}

resource "aws_cloudwatch_metric_alarm" "products_write_throttle_events" {
  alarm_name          = "Products WriteThrottleEvents"
  alarm_description   = "DynamoDB throttles writes of table Products."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.throttles_per_minute
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace           = "AWS/DynamoDB"
  metric_name         = "WriteThrottleEvents"
  period              = 60
  statistic           = "Sum"

  dimensions = {
    TableName = aws_dynamodb_table.products.name
  }
}

resource "aws_cloudwatch_metric_alarm" "products_gsi1_read_throttle_events" {
  alarm_name          = "Products GSI1 ReadThrottleEvents"
  alarm_description   = "DynamoDB throttles reads of index GSI1 of table Products."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.throttles_per_minute
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace           = "AWS/DynamoDB"
  metric_name         = "ReadThrottleEvents"
  period              = 60
  statistic           = "Sum"

  dimensions = {
    TableName                = aws_dynamodb_table.products.name
    GlobalSecondaryIndexName = "GSI1"
  }
}

resource "aws_cloudwatch_metric_alarm" "products_gsi1_write_throttle_events" {
  alarm_name          = "Products GSI1 WriteThrottleEvents"
  alarm_description   = "DynamoDB throttles writes of index GSI1 of table Products."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.throttles_per_minute
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace           = "AWS/DynamoDB"
  metric_name         = "WriteThrottleEvents"
  period              = 60
  statistic           = "Sum"

  dimensions = {
    TableName                = aws_dynamodb_table.products.name
    GlobalSecondaryIndexName = "GSI1"
  }
}

resource "aws_cloudwatch_metric_alarm" "products_gsi2_read_throttle_events" {
  alarm_name          = "Products GSI2 ReadThrottleEvents"
  alarm_description   = "DynamoDB throttles reads of index GSI2 of table Products."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.throttles_per_minute
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace           = "AWS/DynamoDB"
  metric_name         = "ReadThrottleEvents"
  period              = 60
  statistic           = "Sum"

  dimensions = {
    TableName                = aws_dynamodb_table.products.name
    GlobalSecondaryIndexName = "GSI2"
  }
}

resource "aws_cloudwatch_metric_alarm" "products_gsi2_write_throttle_events" {
  alarm_name          = "Products GSI2 WriteThrottleEvents"
  alarm_description   = "DynamoDB throttles writes of index GSI2 of table Products."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.throttles_per_minute
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace           = "AWS/DynamoDB"
  metric_name         = "WriteThrottleEvents"
  period              = 60
  statistic           = "Sum"

  dimensions = {
    TableName                = aws_dynamodb_table.products.name
    GlobalSecondaryIndexName = "GSI2"
  }
}

resource "aws_cloudwatch_metric_alarm" "products_system_errors" {
  alarm_name          = "Products SystemErrors"
  alarm_description   = "DynamoDB fails requests on table Products by itself."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.system_errors_per_minute
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]

  metric_query {
    id = "m1"

    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "SystemErrors"
      period      = 60
      stat        = "Sum"

      dimensions = {
        TableName = aws_dynamodb_table.products.name
        Operation = "BatchGetItem"
      }
    }
  }

  metric_query {
    id = "m2"

    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "SystemErrors"
      period      = 60
      stat        = "Sum"

      dimensions = {
        TableName = aws_dynamodb_table.products.name
        Operation = "GetItem"
      }
    }
  }

  metric_query {
    id = "m3"

    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "SystemErrors"
      period      = 60
      stat        = "Sum"

      dimensions = {
        TableName = aws_dynamodb_table.products.name
        Operation = "PutItem"
      }
    }
  }

  metric_query {
    id = "m4"

    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "SystemErrors"
      period      = 60
      stat        = "Sum"

      dimensions = {
        TableName = aws_dynamodb_table.products.name
        Operation = "Query"
      }
    }
  }

  metric_query {
    id = "m5"

    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "SystemErrors"
      period      = 60
      stat        = "Sum"

      dimensions = {
        TableName = aws_dynamodb_table.products.name
        Operation = "TransactWriteItems"
      }
    }
  }

  metric_query {
    id          = "sum"
    label       = "SystemErrors"
    expression  = "FILL(m1, 0) + FILL(m2, 0) + FILL(m3, 0) + FILL(m4, 0) + FILL(m5, 0)"
    return_data = true
  }
}

resource "aws_cloudwatch_metric_alarm" "products_successful_request_latency_batch_get_item" {
  alarm_name                            = "Products SuccessfulRequestLatency BatchGetItem"
  alarm_description                     = "BatchGetItem on table Products takes long."
  comparison_operator                   = "GreaterThanThreshold"
  threshold                             = var.latency_milliseconds
  evaluation_periods                    = 5
  datapoints_to_alarm                   = 3
  treat_missing_data                    = "notBreaching"
  alarm_actions                         = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace                             = "AWS/DynamoDB"
  metric_name                           = "SuccessfulRequestLatency"
  period                                = 60
  extended_statistic                    = "p99"
  evaluate_low_sample_count_percentiles = "ignore"

  dimensions = {
    TableName = aws_dynamodb_table.products.name
    Operation = "BatchGetItem"
  }
}

resource "aws_cloudwatch_metric_alarm" "products_successful_request_latency_get_item" {
  alarm_name                            = "Products SuccessfulRequestLatency GetItem"
  alarm_description                     = "GetItem on table Products takes long."
  comparison_operator                   = "GreaterThanThreshold"
  threshold                             = var.latency_milliseconds
  evaluation_periods                    = 5
  datapoints_to_alarm                   = 3
  treat_missing_data                    = "notBreaching"
  alarm_actions                         = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace                             = "AWS/DynamoDB"
  metric_name                           = "SuccessfulRequestLatency"
  period                                = 60
  extended_statistic                    = "p99"
  evaluate_low_sample_count_percentiles = "ignore"

  dimensions = {
    TableName = aws_dynamodb_table.products.name
    Operation = "GetItem"
  }
}

resource "aws_cloudwatch_metric_alarm" "products_successful_request_latency_put_item" {
  alarm_name                            = "Products SuccessfulRequestLatency PutItem"
  alarm_description                     = "PutItem on table Products takes long."
  comparison_operator                   = "GreaterThanThreshold"
  threshold                             = var.latency_milliseconds
  evaluation_periods                    = 5
  datapoints_to_alarm                   = 3
  treat_missing_data                    = "notBreaching"
  alarm_actions                         = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace                             = "AWS/DynamoDB"
  metric_name                           = "SuccessfulRequestLatency"
  period                                = 60
  extended_statistic                    = "p99"
  evaluate_low_sample_count_percentiles = "ignore"

  dimensions = {
    TableName = aws_dynamodb_table.products.name
    Operation = "PutItem"
  }
}

resource "aws_cloudwatch_metric_alarm" "products_successful_request_latency_query" {
  alarm_name                            = "Products SuccessfulRequestLatency Query"
  alarm_description                     = "Query on table Products takes long."
  comparison_operator                   = "GreaterThanThreshold"
  threshold                             = var.latency_milliseconds
  evaluation_periods                    = 5
  datapoints_to_alarm                   = 3
  treat_missing_data                    = "notBreaching"
  alarm_actions                         = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace                             = "AWS/DynamoDB"
  metric_name                           = "SuccessfulRequestLatency"
  period                                = 60
  extended_statistic                    = "p99"
  evaluate_low_sample_count_percentiles = "ignore"

  dimensions = {
    TableName = aws_dynamodb_table.products.name
    Operation = "Query"
  }
}

resource "aws_cloudwatch_metric_alarm" "products_successful_request_latency_transact_write_items" {
  alarm_name                            = "Products SuccessfulRequestLatency TransactWriteItems"
  alarm_description                     = "TransactWriteItems on table Products takes long."
  comparison_operator                   = "GreaterThanThreshold"
  threshold                             = var.latency_milliseconds
  evaluation_periods                    = 5
  datapoints_to_alarm                   = 3
  treat_missing_data                    = "notBreaching"
  alarm_actions                         = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace                             = "AWS/DynamoDB"
  metric_name                           = "SuccessfulRequestLatency"
  period                                = 60
  extended_statistic                    = "p99"
  evaluate_low_sample_count_percentiles = "ignore"

  dimensions = {
    TableName = aws_dynamodb_table.products.name
    Operation = "TransactWriteItems"
  }
}

resource "aws_dynamodb_table" "categories" {
  name         = "Categories"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "N"
  }

  attribute {
    name = "GSI1PK"
    type = "S"
  }

  attribute {
    name = "name"
    type = "S"
  }

  global_secondary_index {
    name            = "GSI1"
    hash_key        = "GSI1PK"
    range_key       = "name"
    projection_type = "ALL"
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_cloudwatch_metric_alarm" "categories_read_throttle_events" {
  alarm_name          = "Categories ReadThrottleEvents"
  alarm_description   = "DynamoDB throttles reads of table Categories."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.throttles_per_minute
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace           = "AWS/DynamoDB"
  metric_name         = "ReadThrottleEvents"
  period              = 60
  statistic           = "Sum"

  dimensions = {
    TableName = aws_dynamodb_table.categories.name
  }
}

resource "aws_cloudwatch_metric_alarm" "categories_write_throttle_events" {
  alarm_name          = "Categories WriteThrottleEvents"
  alarm_description   = "DynamoDB throttles writes of table Categories."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.throttles_per_minute
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace           = "AWS/DynamoDB"
  metric_name         = "WriteThrottleEvents"
  period              = 60
  statistic           = "Sum"

  dimensions = {
    TableName = aws_dynamodb_table.categories.name
  }
}

resource "aws_cloudwatch_metric_alarm" "categories_gsi1_read_throttle_events" {
  alarm_name          = "Categories GSI1 ReadThrottleEvents"
  alarm_description   = "DynamoDB throttles reads of index GSI1 of table Categories."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.throttles_per_minute
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace           = "AWS/DynamoDB"
  metric_name         = "ReadThrottleEvents"
  period              = 60
  statistic           = "Sum"

  dimensions = {
    TableName                = aws_dynamodb_table.categories.name
    GlobalSecondaryIndexName = "GSI1"
  }
}

resource "aws_cloudwatch_metric_alarm" "categories_gsi1_write_throttle_events" {
  alarm_name          = "Categories GSI1 WriteThrottleEvents"
  alarm_description   = "DynamoDB throttles writes of index GSI1 of table Categories."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.throttles_per_minute
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace           = "AWS/DynamoDB"
  metric_name         = "WriteThrottleEvents"
  period              = 60
  statistic           = "Sum"

  dimensions = {
    TableName                = aws_dynamodb_table.categories.name
    GlobalSecondaryIndexName = "GSI1"
  }
}

resource "aws_cloudwatch_metric_alarm" "categories_system_errors" {
  alarm_name          = "Categories SystemErrors"
  alarm_description   = "DynamoDB fails requests on table Categories by itself."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.system_errors_per_minute
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]

  metric_query {
    id = "m1"

    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "SystemErrors"
      period      = 60
      stat        = "Sum"

      dimensions = {
        TableName = aws_dynamodb_table.categories.name
        Operation = "BatchGetItem"
      }
    }
  }

  metric_query {
    id = "m2"

    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "SystemErrors"
      period      = 60
      stat        = "Sum"

      dimensions = {
        TableName = aws_dynamodb_table.categories.name
        Operation = "GetItem"
      }
    }
  }

  metric_query {
    id = "m3"

    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "SystemErrors"
      period      = 60
      stat        = "Sum"

      dimensions = {
        TableName = aws_dynamodb_table.categories.name
        Operation = "PutItem"
      }
    }
  }

  metric_query {
    id = "m4"

    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "SystemErrors"
      period      = 60
      stat        = "Sum"

      dimensions = {
        TableName = aws_dynamodb_table.categories.name
        Operation = "Query"
      }
    }
  }

  metric_query {
    id = "m5"

    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "SystemErrors"
      period      = 60
      stat        = "Sum"

      dimensions = {
        TableName = aws_dynamodb_table.categories.name
        Operation = "TransactWriteItems"
      }
    }
  }

  metric_query {
    id          = "sum"
    label       = "SystemErrors"
    expression  = "FILL(m1, 0) + FILL(m2, 0) + FILL(m3, 0) + FILL(m4, 0) + FILL(m5, 0)"
    return_data = true
  }
}

resource "aws_cloudwatch_metric_alarm" "categories_successful_request_latency_batch_get_item" {
  alarm_name                            = "Categories SuccessfulRequestLatency BatchGetItem"
  alarm_description                     = "BatchGetItem on table Categories takes long."
  comparison_operator                   = "GreaterThanThreshold"
  threshold                             = var.latency_milliseconds
  evaluation_periods                    = 5
  datapoints_to_alarm                   = 3
  treat_missing_data                    = "notBreaching"
  alarm_actions                         = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace                             = "AWS/DynamoDB"
  metric_name                           = "SuccessfulRequestLatency"
  period                                = 60
  extended_statistic                    = "p99"
  evaluate_low_sample_count_percentiles = "ignore"

  dimensions = {
    TableName = aws_dynamodb_table.categories.name
    Operation = "BatchGetItem"
  }
}

resource "aws_cloudwatch_metric_alarm" "categories_successful_request_latency_get_item" {
  alarm_name                            = "Categories SuccessfulRequestLatency GetItem"
  alarm_description                     = "GetItem on table Categories takes long."
  comparison_operator                   = "GreaterThanThreshold"
  threshold                             = var.latency_milliseconds
  evaluation_periods                    = 5
  datapoints_to_alarm                   = 3
  treat_missing_data                    = "notBreaching"
  alarm_actions                         = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace                             = "AWS/DynamoDB"
  metric_name                           = "SuccessfulRequestLatency"
  period                                = 60
  extended_statistic                    = "p99"
  evaluate_low_sample_count_percentiles = "ignore"

  dimensions = {
    TableName = aws_dynamodb_table.categories.name
    Operation = "GetItem"
  }
}

resource "aws_cloudwatch_metric_alarm" "categories_successful_request_latency_put_item" {
  alarm_name                            = "Categories SuccessfulRequestLatency PutItem"
  alarm_description                     = "PutItem on table Categories takes long."
  comparison_operator                   = "GreaterThanThreshold"
  threshold                             = var.latency_milliseconds
  evaluation_periods                    = 5
  datapoints_to_alarm                   = 3
  treat_missing_data                    = "notBreaching"
  alarm_actions                         = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace                             = "AWS/DynamoDB"
  metric_name                           = "SuccessfulRequestLatency"
  period                                = 60
  extended_statistic                    = "p99"
  evaluate_low_sample_count_percentiles = "ignore"

  dimensions = {
    TableName = aws_dynamodb_table.categories.name
    Operation = "PutItem"
  }
}

resource "aws_cloudwatch_metric_alarm" "categories_successful_request_latency_query" {
  alarm_name                            = "Categories SuccessfulRequestLatency Query"
  alarm_description                     = "Query on table Categories takes long."
  comparison_operator                   = "GreaterThanThreshold"
  threshold                             = var.latency_milliseconds
  evaluation_periods                    = 5
  datapoints_to_alarm                   = 3
  treat_missing_data                    = "notBreaching"
  alarm_actions                         = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace                             = "AWS/DynamoDB"
  metric_name                           = "SuccessfulRequestLatency"
  period                                = 60
  extended_statistic                    = "p99"
  evaluate_low_sample_count_percentiles = "ignore"

  dimensions = {
    TableName = aws_dynamodb_table.categories.name
    Operation = "Query"
  }
}

resource "aws_cloudwatch_metric_alarm" "categories_successful_request_latency_transact_write_items" {
  alarm_name                            = "Categories SuccessfulRequestLatency TransactWriteItems"
  alarm_description                     = "TransactWriteItems on table Categories takes long."
  comparison_operator                   = "GreaterThanThreshold"
  threshold                             = var.latency_milliseconds
  evaluation_periods                    = 5
  datapoints_to_alarm                   = 3
  treat_missing_data                    = "notBreaching"
  alarm_actions                         = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace                             = "AWS/DynamoDB"
  metric_name                           = "SuccessfulRequestLatency"
  period                                = 60
  extended_statistic                    = "p99"
  evaluate_low_sample_count_percentiles = "ignore"

  dimensions = {
    TableName = aws_dynamodb_table.categories.name
    Operation = "TransactWriteItems"
  }
}

resource "aws_dynamodb_table" "crossfade" {
  name         = "crossfade"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "p"
  range_key    = "s"

  attribute {
    name = "p"
    type = "S"
  }

  attribute {
    name = "s"
    type = "S"
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_cloudwatch_metric_alarm" "crossfade_read_throttle_events" {
  alarm_name          = "crossfade ReadThrottleEvents"
  alarm_description   = "DynamoDB throttles reads of table crossfade."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.throttles_per_minute
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace           = "AWS/DynamoDB"
  metric_name         = "ReadThrottleEvents"
  period              = 60
  statistic           = "Sum"

  dimensions = {
    TableName = aws_dynamodb_table.crossfade.name
  }
}

resource "aws_cloudwatch_metric_alarm" "crossfade_write_throttle_events" {
  alarm_name          = "crossfade WriteThrottleEvents"
  alarm_description   = "DynamoDB throttles writes of table crossfade."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.throttles_per_minute
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace           = "AWS/DynamoDB"
  metric_name         = "WriteThrottleEvents"
  period              = 60
  statistic           = "Sum"

  dimensions = {
    TableName = aws_dynamodb_table.crossfade.name
  }
}

resource "aws_cloudwatch_metric_alarm" "crossfade_system_errors" {
  alarm_name          = "crossfade SystemErrors"
  alarm_description   = "DynamoDB fails requests on table crossfade by itself."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.system_errors_per_minute
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]

  metric_query {
    id = "m1"

    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "SystemErrors"
      period      = 60
      stat        = "Sum"

      dimensions = {
        TableName = aws_dynamodb_table.crossfade.name
        Operation = "BatchGetItem"
      }
    }
  }

  metric_query {
    id = "m2"

    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "SystemErrors"
      period      = 60
      stat        = "Sum"

      dimensions = {
        TableName = aws_dynamodb_table.crossfade.name
        Operation = "DeleteItem"
      }
    }
  }

  metric_query {
    id = "m3"

    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "SystemErrors"
      period      = 60
      stat        = "Sum"

      dimensions = {
        TableName = aws_dynamodb_table.crossfade.name
        Operation = "GetItem"
      }
    }
  }

  metric_query {
    id = "m4"

    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "SystemErrors"
      period      = 60
      stat        = "Sum"

      dimensions = {
        TableName = aws_dynamodb_table.crossfade.name
        Operation = "PutItem"
      }
    }
  }

  metric_query {
    id = "m5"

    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "SystemErrors"
      period      = 60
      stat        = "Sum"

      dimensions = {
        TableName = aws_dynamodb_table.crossfade.name
        Operation = "Query"
      }
    }
  }

  metric_query {
    id = "m6"

    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "SystemErrors"
      period      = 60
      stat        = "Sum"

      dimensions = {
        TableName = aws_dynamodb_table.crossfade.name
        Operation = "TransactWriteItems"
      }
    }
  }

  metric_query {
    id = "m7"

    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "SystemErrors"
      period      = 60
      stat        = "Sum"

      dimensions = {
        TableName = aws_dynamodb_table.crossfade.name
        Operation = "UpdateItem"
      }
    }
  }

  metric_query {
    id          = "sum"
    label       = "SystemErrors"
    expression  = "FILL(m1, 0) + FILL(m2, 0) + FILL(m3, 0) + FILL(m4, 0) + FILL(m5, 0) + FILL(m6, 0) + FILL(m7, 0)"
    return_data = true
  }
}

resource "aws_cloudwatch_metric_alarm" "crossfade_successful_request_latency_batch_get_item" {
  alarm_name                            = "crossfade SuccessfulRequestLatency BatchGetItem"
  alarm_description                     = "BatchGetItem on table crossfade takes long."
  comparison_operator                   = "GreaterThanThreshold"
  threshold                             = var.latency_milliseconds
  evaluation_periods                    = 5
  datapoints_to_alarm                   = 3
  treat_missing_data                    = "notBreaching"
  alarm_actions                         = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace                             = "AWS/DynamoDB"
  metric_name                           = "SuccessfulRequestLatency"
  period                                = 60
  extended_statistic                    = "p99"
  evaluate_low_sample_count_percentiles = "ignore"

  dimensions = {
    TableName = aws_dynamodb_table.crossfade.name
    Operation = "BatchGetItem"
  }
}

resource "aws_cloudwatch_metric_alarm" "crossfade_successful_request_latency_delete_item" {
  alarm_name                            = "crossfade SuccessfulRequestLatency DeleteItem"
  alarm_description                     = "DeleteItem on table crossfade takes long."
  comparison_operator                   = "GreaterThanThreshold"
  threshold                             = var.latency_milliseconds
  evaluation_periods                    = 5
  datapoints_to_alarm                   = 3
  treat_missing_data                    = "notBreaching"
  alarm_actions                         = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace                             = "AWS/DynamoDB"
  metric_name                           = "SuccessfulRequestLatency"
  period                                = 60
  extended_statistic                    = "p99"
  evaluate_low_sample_count_percentiles = "ignore"

  dimensions = {
    TableName = aws_dynamodb_table.crossfade.name
    Operation = "DeleteItem"
  }
}

resource "aws_cloudwatch_metric_alarm" "crossfade_successful_request_latency_get_item" {
  alarm_name                            = "crossfade SuccessfulRequestLatency GetItem"
  alarm_description                     = "GetItem on table crossfade takes long."
  comparison_operator                   = "GreaterThanThreshold"
  threshold                             = var.latency_milliseconds
  evaluation_periods                    = 5
  datapoints_to_alarm                   = 3
  treat_missing_data                    = "notBreaching"
  alarm_actions                         = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace                             = "AWS/DynamoDB"
  metric_name                           = "SuccessfulRequestLatency"
  period                                = 60
  extended_statistic                    = "p99"
  evaluate_low_sample_count_percentiles = "ignore"

  dimensions = {
    TableName = aws_dynamodb_table.crossfade.name
    Operation = "GetItem"
  }
}

resource "aws_cloudwatch_metric_alarm" "crossfade_successful_request_latency_put_item" {
  alarm_name                            = "crossfade SuccessfulRequestLatency PutItem"
  alarm_description                     = "PutItem on table crossfade takes long."
  comparison_operator                   = "GreaterThanThreshold"
  threshold                             = var.latency_milliseconds
  evaluation_periods                    = 5
  datapoints_to_alarm                   = 3
  treat_missing_data                    = "notBreaching"
  alarm_actions                         = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace                             = "AWS/DynamoDB"
  metric_name                           = "SuccessfulRequestLatency"
  period                                = 60
  extended_statistic                    = "p99"
  evaluate_low_sample_count_percentiles = "ignore"

  dimensions = {
    TableName = aws_dynamodb_table.crossfade.name
    Operation = "PutItem"
  }
}

resource "aws_cloudwatch_metric_alarm" "crossfade_successful_request_latency_query" {
  alarm_name                            = "crossfade SuccessfulRequestLatency Query"
  alarm_description                     = "Query on table crossfade takes long."
  comparison_operator                   = "GreaterThanThreshold"
  threshold                             = var.latency_milliseconds
  evaluation_periods                    = 5
  datapoints_to_alarm                   = 3
  treat_missing_data                    = "notBreaching"
  alarm_actions                         = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace                             = "AWS/DynamoDB"
  metric_name                           = "SuccessfulRequestLatency"
  period                                = 60
  extended_statistic                    = "p99"
  evaluate_low_sample_count_percentiles = "ignore"

  dimensions = {
    TableName = aws_dynamodb_table.crossfade.name
    Operation = "Query"
  }
}

resource "aws_cloudwatch_metric_alarm" "crossfade_successful_request_latency_transact_write_items" {
  alarm_name                            = "crossfade SuccessfulRequestLatency TransactWriteItems"
  alarm_description                     = "TransactWriteItems on table crossfade takes long."
  comparison_operator                   = "GreaterThanThreshold"
  threshold                             = var.latency_milliseconds
  evaluation_periods                    = 5
  datapoints_to_alarm                   = 3
  treat_missing_data                    = "notBreaching"
  alarm_actions                         = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace                             = "AWS/DynamoDB"
  metric_name                           = "SuccessfulRequestLatency"
  period                                = 60
  extended_statistic                    = "p99"
  evaluate_low_sample_count_percentiles = "ignore"

  dimensions = {
    TableName = aws_dynamodb_table.crossfade.name
    Operation = "TransactWriteItems"
  }
}

resource "aws_cloudwatch_metric_alarm" "crossfade_successful_request_latency_update_item" {
  alarm_name                            = "crossfade SuccessfulRequestLatency UpdateItem"
  alarm_description                     = "UpdateItem on table crossfade takes long."
  comparison_operator                   = "GreaterThanThreshold"
  threshold                             = var.latency_milliseconds
  evaluation_periods                    = 5
  datapoints_to_alarm                   = 3
  treat_missing_data                    = "notBreaching"
  alarm_actions                         = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace                             = "AWS/DynamoDB"
  metric_name                           = "SuccessfulRequestLatency"
  period                                = 60
  extended_statistic                    = "p99"
  evaluate_low_sample_count_percentiles = "ignore"

  dimensions = {
    TableName = aws_dynamodb_table.crossfade.name
    Operation = "UpdateItem"
  }
}

resource "aws_cloudwatch_metric_alarm" "account_user_errors" {
  alarm_name          = "account UserErrors"
  alarm_description   = "DynamoDB refuses requests of the account in the Region, of any table: wrong parameters, missing tables or permissions, or transactions that met others."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.user_errors_per_minute
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  namespace           = "AWS/DynamoDB"
  metric_name         = "UserErrors"
  period              = 60
  statistic           = "Sum"
}
