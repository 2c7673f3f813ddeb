package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/jsii-runtime-go"
)

// watch makes what tells people how the tenant stands.
func (s *Stack) watch() {
	s.alarmTopic()
	s.makeAlarms()
	s.makeBoard()
	s.saveQueries()
	awscdk.NewCfnOutput(s.Stack, jsii.String("Dashboard"), &awscdk.CfnOutputProps{
		Value: &s.name, Description: jsii.String("the name of the CloudWatch dashboard"),
	})
}

// alarmTopic makes the topic of the alarms. It is encrypted with the customer's key or not at all: AWS's own key for SNS
// can not be opened to CloudWatch, and then no alarm would arrive (customerKey opens the stack's). A policy replaces the one
// that SNS gives by default, so it must let CloudWatch in.
func (s *Stack) alarmTopic() {
	props := &awssns.TopicProps{TopicName: s.called("alarms"), DisplayName: jsii.String("EXCS " + s.name), EnforceSSL: jsii.Bool(true)}
	if s.key != nil {
		props.MasterKey = s.key
	}
	s.topic = awssns.NewTopic(s.Stack, jsii.String("Alarms"), props)
	s.topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String("Alarms"),
		Principals: principals("cloudwatch.amazonaws.com"),
		Actions:    jsii.Strings("sns:Publish"),
		Resources:  &[]*string{s.topic.TopicArn()},
		Conditions: &map[string]any{
			"StringEquals": map[string]any{"aws:SourceAccount": s.Account()},
			"ArnLike":      map[string]any{"aws:SourceArn": s.arn("cloudwatch", "alarm:"+s.name+"-*")},
		},
	}))
	for _, address := range s.stage.AlarmEmails {
		s.topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(jsii.String(address), &awssnssubscriptions.EmailSubscriptionProps{DeadLetterQueue: s.lost}))
	}
}
