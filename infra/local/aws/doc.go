// Package aws groups what imitates AWS on one machine: the Lambda runtime and its poller, the gateway in front of DynamoDB and SQS,
// CloudFormation templates, IAM policies, schedules and event patterns.
//
// It holds no code of its own.
package aws
