package wiring_test

import (
	"bytes"
	"encoding/json"
	"hash/crc32"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// values of secrets in these tests: no error, log line or print may show one.
const (
	dsnPassword  = "dsn-pa55word"
	clientSecret = "client-5ecret"
	readSecret   = "read-5ecret"
)

const (
	settingsJSON = `{"tenant":101,"email":{"domain":"agents.example"},"requests":{"perMinute":240}}`
	engageJSON   = `{"driver":"postgres","dsn":"postgres://excs:` + dsnPassword + `@db.example/genesys"}`
	exorgJSON    = `{"region":"mypurecloud.de","clientId":"writer","clientSecret":"` + clientSecret + `"}`
	readJSON     = `{"region":"mypurecloud.de","clientId":"reader","clientSecret":"` + readSecret + `"}`
	engageARN    = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:excs-engage-AbCdEf"
	exorgARN     = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:excs-exorg-AbCdEf"
)

func noSecrets(t *testing.T, what, text string) {
	t.Helper()
	for _, secret := range []string{dsnPassword, clientSecret, readSecret} {
		if strings.Contains(text, secret) {
			t.Errorf("%s shows a secret: %s", what, text)
		}
	}
}

func lookup(env map[string]string) func(string) string {
	return func(name string) string { return env[name] }
}

func logged() (*slog.Logger, *bytes.Buffer) {
	var b bytes.Buffer
	return slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug})), &b
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// cloud speaks as much of Secrets Manager and Parameter Store as a start needs, and notes every call.
type cloud struct {
	mu         sync.Mutex
	secrets    map[string]string // by ARN
	parameters map[string]string // by name
	calls      []string          // X-Amz-Target
}

// startCloud serves it and points the AWS SDK there.
func startCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{secrets: map[string]string{}, parameters: map[string]string{}}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_SESSION_TOKEN": "",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_PROFILE": "", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
	} {
		t.Setenv(name, value)
	}
	return c
}

func (c *cloud) targets() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string{}, c.calls...)
}

func (c *cloud) put(secrets map[string]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for arn, text := range secrets {
		c.secrets[arn] = text
	}
}

// ServeHTTP answers one call.
func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	target := r.Header.Get("X-Amz-Target")
	c.calls = append(c.calls, target)
	body, _ := io.ReadAll(r.Body)
	var in struct{ SecretId, Name string }
	_ = json.Unmarshal(body, &in)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("Connection", "close")
	switch target {
	case "secretsmanager.GetSecretValue":
		if text, ok := c.secrets[in.SecretId]; ok {
			answer(w, http.StatusOK, map[string]any{"ARN": in.SecretId, "SecretString": text})
			return
		}
		answer(w, http.StatusBadRequest, map[string]any{"__type": "ResourceNotFoundException", "message": "Secrets Manager can't find the specified secret."})
	case "AmazonSSM.GetParameter":
		if text, ok := c.parameters[in.Name]; ok {
			answer(w, http.StatusOK, map[string]any{"Parameter": map[string]any{"Name": in.Name, "Type": "String", "Value": text}})
			return
		}
		answer(w, http.StatusBadRequest, map[string]any{"__type": "ParameterNotFound", "message": ""})
	default:
		answer(w, http.StatusBadRequest, map[string]any{"__type": "UnknownOperationException"})
	}
}

func answer(w http.ResponseWriter, status int, body map[string]any) {
	b, _ := json.Marshal(body)
	w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(b)), 10)) // DynamoDB's answers have it
	w.WriteHeader(status)
	_, _ = w.Write(b)
}
