package mapping_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"excs/shared/mapping"
	"excs/shared/mapping/mappingtest"
	"excs/shared/model"
)

// lossy forwards requests and loses answers: the request is done, its sender sees a broken connection.
type lossy struct {
	mu   sync.Mutex
	lose map[string]int // operation → how many answers
	sent map[string]int
}

func (l *lossy) RoundTrip(r *http.Request) (*http.Response, error) {
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	resp, err := http.DefaultTransport.RoundTrip(r)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent[op]++
	if err == nil && l.lose[op] > 0 {
		l.lose[op]--
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		return nil, io.ErrUnexpectedEOF
	}
	return resp, err
}

func (l *lossy) forget(op string, answers int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lose[op] = answers
}

// retrying is a client as production has it: the SDK sends again on its own.
func retrying(endpoint string, l *lossy) *dynamodb.Client {
	return mappingtest.Client(endpoint, func(o *dynamodb.Options) {
		o.HTTPClient = &http.Client{Transport: l}
		o.Retryer = retry.NewStandard(func(s *retry.StandardOptions) {
			s.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return time.Millisecond, nil })
		})
	})
}

// When an answer is lost after the write was done, the SDK sends the write again and is refused by its own first attempt.
// That is a success, not a conflict.
func TestOwnWriteIsRecognisedAfterALostAnswer(t *testing.T) {
	endpoint := mappingtest.Dynalite(t)
	must(t, mapping.CreateTable(t.Context(), mappingtest.Client(endpoint), "lossy"))
	l := &lossy{lose: map[string]int{}, sent: map[string]int{}}
	store := mapping.NewDynamo(retrying(endpoint, l), "lossy", "tenant", mapping.Options{})
	ctx, now := t.Context(), time.Now()
	key := mappingtest.User(1).Key
	row := func() mapping.Row {
		r, err := store.Get(ctx, key)
		must(t, err)
		return r
	}
	for _, step := range []struct {
		what, lost string
		do         func() error
		holds      func() bool
	}{
		{"a new row has version 1", "PutItem", func() error { _, err := store.PutDesired(ctx, 1, wish(mappingtest.User(1))); return err },
			func() bool { return row().Version == 1 }},
		{"an intent is no conflict with itself", "PutItem", func() error { return store.Intend(ctx, key, 1, mapping.Intent{Token: "i", At: now}, "") },
			func() bool { return row().Intent.Token == "i" }},
		{"an outcome is recorded once", "PutItem", func() error {
			_, err := store.Record(ctx, mapping.Outcome{Key: key, Version: 1, State: mapping.StateHeld, History: []mapping.Entry{{At: now, Note: "n"}}}, now)
			return err
		}, func() bool { return len(row().History) == 1 && row().State == mapping.StateHeld }},
		{"a release raises the version once", "PutItem", func() error { _, err := store.Release(ctx, key, 1, true, model.CauseApproval, now); return err },
			func() bool { return row().Version == 2 }},
		{"a draw counts once", "PutItem", func() error {
			_, _, err := store.Draw(ctx, mapping.Window{Kind: key.Kind, Class: "removals", Length: time.Hour}, []string{"a", "b"}, 10, now)
			return err
		}, func() bool {
			n, err := store.Drawn(ctx, mapping.Window{Kind: key.Kind, Class: "removals", Length: time.Hour}, now)
			return err == nil && n.Sum == 2
		}},
		{"a lease is taken once", "PutItem", func() error {
			lease, err := store.TakeLease(ctx, "a", now, time.Hour)
			if err == nil && lease.Run != 1 {
				err = fmt.Errorf("run %d", lease.Run)
			}
			return err
		}, func() bool { return true }},
		{"a row is forgotten", "DeleteItem", func() error { return store.Forget(ctx, key) }, func() bool {
			_, err := store.Get(ctx, key)
			return model.CodeOf(err) == model.CodeNotFound
		}},
	} {
		t.Run(step.what, func(t *testing.T) {
			before := l.sent[step.lost]
			l.forget(step.lost, 1)
			must(t, step.do())
			if n := l.sent[step.lost] - before; n != 2 {
				t.Fatalf("%d writes were sent, the answer of the first was to be lost", n)
			}
			if !step.holds() {
				t.Error("it does not hold")
			}
		})
	}
	t.Run("a write whose every answer is lost is ambiguous", func(t *testing.T) {
		l.forget("PutItem", 10)
		_, err := store.PutDesired(ctx, 9, wish(mappingtest.User(2)))
		if model.CodeOf(err) != model.CodeAmbiguous {
			t.Errorf("error %v has code %q", err, model.CodeOf(err))
		}
		l.forget("PutItem", 0)
		r, err := store.PutDesired(ctx, 9, wish(mappingtest.User(2)))
		must(t, err)
		if r.Version != 1 {
			t.Errorf("after trying again the version is %d", r.Version)
		}
	})
}

// A grant of the budget is one write and no read, once the limit is known.
func TestGrantIsOneWrite(t *testing.T) {
	endpoint := mappingtest.Dynalite(t)
	must(t, mapping.CreateTable(t.Context(), mappingtest.Client(endpoint), "budget"))
	l := &lossy{sent: map[string]int{}}
	store := mapping.NewDynamo(retrying(endpoint, l), "budget", "tenant", mapping.Options{})
	now := time.Now()
	must(t, store.SetAllowed(t.Context(), "client", 300, now))
	must(t, store.SetAllowed(t.Context(), "client", 300, now))
	for range 5 {
		_, ok, err := store.Reserve(t.Context(), "client", 1, model.RankPeople, now, 2*time.Second)
		must(t, err)
		if !ok {
			t.Fatal("refused")
		}
	}
	if l.sent["UpdateItem"] != 6 || l.sent["GetItem"] != 0 {
		t.Errorf("a limit and five grants sent %v", l.sent)
	}
}

// The table on a server is what Schema says, and creating it twice is fine.
func TestCreateTableBuildsTheSchema(t *testing.T) {
	client := mappingtest.Client(mappingtest.Dynalite(t))
	must(t, mapping.CreateTable(t.Context(), client, "schema"))
	must(t, mapping.CreateTable(t.Context(), client, "schema"))
	out, err := client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("schema")})
	must(t, err)
	s := mapping.Schema()
	keys := func(ks []types.KeySchemaElement) string {
		return aws.ToString(ks[0].AttributeName) + " " + string(ks[0].KeyType) + " " + aws.ToString(ks[1].AttributeName) + " " + string(ks[1].KeyType)
	}
	if got := keys(out.Table.KeySchema); got != s.PK+" HASH "+s.SK+" RANGE" {
		t.Errorf("keys are %s", got)
	}
	if len(out.Table.GlobalSecondaryIndexes) != 1 {
		t.Fatalf("%d indexes", len(out.Table.GlobalSecondaryIndexes))
	}
	index := out.Table.GlobalSecondaryIndexes[0]
	included := slices.Sorted(slices.Values(index.Projection.NonKeyAttributes))
	if got := keys(index.KeySchema); aws.ToString(index.IndexName) != s.IndexName || got != s.IndexPK+" HASH "+s.IndexSK+" RANGE" ||
		index.Projection.ProjectionType != types.ProjectionTypeInclude || !slices.Equal(included, slices.Sorted(slices.Values(s.IndexInclude))) {
		t.Errorf("index is %+v", index)
	}
	if out.Table.BillingModeSummary == nil || out.Table.BillingModeSummary.BillingMode != types.BillingModePayPerRequest {
		t.Errorf("billing is %+v", out.Table.BillingModeSummary)
	}
}

// A table that is not there is one clear line for the operator.
func TestMissingTableIsInvalid(t *testing.T) {
	store := mapping.NewDynamo(mappingtest.Client(mappingtest.Dynalite(t)), "nowhere", "tenant", mapping.Options{})
	for what, do := range map[string]func() error{
		"get":    func() error { _, err := store.Get(t.Context(), mappingtest.User(1).Key); return err },
		"put":    func() error { _, err := store.PutDesired(t.Context(), 1, wish(mappingtest.User(1))); return err },
		"list":   func() error { _, err := store.List(t.Context(), mapping.States(), nil); return err },
		"delta":  func() error { _, err := store.Delta(t.Context(), nil); return err },
		"budget": func() error { return store.Hold(t.Context(), "client", time.Now()) },
	} {
		err := do()
		if model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), "table nowhere") || !strings.Contains(err.Error(), "EXCS_TABLE") {
			t.Errorf("%s: %q, %v", what, model.CodeOf(err), err)
		}
	}
}

// Each way in which the service fails has its code, for reads and for writes.
func TestErrorsOfTheService(t *testing.T) {
	for _, c := range []struct {
		name        string
		status      int
		typ         string
		read, write model.Code
	}{
		{"throughput exceeded", 400, "ProvisionedThroughputExceededException", model.CodeThrottled, model.CodeThrottled},
		{"throttling", 400, "ThrottlingException", model.CodeThrottled, model.CodeThrottled},
		{"request limit", 400, "RequestLimitExceeded", model.CodeThrottled, model.CodeThrottled},
		{"no such table", 400, "ResourceNotFoundException", model.CodeInvalid, model.CodeInvalid},
		{"refused input", 400, "ValidationException", model.CodeInvalid, model.CodeInvalid},
		{"no permission", 400, "AccessDeniedException", model.CodeDenied, model.CodeDenied},
		{"bad credentials", 400, "UnrecognizedClientException", model.CodeDenied, model.CodeDenied},
		{"expired credentials", 400, "ExpiredTokenException", model.CodeDenied, model.CodeDenied},
		{"internal error", 500, "InternalServerError", model.CodeUnavailable, model.CodeAmbiguous},
		{"service unavailable", 503, "ServiceUnavailable", model.CodeUnavailable, model.CodeAmbiguous},
		{"an unknown refusal", 400, "SomethingNewException", model.CodeUnavailable, model.CodeInternal},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/x-amz-json-1.0")
				w.WriteHeader(c.status)
				_, _ = fmt.Fprintf(w, `{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"as told"}`, c.typ)
			}))
			defer server.Close()
			store := mapping.NewDynamo(mappingtest.Client(server.URL), "table", "tenant", mapping.Options{})
			_, err := store.Get(t.Context(), mappingtest.User(1).Key)
			if got := model.CodeOf(err); got != c.read {
				t.Errorf("a read gives %q, want %q: %v", got, c.read, err)
			}
			err = store.Hold(t.Context(), "client", time.Now())
			if got := model.CodeOf(err); got != c.write {
				t.Errorf("a write gives %q, want %q: %v", got, c.write, err)
			}
			if wait := model.RetryAfterOf(err); (wait > 0) != (c.write == model.CodeThrottled) {
				t.Errorf("the error says to wait %s", wait)
			}
		})
	}
}

// A server that can not be reached is unavailable for certain; one that does not answer in time leaves a write open.
func TestErrorsOfTheNetwork(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	silent := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-silent:
		case <-r.Context().Done():
		}
	}))
	defer slow.Close()
	defer close(silent)
	for _, c := range []struct {
		name, endpoint string
		read, write    model.Code
	}{
		{"nobody listens", closed.URL, model.CodeUnavailable, model.CodeUnavailable},
		{"nobody answers", slow.URL, model.CodeUnavailable, model.CodeAmbiguous},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := mapping.NewDynamo(mappingtest.Client(c.endpoint), "table", "tenant", mapping.Options{})
			for what, try := range map[model.Code]func(context.Context) error{
				c.read + " read":   func(ctx context.Context) error { _, err := store.Get(ctx, mappingtest.User(1).Key); return err },
				c.write + " write": func(ctx context.Context) error { return store.Hold(ctx, "client", time.Now()) },
			} {
				ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
				err := try(ctx)
				cancel()
				if want, _, _ := strings.Cut(string(what), " "); string(model.CodeOf(err)) != want {
					t.Errorf("want %s: got %q, %v", what, model.CodeOf(err), err)
				}
			}
		})
	}
}

// Keys that DynamoDB leaves out of a batch are asked for again; a table that never gives them is throttled.
func TestUnprocessedKeysAreAskedForAgain(t *testing.T) {
	api := &stingy{left: 2}
	store := mapping.NewDynamo(api, "table", "tenant", mapping.Options{})
	got, err := store.Owners(t.Context(), model.KindUser, []string{"a", "b", "c"})
	must(t, err)
	if len(got) != 3 || api.asked != 3 {
		t.Errorf("%d owners after %d requests", len(got), api.asked)
	}
}

// stingy answers batches one key at a time.
type stingy struct {
	mapping.API
	left, asked int
}

var errWrongTable = errors.New("asked for no table")

func (s *stingy) BatchGetItem(_ context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	s.asked++
	out := &dynamodb.BatchGetItemOutput{Responses: map[string][]map[string]types.AttributeValue{}, UnprocessedKeys: map[string]types.KeysAndAttributes{}}
	for table, keys := range in.RequestItems {
		it := map[string]types.AttributeValue{"own": &types.AttributeValueMemberS{Value: "user/1"}}
		for name, v := range keys.Keys[0] {
			it[name] = v
		}
		out.Responses[table] = append(out.Responses[table], it)
		if rest := keys.Keys[1:]; len(rest) > 0 {
			out.UnprocessedKeys[table] = types.KeysAndAttributes{Keys: rest}
		}
		return out, nil
	}
	return nil, errWrongTable
}
