package stack

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Description says in words what the server knows of the table.
func (s *Stack) Description(t *testing.T) map[string]any {
	t.Helper()
	out, err := s.tables.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String(s.outputs["Table"])})
	if err != nil {
		t.Fatal(err)
	}
	d := out.Table
	i := d.GlobalSecondaryIndexes[0]
	return map[string]any{
		"keys":    fmt.Sprintf("%s %s", *d.KeySchema[0].AttributeName, d.KeySchema[0].KeyType),
		"index":   fmt.Sprintf("%s %s %s %s %v", *i.IndexName, *i.KeySchema[0].AttributeName, i.KeySchema[0].KeyType, i.Projection.ProjectionType, i.Projection.NonKeyAttributes),
		"billing": string(d.BillingModeSummary.BillingMode),
	}
}

// QueueAttributes are what the server knows of a queue.
func (s *Stack) QueueAttributes(t *testing.T, name string) map[string]string {
	t.Helper()
	q, err := s.queueNamed(name)
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.queueService.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	return out.Attributes
}

// Send puts messages of one group on a queue.
func (s *Stack) Send(t *testing.T, name, group string, bodies ...string) {
	t.Helper()
	q, err := s.queueNamed(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range bodies {
		if _, err := s.queueService.SendMessage(t.Context(), &sqs.SendMessageInput{
			QueueUrl: &q.url, MessageBody: aws.String(body), MessageGroupId: aws.String(group), MessageDeduplicationId: aws.String(group + body),
		}); err != nil {
			t.Fatal(err)
		}
	}
}
