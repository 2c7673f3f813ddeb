package gateway_test

import (
	"context"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"

	"excs/infra/local/aws/gateway"
	"excs/infra/local/aws/policy"
)

const (
	region  = "eu-central-1"
	account = "000000000000"
	table   = "arn:aws:dynamodb:" + region + ":" + account + ":table/rows"
	work    = "arn:aws:sqs:" + region + ":" + account + ":work.fifo"
	workURL = "http://sqs.eu-central-1.localhost:1/000000000000/work.fifo"
	secret  = "arn:aws:secretsmanager:" + region + ":" + account + ":secret:excs/exorg-local0"
)

// behind stands for a service: it notes the requests and answers with an empty object.
type behind struct {
	mu   sync.Mutex
	seen []string
}

func (b *behind) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	b.mu.Lock()
	b.seen = append(b.seen, r.Header.Get("X-Amz-Target")+" "+string(body))
	b.mu.Unlock()
	w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte("{}"))), 10))
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_, _ = io.WriteString(w, "{}")
}

func (b *behind) last() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.seen) == 0 {
		return ""
	}
	return b.seen[len(b.seen)-1]
}

// setUp is a gateway with the role of a worker, and a config that signs with its access key.
func setUp(t *testing.T) (g *gateway.Gateway, cfg aws.Config, tables, queues *behind) {
	t.Helper()
	tables, queues = &behind{}, &behind{}
	db, q := httptest.NewServer(tables), httptest.NewServer(queues)
	t.Cleanup(db.Close)
	t.Cleanup(q.Close)
	g, err := gateway.New(t.Context(), gateway.Config{Region: region, Account: account, DynamoDB: db.URL, SQS: q.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	g.AddRole("ROLEapply", "excs-apply", document(t, `{"Statement":[
		{"Sid":"Table","Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:BatchGetItem"],"Resource":"`+table+`"},
		{"Sid":"Index","Effect":"Allow","Action":"dynamodb:Query","Resource":"`+table+`/index/unconverged"},
		{"Sid":"Work","Effect":"Allow","Action":["sqs:SendMessage","sqs:DeleteMessage"],"Resource":"`+work+`"},
		{"Sid":"Secret","Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":["`+secret+`","`+secret+`-gone"]},
		{"Sid":"Settings","Effect":"Allow","Action":"ssm:GetParameter","Resource":"arn:aws:ssm:`+region+`:`+account+`:parameter/excs/*"},
		{"Sid":"Logs","Effect":"Allow","Action":"logs:PutLogEvents","Resource":"*"}]}`))
	return g, config(g, "ROLEapply"), tables, queues
}

func config(g *gateway.Gateway, key string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: aws.String(g.URL()), Credentials: credentials.NewStaticCredentialsProvider(key, "local", ""),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
}

func document(t *testing.T, text string) *policy.Document {
	t.Helper()
	d, err := policy.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return &d
}

func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func key(name string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: name}}
}

// What a role allows reaches the service as it was sent; what it does not allow gets AWS's error and reaches nobody.
func TestCalls(t *testing.T) {
	t.Parallel()
	_, cfg, tables, queues := setUp(t)
	db, q := dynamodb.NewFromConfig(cfg), sqs.NewFromConfig(cfg)
	for _, tc := range []struct {
		name  string
		call  func(context.Context) error
		at    *behind
		sends string // "" when it is refused
	}{
		{"a read of the table", func(ctx context.Context) error {
			_, err := db.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("rows"), Key: key("a")})
			return err
		}, tables, `DynamoDB_20120810.GetItem {"Key":{"pk":{"S":"a"}},"TableName":"rows"}`},
		{"a read of several items", func(ctx context.Context) error {
			_, err := db.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{"rows": {Keys: []map[string]types.AttributeValue{key("a")}}}})
			return err
		}, tables, "DynamoDB_20120810.BatchGetItem"},
		{"a read of several items, of another table too", func(ctx context.Context) error {
			_, err := db.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
				"rows": {Keys: []map[string]types.AttributeValue{key("a")}}, "other": {Keys: []map[string]types.AttributeValue{key("a")}}}})
			return err
		}, tables, ""},
		{"a query of the index", func(ctx context.Context) error {
			_, err := db.Query(ctx, &dynamodb.QueryInput{TableName: aws.String("rows"), IndexName: aws.String("unconverged")})
			return err
		}, tables, "DynamoDB_20120810.Query"},
		{"a query of the table", func(ctx context.Context) error {
			_, err := db.Query(ctx, &dynamodb.QueryInput{TableName: aws.String("rows")})
			return err
		}, tables, ""},
		{"a write", func(ctx context.Context) error {
			_, err := db.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("rows"), Item: key("a")})
			return err
		}, tables, ""},
		{"a call that names no table", func(ctx context.Context) error {
			_, err := db.ListTables(ctx, &dynamodb.ListTablesInput{})
			return err
		}, tables, ""},
		{"a batch goes by the name of the single call", func(ctx context.Context) error {
			_, err := q.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: aws.String(workURL), Entries: []sqstypes.DeleteMessageBatchRequestEntry{{Id: aws.String("0"), ReceiptHandle: aws.String("r")}}})
			return err
		}, queues, `AmazonSQS.DeleteMessageBatch {"Entries":[{"Id":"0","ReceiptHandle":"r"}],"QueueUrl":"` + workURL + `"}`},
		{"a receive that is not allowed", func(ctx context.Context) error {
			_, err := q.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: aws.String(workURL)})
			return err
		}, queues, ""},
		{"a message to another queue", func(ctx context.Context) error {
			_, err := q.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("dead.fifo")})
			return err
		}, queues, ""},
	} {
		before := tc.at.last()
		err := tc.call(t.Context())
		if tc.sends == "" {
			if c := code(err); c != "AccessDeniedException" && c != "UnknownOperationException" || tc.at.last() != before {
				t.Errorf("%s: the error is %v", tc.name, err)
			}
			continue
		}
		if err != nil || !strings.HasPrefix(tc.at.last(), tc.sends) {
			t.Errorf("%s: the service saw %q, the error is %v", tc.name, tc.at.last(), err)
		}
	}
}

// Secrets and parameters are answered to who may read them.
func TestVault(t *testing.T) {
	t.Parallel()
	g, cfg, _, _ := setUp(t)
	g.PutSecret(secret, "excs/exorg", `{"clientId":"x"}`)
	g.PutSecret(secret+"2", "excs/engage", `{"dsn":"x"}`)
	g.PutParameter("/excs/settings", `{"tenant":101}`)
	g.AddRole("ROLEother", "other")
	secrets, parameters := secretsmanager.NewFromConfig(cfg), ssm.NewFromConfig(cfg)
	if got, err := secrets.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String(secret)}); err != nil || aws.ToString(got.SecretString) != `{"clientId":"x"}` || aws.ToString(got.Name) != "excs/exorg" {
		t.Errorf("the secret is %+v, %v", got, err)
	}
	if got, err := parameters.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/excs/settings")}); err != nil || aws.ToString(got.Parameter.Value) != `{"tenant":101}` {
		t.Errorf("the parameter is %+v, %v", got, err)
	}
	if g.Secret(secret) != `{"clientId":"x"}` || g.Secret("nothing") != "" {
		t.Errorf("the secret is %q", g.Secret(secret))
	}
	stranger := config(g, "nobody")
	for _, tc := range []struct {
		name, want string
		call       func(context.Context) error
	}{
		{"a secret that the role does not name", "AccessDeniedException", func(ctx context.Context) error {
			_, err := secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(secret + "2")})
			return err
		}},
		{"a secret that is gone", "ResourceNotFoundException", func(ctx context.Context) error {
			_, err := secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(secret + "-gone")})
			return err
		}},
		{"a parameter that is gone", "ParameterNotFound", func(ctx context.Context) error {
			_, err := parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/excs/nothing")})
			return err
		}},
		{"a parameter of another stack", "AccessDeniedException", func(ctx context.Context) error {
			_, err := parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/other/settings")})
			return err
		}},
		{"a write of a secret", "AccessDeniedException", func(ctx context.Context) error {
			_, err := secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: aws.String(secret), SecretString: aws.String("x")})
			return err
		}},
		{"another role", "AccessDeniedException", func(ctx context.Context) error {
			_, err := secretsmanager.NewFromConfig(config(g, "ROLEother")).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(secret)})
			return err
		}},
		{"nobody", "UnrecognizedClientException", func(ctx context.Context) error {
			_, err := secretsmanager.NewFromConfig(stranger).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(secret)})
			return err
		}},
	} {
		if got := code(tc.call(t.Context())); got != tc.want {
			t.Errorf("%s: the error is %q, want %s", tc.name, got, tc.want)
		}
	}
	denied := g.Denied()
	if len(denied) != 4 || !strings.HasPrefix(denied[0], "arn:aws:sts::000000000000:assumed-role/excs-apply is not authorized to perform: secretsmanager:GetSecretValue on resource: "+secret+"2 because") {
		t.Errorf("denied: %q", denied)
	}
}

// Requests that no SDK sends are refused.
func TestOddRequests(t *testing.T) {
	t.Parallel()
	g, _, tables, queues := setUp(t)
	const signed = "AWS4-HMAC-SHA256 Credential=ROLEapply/20260301/eu-central-1/x/aws4_request, SignedHeaders=host, Signature=x"
	for _, tc := range []struct{ name, target, authorization, body, want string }{
		{"no target", "", signed, "{}", "UnknownOperationException"},
		{"another service", "AmazonEC2.RunInstances", signed, "{}", "UnknownOperationException"},
		{"no signature", "AmazonSQS.SendMessage", "", "{}", "MissingAuthenticationTokenException"},
		{"a signature without a key", "AmazonSQS.SendMessage", "AWS4-HMAC-SHA256 Credential=/x", "{}", "MissingAuthenticationTokenException"},
		{"no JSON, for a table", "DynamoDB_20120810.GetItem", signed, "{", "SerializationException"},
		{"no JSON, for a queue", "AmazonSQS.SendMessage", signed, "{", "SerializationException"},
		{"no JSON, for a secret", "secretsmanager.GetSecretValue", signed, "{", "SerializationException"},
		{"no JSON, for a parameter", "AmazonSSM.GetParameter", signed, "{", "SerializationException"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.URL(), strings.NewReader(tc.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Amz-Target", tc.target)
		request.Header.Set("Authorization", tc.authorization)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode != http.StatusBadRequest || response.Header.Get("X-Amzn-Errortype") != tc.want {
			t.Errorf("%s: %d %s", tc.name, response.StatusCode, body)
		}
	}
	if tables.last()+queues.last() != "" {
		t.Errorf("it got through: %q, %q", tables.last(), queues.last())
	}
}

// A service that is down is an error of the server, which the SDK may try again.
func TestAServiceThatIsDown(t *testing.T) {
	t.Parallel()
	g, err := gateway.New(t.Context(), gateway.Config{Region: region, Account: account, DynamoDB: "http://127.0.0.1:1", SQS: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	g.AddRole("ROLE", "r", document(t, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`))
	_, err = dynamodb.NewFromConfig(config(g, "ROLE")).GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("rows"), Key: key("a")})
	if got := code(err); got != "InternalServerError" {
		t.Errorf("the error is %v", err)
	}
}

// A queue's own policy lets services in, and can keep roles out.
func TestResourcePolicies(t *testing.T) {
	t.Parallel()
	g, _, _, _ := setUp(t)
	g.AddResourcePolicy(work, document(t, `{"Statement":[
		{"Effect":"Deny","Action":"sqs:DeleteMessage","Principal":"*","Resource":"`+work+`"},
		{"Effect":"Deny","Action":"sqs:*","Principal":"*","Resource":"`+work+`","Condition":{"Bool":{"aws:SecureTransport":"false"}}},
		{"Effect":"Allow","Action":"sqs:SendMessage","Principal":{"Service":"events.amazonaws.com"},"Resource":"`+work+`","Condition":{"ArnEquals":{"aws:SourceArn":"arn:rule"}}}]}`))
	from := func(arn string) map[string]string { return map[string]string{"aws:SourceArn": arn} }
	for _, tc := range []struct {
		name, who, action string
		context           map[string]string
		allowed           bool
	}{
		{"the rule", "Service:events.amazonaws.com", "sqs:SendMessage", from("arn:rule"), true},
		{"another rule", "Service:events.amazonaws.com", "sqs:SendMessage", from("arn:other"), false},
		{"another service", "Service:sns.amazonaws.com", "sqs:SendMessage", from("arn:rule"), false},
		{"the role, by its own policy", "ROLEapply", "sqs:SendMessage", nil, true},
		{"the role, against the queue's policy", "ROLEapply", "sqs:DeleteMessage", nil, false},
	} {
		err := g.May(tc.who, tc.action, work, tc.context)
		if (err == nil) != tc.allowed || gateway.IsDenied(err) == tc.allowed {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

// What was used is counted, and what was not is told, of the services that come by here.
func TestCounts(t *testing.T) {
	t.Parallel()
	g, cfg, _, _ := setUp(t)
	for range 3 {
		if _, err := dynamodb.NewFromConfig(cfg).GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("rows"), Key: key("a")}); err != nil {
			t.Fatal(err)
		}
	}
	if got := g.Calls()["excs-apply"]; len(got) != 1 || got["dynamodb:GetItem"] != 3 {
		t.Errorf("calls %v", got)
	}
	var unused []string
	for _, u := range g.Unused()["excs-apply"] {
		unused = append(unused, u.Action)
	}
	if got := strings.Join(unused, " "); got != "dynamodb:BatchGetItem dynamodb:Query sqs:SendMessage sqs:DeleteMessage secretsmanager:GetSecretValue secretsmanager:GetSecretValue ssm:GetParameter" {
		t.Errorf("unused %s", got)
	}
}
