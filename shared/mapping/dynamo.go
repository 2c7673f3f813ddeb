package mapping

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"excs/shared/model"
)

// API is the part of the SDK's client that the table needs. The role of a function needs the same actions, and no others.
type API interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
}

// Dynamo is the mapping table in DynamoDB. Safe for concurrent use.
type Dynamo struct{ *table }

var _ Store = (*Dynamo)(nil)

// NewDynamo uses a table that was built by Schema. tenant names whose rows they are; one stack serves one tenant. The
// client may retry: a write that is refused by its own first attempt is recognised.
func NewDynamo(api API, name, tenant string, o Options) *Dynamo {
	return &Dynamo{table: newTable(&remote{api: api, name: name}, tenant, o)}
}

// remote is the server that is DynamoDB.
type remote struct {
	api  API
	name string
}

func keyOf(k itemKey) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		AttrPK: &types.AttributeValueMemberS{Value: k.pk},
		AttrSK: &types.AttributeValueMemberS{Value: k.sk},
	}
}

// begin refuses to send under a context that has ended: then a write is known not to have happened.
func begin(ctx context.Context, op string) error {
	if err := ctx.Err(); err != nil {
		return model.Errorf(model.CodeUnavailable, op, "nothing was sent: %w", err)
	}
	return nil
}

func (d *remote) get(ctx context.Context, op string, k itemKey) (item, error) {
	out, err := d.api.GetItem(ctx, &dynamodb.GetItemInput{TableName: &d.name, Key: keyOf(k), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, failed(d.name, op, false, err)
	}
	if len(out.Item) == 0 {
		return nil, nil
	}
	return out.Item, nil
}

// batchers bounds how many batch reads run side by side.
const batchers = 4

func (d *remote) getMany(ctx context.Context, op string, ks []itemKey) (map[itemKey]item, error) {
	batches := slices.Collect(slices.Chunk(ks, batchGet))
	found := make([]map[itemKey]item, len(batches))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(batchers)
	for i, batch := range batches {
		group.Go(func() (err error) {
			found[i], err = d.getBatch(ctx, op, batch)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	all := make(map[itemKey]item, len(ks))
	for _, some := range found {
		maps.Copy(all, some)
	}
	return all, nil
}

// maxRounds bounds how often keys that DynamoDB left out of a batch are asked for again: for its size (16 MB an answer),
// which always makes progress, or for its rate.
const maxRounds = 10

func (d *remote) getBatch(ctx context.Context, op string, ks []itemKey) (map[itemKey]item, error) {
	asked := make([]map[string]types.AttributeValue, 0, len(ks))
	for _, k := range ks {
		asked = append(asked, keyOf(k))
	}
	found := make(map[itemKey]item, len(ks))
	for round := range maxRounds {
		out, err := d.api.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
			RequestItems: map[string]types.KeysAndAttributes{d.name: {Keys: asked, ConsistentRead: aws.Bool(true)}},
		})
		if err != nil {
			return nil, failed(d.name, op, false, err)
		}
		for _, it := range out.Responses[d.name] {
			found[item(it).key()] = it
		}
		left := out.UnprocessedKeys[d.name].Keys
		if len(left) == 0 {
			return found, nil
		}
		if len(left) == len(asked) {
			if err := pause(ctx, op, round); err != nil {
				return nil, err
			}
		}
		asked = left
	}
	return nil, &model.Error{Code: model.CodeThrottled, Op: op, RetryAfter: throttledFor,
		Err: fmt.Errorf("table %s left %d of %d keys unread after %d rounds", d.name, len(asked), len(ks), maxRounds)}
}

// pause waits before asking again: 50 ms, doubled each round up to a second.
func pause(ctx context.Context, op string, round int) error {
	timer := time.NewTimer(min(time.Second, 50*time.Millisecond<<round))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return model.Errorf(model.CodeUnavailable, op, "%w", ctx.Err())
	case <-timer.C:
		return nil
	}
}

// stampCondition is the condition of every whole-item write.
func stampCondition(was string) (expression string, names map[string]string, values map[string]types.AttributeValue) {
	if was == "" {
		return "attribute_not_exists(#w)", map[string]string{"#w": AttrPK}, nil
	}
	return "#w = :w", map[string]string{"#w": attrStamp}, map[string]types.AttributeValue{":w": &types.AttributeValueMemberS{Value: was}}
}

func (d *remote) put(ctx context.Context, op string, it item, was string) error {
	if err := begin(ctx, op); err != nil {
		return err
	}
	expression, names, values := stampCondition(was)
	_, err := d.api.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &d.name, Item: it,
		ConditionExpression: &expression, ExpressionAttributeNames: names, ExpressionAttributeValues: values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if err != nil {
		return failed(d.name, op, true, err)
	}
	return nil
}

func (d *remote) remove(ctx context.Context, op string, k itemKey, was string) error {
	if err := begin(ctx, op); err != nil {
		return err
	}
	expression, names, values := stampCondition(was)
	_, err := d.api.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &d.name, Key: keyOf(k),
		ConditionExpression: &expression, ExpressionAttributeNames: names, ExpressionAttributeValues: values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if err != nil {
		return failed(d.name, op, true, err)
	}
	return nil
}

func (d *remote) update(ctx context.Context, op string, k itemKey, u update) (item, error) {
	if err := begin(ctx, op); err != nil {
		return nil, err
	}
	e := u.expressions()
	out, err := d.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &d.name, Key: keyOf(k),
		UpdateExpression: &e.update, ConditionExpression: e.condition,
		ExpressionAttributeNames: e.names, ExpressionAttributeValues: e.values,
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if err != nil {
		return nil, failed(d.name, op, true, err)
	}
	return out.Attributes, nil
}

// list reads all pages: DynamoDB stops a page at 1 MB.
func (d *remote) list(ctx context.Context, op string, hash string) ([]item, error) {
	return d.query(ctx, op, &dynamodb.QueryInput{
		TableName: &d.name, IndexName: aws.String(IndexName),
		KeyConditionExpression:    aws.String("#k = :k"),
		ExpressionAttributeNames:  map[string]string{"#k": AttrIndexPK},
		ExpressionAttributeValues: map[string]types.AttributeValue{":k": &types.AttributeValueMemberS{Value: hash}},
	})
}

func (d *remote) parts(ctx context.Context, op string, pk, prefix string) ([]item, error) {
	return d.query(ctx, op, &dynamodb.QueryInput{
		TableName: &d.name, ConsistentRead: aws.Bool(true),
		KeyConditionExpression:   aws.String("#k = :k AND begins_with(#s, :s)"),
		ExpressionAttributeNames: map[string]string{"#k": AttrPK, "#s": AttrSK},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":k": &types.AttributeValueMemberS{Value: pk}, ":s": &types.AttributeValueMemberS{Value: prefix},
		},
	})
}

func (d *remote) query(ctx context.Context, op string, in *dynamodb.QueryInput) ([]item, error) {
	var found []item
	for {
		out, err := d.api.Query(ctx, in)
		if err != nil {
			return nil, failed(d.name, op, false, err)
		}
		for _, it := range out.Items {
			found = append(found, it)
		}
		if len(out.LastEvaluatedKey) == 0 {
			return found, nil
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
}
