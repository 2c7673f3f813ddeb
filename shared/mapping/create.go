package mapping

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"excs/shared/model"
)

// TableAPI is the part of the SDK's client that creates a table.
type TableAPI interface {
	CreateTable(context.Context, *dynamodb.CreateTableInput, ...func(*dynamodb.Options)) (*dynamodb.CreateTableOutput, error)
	DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
	UpdateTimeToLive(context.Context, *dynamodb.UpdateTimeToLiveInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateTimeToLiveOutput, error)
}

// CreateTable creates the table of Schema and waits until it is active; one that exists is taken as it is. It is for local
// runs and tests: on AWS the stack does this.
func CreateTable(ctx context.Context, api TableAPI, name string) error {
	_, err := api.CreateTable(ctx, tableInput(name))
	var exists *types.ResourceInUseException
	if err != nil && !errors.As(err, &exists) {
		return failed(name, "create table "+name, true, err)
	}
	if err := waitActive(ctx, api, name); err != nil {
		return err
	}
	_, err = api.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName:               &name,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String(AttrTTL), Enabled: aws.Bool(true)},
	})
	if err != nil && !withoutTTL(err) {
		return failed(name, "let items of table "+name+" expire", true, err)
	}
	return nil
}

// withoutTTL says whether the server can not expire items (some emulators), or does already. Nothing rests on it: reads leave
// expired items out.
func withoutTTL(err error) bool {
	var answered smithy.APIError
	if !errors.As(err, &answered) {
		return false
	}
	return answered.ErrorCode() == "UnknownOperationException" || answered.ErrorCode() == "ValidationException"
}

func tableInput(name string) *dynamodb.CreateTableInput {
	s := Schema()
	in := &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		KeySchema: keySchema(s.PK, s.SK),
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName: &s.IndexName, KeySchema: keySchema(s.IndexPK, s.IndexSK),
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeInclude, NonKeyAttributes: s.IndexInclude},
		}},
	}
	for _, attr := range []string{s.PK, s.SK, s.IndexPK, s.IndexSK} {
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: aws.String(attr), AttributeType: types.ScalarAttributeTypeS})
	}
	return in
}

func keySchema(hash, sort string) []types.KeySchemaElement {
	return []types.KeySchemaElement{
		{AttributeName: &hash, KeyType: types.KeyTypeHash},
		{AttributeName: &sort, KeyType: types.KeyTypeRange},
	}
}

// activeWithin bounds the wait for a new table; lookEvery is short, because emulators are ready at once.
const (
	activeWithin = time.Minute
	lookEvery    = 50 * time.Millisecond
)

func waitActive(ctx context.Context, api TableAPI, name string) error {
	op := "wait for table " + name
	ctx, cancel := context.WithTimeout(ctx, activeWithin)
	defer cancel()
	for {
		out, err := api.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
		if err != nil {
			return failed(name, op, false, err)
		}
		if out.Table.TableStatus == types.TableStatusActive {
			return nil
		}
		select {
		case <-ctx.Done():
			return model.Errorf(model.CodeUnavailable, op, "it is %s: %w", out.Table.TableStatus, fmt.Errorf("not active within %s: %w", activeWithin, ctx.Err()))
		case <-time.After(lookEvery):
		}
	}
}
