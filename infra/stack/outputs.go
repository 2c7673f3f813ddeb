package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// outputs names what the Makefile, the operator's command and people need.
func (s *Stack) outputs() {
	for _, o := range []struct {
		name, what string
		value      *string
	}{
		{"Stack", "the name before every other name", &s.name},
		{"Table", "the mapping table", s.table.TableName()},
		{"WorkQueueUrl", "the work queue", s.work.QueueUrl()},
		{"DeadLetterQueueUrl", "the dead letters", s.dead.QueueUrl()},
		{"SettingsParameter", "the tenant's settings in Parameter Store", s.parameter.ParameterName()},
		{"EngageSecret", "put the JSON of the Engage secret here", s.secrets[engageSecret]},
		{"ExorgSecret", "put the JSON of the EX Org secret here", s.secrets[exorgSecret]},
		{"ExorgReadSecret", "put the JSON of the EX Org secret for reading here", s.secrets[readSecret]},
		{"WebhookSecret", "what a sender of notifications must know", s.secrets[webhookSecret]},
		{"WebhookUrl", "where the EX Org sends notifications to", s.address()},
		{"AlarmTopic", "subscribe to this for alarms", s.topic.TopicArn()},
	} {
		if o.value == nil {
			continue
		}
		awscdk.NewCfnOutput(s.Stack, jsii.String(o.name), &awscdk.CfnOutputProps{Value: o.value, Description: jsii.String(o.what)})
	}
}

// address is the URL of the webhook, nil without one.
func (s *Stack) address() *string {
	if s.url == nil {
		return nil
	}
	return s.url.Url()
}
