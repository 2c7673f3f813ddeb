package stack

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"excs/infra/local/aws/template"
)

type keyElement struct{ AttributeName, KeyType string }

// tableProperties are those of a table that are known.
type tableProperties struct {
	TableName              string
	BillingMode            string
	AttributeDefinitions   []struct{ AttributeName, AttributeType string }
	KeySchema              []keyElement
	GlobalSecondaryIndexes []struct {
		IndexName  string
		KeySchema  []keyElement
		Projection struct {
			ProjectionType   string
			NonKeyAttributes []string
		}
	}
	TimeToLiveSpecification struct {
		AttributeName string
		Enabled       bool
	}
	// The stand-in keeps nothing beyond the stack's life: neither backups nor keys nor protection.
	PointInTimeRecoverySpecification, SSESpecification, Tags any
	DeletionProtectionEnabled                                bool
}

func schemaOf(elements []keyElement) []types.KeySchemaElement {
	var schema []types.KeySchemaElement
	for _, e := range elements {
		schema = append(schema, types.KeySchemaElement{AttributeName: aws.String(e.AttributeName), KeyType: types.KeyType(e.KeyType)})
	}
	return schema
}

func (p tableProperties) input() *dynamodb.CreateTableInput {
	in := &dynamodb.CreateTableInput{TableName: &p.TableName, BillingMode: types.BillingMode(p.BillingMode), KeySchema: schemaOf(p.KeySchema)}
	for _, a := range p.AttributeDefinitions {
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{
			AttributeName: aws.String(a.AttributeName), AttributeType: types.ScalarAttributeType(a.AttributeType),
		})
	}
	for _, i := range p.GlobalSecondaryIndexes {
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName: aws.String(i.IndexName), KeySchema: schemaOf(i.KeySchema),
			Projection: &types.Projection{ProjectionType: types.ProjectionType(i.Projection.ProjectionType), NonKeyAttributes: i.Projection.NonKeyAttributes},
		})
	}
	return in
}

// tableLimit bounds the wait for a new table.
const tableLimit = time.Minute

func (s *Stack) makeTable(ctx context.Context, r template.Resource) (template.Made, error) {
	var p tableProperties
	if err := s.values.Properties(r, &p); err != nil {
		return template.Made{}, err
	}
	if _, err := s.tables.CreateTable(ctx, p.input()); err != nil {
		return template.Made{}, fmt.Errorf("create the table %s: %w", p.TableName, err)
	}
	active := dynamodb.NewTableExistsWaiter(s.tables, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay, o.MaxDelay = 20*time.Millisecond, time.Second })
	if err := active.Wait(ctx, &dynamodb.DescribeTableInput{TableName: &p.TableName}, tableLimit); err != nil {
		return template.Made{}, fmt.Errorf("create the table %s: %w", p.TableName, err)
	}
	if ttl := p.TimeToLiveSpecification; ttl.AttributeName != "" {
		_, err := s.tables.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
			TableName: &p.TableName, TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: &ttl.AttributeName, Enabled: &ttl.Enabled},
		})
		// dynalite knows no expiry. DynamoDB expires items within days, so nothing may count on it anyway.
		if err != nil && !strings.Contains(err.Error(), "UnknownOperationException") {
			return template.Made{}, fmt.Errorf("let items of the table %s expire: %w", p.TableName, err)
		}
	}
	return template.Made{Ref: p.TableName, Attributes: map[string]string{"Arn": s.arn("dynamodb", "table/"+p.TableName)}}, nil
}
