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

resource "aws_dynamodb_table" "notes" {
  name           = "notes"
  billing_mode   = "PROVISIONED"
  read_capacity  = 5
  write_capacity = 5
  hash_key       = "userId"
  range_key      = "noteId"

  attribute {
    name = "userId"
    type = "S"
  }

  attribute {
    name = "noteId"
    type = "S"
  }

  lifecycle {
    prevent_destroy = true
    ignore_changes  = [read_capacity, write_capacity]
  }
}

variable "notes_max_read_capacity" {
  type        = number
  default     = 50
  description = "The read capacity up to which autoscaling goes, of table notes and of each of its indexes."

  validation {
    condition     = var.notes_max_read_capacity >= 5
    error_message = "The value must be at least 5."
  }
}

variable "notes_max_write_capacity" {
  type        = number
  default     = 50
  description = "The write capacity up to which autoscaling goes, of table notes and of each of its indexes."

  validation {
    condition     = var.notes_max_write_capacity >= 5
    error_message = "The value must be at least 5."
  }
}

resource "aws_appautoscaling_target" "notes_read" {
  service_namespace  = "dynamodb"
  resource_id        = "table/${aws_dynamodb_table.notes.name}"
  scalable_dimension = "dynamodb:table:ReadCapacityUnits"
  min_capacity       = 5
  max_capacity       = var.notes_max_read_capacity
}

resource "aws_appautoscaling_policy" "notes_read" {
  name               = "${aws_appautoscaling_target.notes_read.resource_id}/Read"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.notes_read.service_namespace
  resource_id        = aws_appautoscaling_target.notes_read.resource_id
  scalable_dimension = aws_appautoscaling_target.notes_read.scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value = var.target_utilization

    predefined_metric_specification {
      predefined_metric_type = "DynamoDBReadCapacityUtilization"
    }
  }
}

resource "aws_appautoscaling_target" "notes_write" {
  service_namespace  = "dynamodb"
  resource_id        = "table/${aws_dynamodb_table.notes.name}"
  scalable_dimension = "dynamodb:table:WriteCapacityUnits"
  min_capacity       = 5
  max_capacity       = var.notes_max_write_capacity
}

resource "aws_appautoscaling_policy" "notes_write" {
  name               = "${aws_appautoscaling_target.notes_write.resource_id}/Write"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.notes_write.service_namespace
  resource_id        = aws_appautoscaling_target.notes_write.resource_id
  scalable_dimension = aws_appautoscaling_target.notes_write.scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value = var.target_utilization

    predefined_metric_specification {
      predefined_metric_type = "DynamoDBWriteCapacityUtilization"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "notes_read_throttle_events" {
  alarm_name          = "notes ReadThrottleEvents"
  alarm_description   = "DynamoDB throttles reads of table notes."
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
    TableName = aws_dynamodb_table.notes.name
  }
}

resource "aws_cloudwatch_metric_alarm" "notes_write_throttle_events" {
  alarm_name          = "notes WriteThrottleEvents"
  alarm_description   = "DynamoDB throttles writes of table notes."
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
    TableName = aws_dynamodb_table.notes.name
  }
}

resource "aws_cloudwatch_metric_alarm" "notes_system_errors" {
  alarm_name          = "notes SystemErrors"
  alarm_description   = "DynamoDB fails requests on table notes by itself."
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
        TableName = aws_dynamodb_table.notes.name
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
        TableName = aws_dynamodb_table.notes.name
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
        TableName = aws_dynamodb_table.notes.name
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
        TableName = aws_dynamodb_table.notes.name
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

resource "aws_cloudwatch_metric_alarm" "notes_successful_request_latency_batch_get_item" {
  alarm_name                            = "notes SuccessfulRequestLatency BatchGetItem"
  alarm_description                     = "BatchGetItem on table notes takes long."
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
    TableName = aws_dynamodb_table.notes.name
    Operation = "BatchGetItem"
  }
}

resource "aws_cloudwatch_metric_alarm" "notes_successful_request_latency_get_item" {
  alarm_name                            = "notes SuccessfulRequestLatency GetItem"
  alarm_description                     = "GetItem on table notes takes long."
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
    TableName = aws_dynamodb_table.notes.name
    Operation = "GetItem"
  }
}

resource "aws_cloudwatch_metric_alarm" "notes_successful_request_latency_put_item" {
  alarm_name                            = "notes SuccessfulRequestLatency PutItem"
  alarm_description                     = "PutItem on table notes takes long."
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
    TableName = aws_dynamodb_table.notes.name
    Operation = "PutItem"
  }
}

resource "aws_cloudwatch_metric_alarm" "notes_successful_request_latency_transact_write_items" {
  alarm_name                            = "notes SuccessfulRequestLatency TransactWriteItems"
  alarm_description                     = "TransactWriteItems on table notes takes long."
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
    TableName = aws_dynamodb_table.notes.name
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
