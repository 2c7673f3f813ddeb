// Package gateway is the one address under which functions of a local run find AWS.
//
// It reads the requests of the AWS SDK (DynamoDB, SQS, Secrets Manager, Parameter Store), returns what the stand-in behind it
// answers, or its own answer for secrets and parameters, and never lets a call through that the caller's role in the
// template does not allow: a permission that is missing there fails here as it would in AWS.
package gateway
