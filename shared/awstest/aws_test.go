package awstest_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"excs/shared/awstest"
)

const region = "eu-central-1"

func test() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider("test", "test", "")
}

// The ARNs that the stand-ins give carry the region that was asked for and the account that both share.
func TestARNsOfTheStandIns(t *testing.T) {
	t.Parallel()
	db, err := awstest.StartDynamoDB(t.Context(), region)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Stop)
	table, err := dynamodb.New(dynamodb.Options{Region: region, BaseEndpoint: &db.URL, Credentials: test()}).CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("rows"), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := aws.ToString(table.TableDescription.TableArn), "arn:aws:dynamodb:"+region+":"+awstest.Account+":table/rows"; got != want {
		t.Errorf("the table's ARN is %s, want %s", got, want)
	}

	q, err := awstest.StartSQS(t.Context(), region)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(q.Stop)
	client := sqs.New(sqs.Options{Region: region, BaseEndpoint: &q.URL, Credentials: test()})
	made, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("work")})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(aws.ToString(made.QueueUrl), region) {
		t.Errorf("the queue's URL is %s", aws.ToString(made.QueueUrl))
	}
	out, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: made.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{"QueueArn"}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := out.Attributes["QueueArn"], "arn:aws:sqs:"+region+":"+awstest.Account+":work"; got != want {
		t.Errorf("the queue's ARN is %s, want %s", got, want)
	}
}
