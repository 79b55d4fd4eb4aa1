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

variable "target_utilization" {
  type        = number
  default     = 70
  description = "The percentage of the provisioned capacity that autoscaling aims at."

  validation {
    condition     = var.target_utilization >= 20 && var.target_utilization <= 90
    error_message = "The value must be from 20 to 90."
  }
}

resource "aws_dynamodb_table" "order_items" {
  name                        = "order-items"
  billing_mode                = "PROVISIONED"
  read_capacity               = 5
  write_capacity              = 7
  hash_key                    = "order"
  range_key                   = "line"
  deletion_protection_enabled = true

  attribute {
    name = "order"
    type = "N"
  }

  attribute {
    name = "line"
    type = "B"
  }

  attribute {
    name = "product"
    type = "S"
  }

  attribute {
    name = "price"
    type = "N"
  }

  global_secondary_index {
    name               = "by.product"
    hash_key           = "product"
    range_key          = "price"
    projection_type    = "INCLUDE"
    non_key_attributes = ["ca$${sh} \"net\"", "50%%{off}"]
    read_capacity      = 20
    write_capacity     = 3
  }

  global_secondary_index {
    name            = "by-product"
    hash_key        = "product"
    projection_type = "KEYS_ONLY"
    read_capacity   = 5
    write_capacity  = 7
  }

  ttl {
    attribute_name = "ends"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  tags = {
    "cost center" = "a/b:c=d"
    team          = "shop"
  }

  lifecycle {
    prevent_destroy = true
    # Autoscaling changes these. To change an index, take it out of the list for that apply.
    ignore_changes = [read_capacity, write_capacity, global_secondary_index]
  }
}

variable "order_items_max_read_capacity" {
  type        = number
  default     = 200
  description = "The read capacity up to which autoscaling goes, of table order-items and of each of its indexes."

  validation {
    condition     = var.order_items_max_read_capacity >= 20
    error_message = "The value must be at least 20."
  }
}

variable "order_items_max_write_capacity" {
  type        = number
  default     = 70
  description = "The write capacity up to which autoscaling goes, of table order-items and of each of its indexes."

  validation {
    condition     = var.order_items_max_write_capacity >= 7
    error_message = "The value must be at least 7."
  }
}

resource "aws_appautoscaling_target" "order_items_read" {
  service_namespace  = "dynamodb"
  resource_id        = "table/${aws_dynamodb_table.order_items.name}"
  scalable_dimension = "dynamodb:table:ReadCapacityUnits"
  min_capacity       = 5
  max_capacity       = var.order_items_max_read_capacity
}

resource "aws_appautoscaling_policy" "order_items_read" {
  name               = "${aws_appautoscaling_target.order_items_read.resource_id}/Read"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.order_items_read.service_namespace
  resource_id        = aws_appautoscaling_target.order_items_read.resource_id
  scalable_dimension = aws_appautoscaling_target.order_items_read.scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value = var.target_utilization

    predefined_metric_specification {
      predefined_metric_type = "DynamoDBReadCapacityUtilization"
    }
  }
}

resource "aws_appautoscaling_target" "order_items_write" {
  service_namespace  = "dynamodb"
  resource_id        = "table/${aws_dynamodb_table.order_items.name}"
  scalable_dimension = "dynamodb:table:WriteCapacityUnits"
  min_capacity       = 7
  max_capacity       = var.order_items_max_write_capacity
}

resource "aws_appautoscaling_policy" "order_items_write" {
  name               = "${aws_appautoscaling_target.order_items_write.resource_id}/Write"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.order_items_write.service_namespace
  resource_id        = aws_appautoscaling_target.order_items_write.resource_id
  scalable_dimension = aws_appautoscaling_target.order_items_write.scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value = var.target_utilization

    predefined_metric_specification {
      predefined_metric_type = "DynamoDBWriteCapacityUtilization"
    }
  }
}

resource "aws_appautoscaling_target" "order_items_by_product_read" {
  service_namespace  = "dynamodb"
  resource_id        = "table/${aws_dynamodb_table.order_items.name}/index/by.product"
  scalable_dimension = "dynamodb:index:ReadCapacityUnits"
  min_capacity       = 20
  max_capacity       = var.order_items_max_read_capacity
}

resource "aws_appautoscaling_policy" "order_items_by_product_read" {
  name               = "${aws_appautoscaling_target.order_items_by_product_read.resource_id}/Read"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.order_items_by_product_read.service_namespace
  resource_id        = aws_appautoscaling_target.order_items_by_product_read.resource_id
  scalable_dimension = aws_appautoscaling_target.order_items_by_product_read.scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value = var.target_utilization

    predefined_metric_specification {
      predefined_metric_type = "DynamoDBReadCapacityUtilization"
    }
  }
}

resource "aws_appautoscaling_target" "order_items_by_product_write" {
  service_namespace  = "dynamodb"
  resource_id        = "table/${aws_dynamodb_table.order_items.name}/index/by.product"
  scalable_dimension = "dynamodb:index:WriteCapacityUnits"
  min_capacity       = 3
  max_capacity       = var.order_items_max_write_capacity
}

resource "aws_appautoscaling_policy" "order_items_by_product_write" {
  name               = "${aws_appautoscaling_target.order_items_by_product_write.resource_id}/Write"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.order_items_by_product_write.service_namespace
  resource_id        = aws_appautoscaling_target.order_items_by_product_write.resource_id
  scalable_dimension = aws_appautoscaling_target.order_items_by_product_write.scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value = var.target_utilization

    predefined_metric_specification {
      predefined_metric_type = "DynamoDBWriteCapacityUtilization"
    }
  }
}

resource "aws_appautoscaling_target" "order_items_by_product_read_2c8064" {
  service_namespace  = "dynamodb"
  resource_id        = "table/${aws_dynamodb_table.order_items.name}/index/by-product"
  scalable_dimension = "dynamodb:index:ReadCapacityUnits"
  min_capacity       = 5
  max_capacity       = var.order_items_max_read_capacity
}

resource "aws_appautoscaling_policy" "order_items_by_product_read_2c8064" {
  name               = "${aws_appautoscaling_target.order_items_by_product_read_2c8064.resource_id}/Read"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.order_items_by_product_read_2c8064.service_namespace
  resource_id        = aws_appautoscaling_target.order_items_by_product_read_2c8064.resource_id
  scalable_dimension = aws_appautoscaling_target.order_items_by_product_read_2c8064.scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value = var.target_utilization

    predefined_metric_specification {
      predefined_metric_type = "DynamoDBReadCapacityUtilization"
    }
  }
}

resource "aws_appautoscaling_target" "order_items_by_product_write_5a5640" {
  service_namespace  = "dynamodb"
  resource_id        = "table/${aws_dynamodb_table.order_items.name}/index/by-product"
  scalable_dimension = "dynamodb:index:WriteCapacityUnits"
  min_capacity       = 7
  max_capacity       = var.order_items_max_write_capacity
}

resource "aws_appautoscaling_policy" "order_items_by_product_write_5a5640" {
  name               = "${aws_appautoscaling_target.order_items_by_product_write_5a5640.resource_id}/Write"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.order_items_by_product_write_5a5640.service_namespace
  resource_id        = aws_appautoscaling_target.order_items_by_product_write_5a5640.resource_id
  scalable_dimension = aws_appautoscaling_target.order_items_by_product_write_5a5640.scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value = var.target_utilization

    predefined_metric_specification {
      predefined_metric_type = "DynamoDBWriteCapacityUtilization"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "order_items_read_throttle_events" {
  alarm_name          = "order-items ReadThrottleEvents"
  alarm_description   = "DynamoDB throttles reads of table order-items."
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
    TableName = aws_dynamodb_table.order_items.name
  }
}

resource "aws_cloudwatch_metric_alarm" "order_items_write_throttle_events" {
  alarm_name          = "order-items WriteThrottleEvents"
  alarm_description   = "DynamoDB throttles writes of table order-items."
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
    TableName = aws_dynamodb_table.order_items.name
  }
}

resource "aws_cloudwatch_metric_alarm" "order_items_by_product_read_throttle_events" {
  alarm_name          = "order-items by.product ReadThrottleEvents"
  alarm_description   = "DynamoDB throttles reads of index by.product of table order-items."
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
    TableName                = aws_dynamodb_table.order_items.name
    GlobalSecondaryIndexName = "by.product"
  }
}

resource "aws_cloudwatch_metric_alarm" "order_items_by_product_write_throttle_events" {
  alarm_name          = "order-items by.product WriteThrottleEvents"
  alarm_description   = "DynamoDB throttles writes of index by.product of table order-items."
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
    TableName                = aws_dynamodb_table.order_items.name
    GlobalSecondaryIndexName = "by.product"
  }
}

resource "aws_cloudwatch_metric_alarm" "order_items_by_product_read_throttle_events_7455ab" {
  alarm_name          = "order-items by-product ReadThrottleEvents"
  alarm_description   = "DynamoDB throttles reads of index by-product of table order-items."
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
    TableName                = aws_dynamodb_table.order_items.name
    GlobalSecondaryIndexName = "by-product"
  }
}

resource "aws_cloudwatch_metric_alarm" "order_items_by_product_write_throttle_events_2f279f" {
  alarm_name          = "order-items by-product WriteThrottleEvents"
  alarm_description   = "DynamoDB throttles writes of index by-product of table order-items."
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
    TableName                = aws_dynamodb_table.order_items.name
    GlobalSecondaryIndexName = "by-product"
  }
}

resource "aws_cloudwatch_metric_alarm" "order_items_system_errors" {
  alarm_name          = "order-items SystemErrors"
  alarm_description   = "DynamoDB fails requests on table order-items by itself."
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
        TableName = aws_dynamodb_table.order_items.name
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
        TableName = aws_dynamodb_table.order_items.name
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
        TableName = aws_dynamodb_table.order_items.name
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
        TableName = aws_dynamodb_table.order_items.name
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
        TableName = aws_dynamodb_table.order_items.name
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

resource "aws_cloudwatch_metric_alarm" "order_items_successful_request_latency_batch_get_item" {
  alarm_name                            = "order-items SuccessfulRequestLatency BatchGetItem"
  alarm_description                     = "BatchGetItem on table order-items takes long."
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
    TableName = aws_dynamodb_table.order_items.name
    Operation = "BatchGetItem"
  }
}

resource "aws_cloudwatch_metric_alarm" "order_items_successful_request_latency_get_item" {
  alarm_name                            = "order-items SuccessfulRequestLatency GetItem"
  alarm_description                     = "GetItem on table order-items takes long."
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
    TableName = aws_dynamodb_table.order_items.name
    Operation = "GetItem"
  }
}

resource "aws_cloudwatch_metric_alarm" "order_items_successful_request_latency_put_item" {
  alarm_name                            = "order-items SuccessfulRequestLatency PutItem"
  alarm_description                     = "PutItem on table order-items takes long."
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
    TableName = aws_dynamodb_table.order_items.name
    Operation = "PutItem"
  }
}

resource "aws_cloudwatch_metric_alarm" "order_items_successful_request_latency_query" {
  alarm_name                            = "order-items SuccessfulRequestLatency Query"
  alarm_description                     = "Query on table order-items takes long."
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
    TableName = aws_dynamodb_table.order_items.name
    Operation = "Query"
  }
}

resource "aws_cloudwatch_metric_alarm" "order_items_successful_request_latency_transact_write_items" {
  alarm_name                            = "order-items SuccessfulRequestLatency TransactWriteItems"
  alarm_description                     = "TransactWriteItems on table order-items takes long."
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
    TableName = aws_dynamodb_table.order_items.name
    Operation = "TransactWriteItems"
  }
}

data "aws_kms_key" "order_items_ff26d5" {
  key_id = "alias/shop"
}

resource "aws_dynamodb_table" "order_items_ff26d5" {
  name         = "order_items"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = data.aws_kms_key.order_items_ff26d5.arn
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_cloudwatch_metric_alarm" "order_items_read_throttle_events_580bc2" {
  alarm_name          = "order_items ReadThrottleEvents"
  alarm_description   = "DynamoDB throttles reads of table order_items."
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
    TableName = aws_dynamodb_table.order_items_ff26d5.name
  }
}

resource "aws_cloudwatch_metric_alarm" "order_items_write_throttle_events_e14991" {
  alarm_name          = "order_items WriteThrottleEvents"
  alarm_description   = "DynamoDB throttles writes of table order_items."
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
    TableName = aws_dynamodb_table.order_items_ff26d5.name
  }
}

resource "aws_cloudwatch_metric_alarm" "order_items_system_errors_9cdb44" {
  alarm_name          = "order_items SystemErrors"
  alarm_description   = "DynamoDB fails requests on table order_items by itself."
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
        TableName = aws_dynamodb_table.order_items_ff26d5.name
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
        TableName = aws_dynamodb_table.order_items_ff26d5.name
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
        TableName = aws_dynamodb_table.order_items_ff26d5.name
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
        TableName = aws_dynamodb_table.order_items_ff26d5.name
        Operation = "TransactWriteItems"
      }
    }
  }

  metric_query {
    id          = "sum"
    label       = "SystemErrors"
    expression  = "FILL(m1, 0) + FILL(m2, 0) + FILL(m3, 0) + FILL(m4, 0)"
    return_data = true
  }
}

resource "aws_cloudwatch_metric_alarm" "order_items_successful_request_latency_batch_get_item_38c387" {
  alarm_name                            = "order_items SuccessfulRequestLatency BatchGetItem"
  alarm_description                     = "BatchGetItem on table order_items takes long."
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
    TableName = aws_dynamodb_table.order_items_ff26d5.name
    Operation = "BatchGetItem"
  }
}

resource "aws_cloudwatch_metric_alarm" "order_items_successful_request_latency_get_item_c35e7e" {
  alarm_name                            = "order_items SuccessfulRequestLatency GetItem"
  alarm_description                     = "GetItem on table order_items takes long."
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
    TableName = aws_dynamodb_table.order_items_ff26d5.name
    Operation = "GetItem"
  }
}

resource "aws_cloudwatch_metric_alarm" "order_items_successful_request_latency_put_item_aeacfb" {
  alarm_name                            = "order_items SuccessfulRequestLatency PutItem"
  alarm_description                     = "PutItem on table order_items takes long."
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
    TableName = aws_dynamodb_table.order_items_ff26d5.name
    Operation = "PutItem"
  }
}

resource "aws_cloudwatch_metric_alarm" "order_items_successful_request_latency_transact_write_items_ac8ceb" {
  alarm_name                            = "order_items SuccessfulRequestLatency TransactWriteItems"
  alarm_description                     = "TransactWriteItems on table order_items takes long."
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
    TableName = aws_dynamodb_table.order_items_ff26d5.name
    Operation = "TransactWriteItems"
  }
}

resource "aws_dynamodb_table" "t_2go" {
  name         = "2go"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }

  attribute {
    name = "name"
    type = "S"
  }

  global_secondary_index {
    name            = "ByName"
    hash_key        = "name"
    projection_type = "ALL"
  }

  server_side_encryption {
    enabled = true
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_cloudwatch_metric_alarm" "t_2go_read_throttle_events" {
  alarm_name          = "2go ReadThrottleEvents"
  alarm_description   = "DynamoDB throttles reads of table 2go."
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
    TableName = aws_dynamodb_table.t_2go.name
  }
}

resource "aws_cloudwatch_metric_alarm" "t_2go_write_throttle_events" {
  alarm_name          = "2go WriteThrottleEvents"
  alarm_description   = "DynamoDB throttles writes of table 2go."
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
    TableName = aws_dynamodb_table.t_2go.name
  }
}

resource "aws_cloudwatch_metric_alarm" "t_2go_by_name_read_throttle_events" {
  alarm_name          = "2go ByName ReadThrottleEvents"
  alarm_description   = "DynamoDB throttles reads of index ByName of table 2go."
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
    TableName                = aws_dynamodb_table.t_2go.name
    GlobalSecondaryIndexName = "ByName"
  }
}

resource "aws_cloudwatch_metric_alarm" "t_2go_by_name_write_throttle_events" {
  alarm_name          = "2go ByName WriteThrottleEvents"
  alarm_description   = "DynamoDB throttles writes of index ByName of table 2go."
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
    TableName                = aws_dynamodb_table.t_2go.name
    GlobalSecondaryIndexName = "ByName"
  }
}

resource "aws_cloudwatch_metric_alarm" "t_2go_system_errors" {
  alarm_name          = "2go SystemErrors"
  alarm_description   = "DynamoDB fails requests on table 2go by itself."
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
        TableName = aws_dynamodb_table.t_2go.name
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
        TableName = aws_dynamodb_table.t_2go.name
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
        TableName = aws_dynamodb_table.t_2go.name
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
        TableName = aws_dynamodb_table.t_2go.name
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
        TableName = aws_dynamodb_table.t_2go.name
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

resource "aws_cloudwatch_metric_alarm" "t_2go_successful_request_latency_batch_get_item" {
  alarm_name                            = "2go SuccessfulRequestLatency BatchGetItem"
  alarm_description                     = "BatchGetItem on table 2go takes long."
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
    TableName = aws_dynamodb_table.t_2go.name
    Operation = "BatchGetItem"
  }
}

resource "aws_cloudwatch_metric_alarm" "t_2go_successful_request_latency_get_item" {
  alarm_name                            = "2go SuccessfulRequestLatency GetItem"
  alarm_description                     = "GetItem on table 2go takes long."
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
    TableName = aws_dynamodb_table.t_2go.name
    Operation = "GetItem"
  }
}

resource "aws_cloudwatch_metric_alarm" "t_2go_successful_request_latency_put_item" {
  alarm_name                            = "2go SuccessfulRequestLatency PutItem"
  alarm_description                     = "PutItem on table 2go takes long."
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
    TableName = aws_dynamodb_table.t_2go.name
    Operation = "PutItem"
  }
}

resource "aws_cloudwatch_metric_alarm" "t_2go_successful_request_latency_query" {
  alarm_name                            = "2go SuccessfulRequestLatency Query"
  alarm_description                     = "Query on table 2go takes long."
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
    TableName = aws_dynamodb_table.t_2go.name
    Operation = "Query"
  }
}

resource "aws_cloudwatch_metric_alarm" "t_2go_successful_request_latency_transact_write_items" {
  alarm_name                            = "2go SuccessfulRequestLatency TransactWriteItems"
  alarm_description                     = "TransactWriteItems on table 2go takes long."
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
    TableName = aws_dynamodb_table.t_2go.name
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
