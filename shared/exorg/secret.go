package exorg

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"strings"

	"excs/shared/model"
)

const redacted = "[redacted]"

// Credentials are one OAuth client (grant client credentials). The secret is behind a pointer in an unexported field, so that no printing of any
// value that holds Credentials shows it.
type Credentials struct {
	// ID is the OAuth client's id: the name of its token and of its budget.
	ID     string
	secret *string
}

// NewCredentials pairs an OAuth client's id and secret.
func NewCredentials(id, secret string) Credentials { return Credentials{ID: id, secret: &secret} }

func (c Credentials) reveal() string {
	if c.secret == nil {
		return ""
	}
	return *c.secret
}

// String hides the secret.
func (c Credentials) String() string { return "OAuth client " + c.ID + " " + redacted }

// Format hides the secret under every verb.
func (c Credentials) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, c.String()) }

// MarshalJSON hides the secret.
func (c Credentials) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// LogValue hides the secret.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Secret is the EX Org secret (RULES 9): where the organisation is and the OAuth clients to use.
type Secret struct {
	// APIURL and LoginURL are the region's hosts, or what overrides them.
	APIURL, LoginURL string
	Clients          []Credentials
}

// String hides the clients' secrets.
func (s Secret) String() string {
	return fmt.Sprintf("EX Org secret for %s with %d OAuth clients %s", s.APIURL, len(s.Clients), redacted)
}

// Format hides the clients' secrets under every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalJSON hides the clients' secrets.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// LogValue hides the clients' secrets.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Config gives a Config with the secret's addresses and clients.
func (s Secret) Config() Config {
	return Config{APIURL: s.APIURL, LoginURL: s.LoginURL, Clients: s.Clients}
}

type secretClient struct {
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
}

type secretText struct {
	Region string `json:"region"`
	secretClient
	APIURL   string         `json:"apiUrl"`
	LoginURL string         `json:"loginUrl"`
	Clients  []secretClient `json:"clients"`
}

// ParseSecret reads the JSON of the EX Org secret. Its errors (code invalid) name the key that is wrong and never a value that may be a secret.
func ParseSecret(text []byte) (Secret, error) {
	var t secretText
	if err := decodeSecret(text, &t); err != nil {
		return Secret{}, secretError(err)
	}
	api, login, err := t.addresses()
	if err != nil {
		return Secret{}, secretError(err)
	}
	clients, err := t.credentials()
	if err != nil {
		return Secret{}, secretError(err)
	}
	return Secret{APIURL: api, LoginURL: login, Clients: clients}, nil
}

func secretError(err error) error {
	return &model.Error{Code: model.CodeInvalid, Op: "read the EX Org secret", Err: err}
}

// decodeSecret puts json's errors into words of its own, because json quotes the offending value in some of them.
func decodeSecret(text []byte, t *secretText) error {
	const shape = `write it as {"region":"mypurecloud.de","clientId":"…","clientSecret":"…"}`
	if len(bytes.TrimSpace(text)) == 0 {
		return errors.New("it is empty: " + shape)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(t)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			return errors.New("there is text after the JSON object: " + shape)
		}
		return nil
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if e.Field == "" {
			return errors.New("it is not a JSON object: " + shape)
		}
		return fmt.Errorf("key %q must be a %s: %s", strings.TrimPrefix(e.Field, "secretClient."), wanted(e), shape)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fmt.Errorf("key %s is unknown: the keys are region, clientId, clientSecret, apiUrl, loginUrl, clients", name)
	}
	return errors.New("it is not valid JSON: " + shape)
}

func wanted(e *json.UnmarshalTypeError) string {
	if e.Type.Kind().String() == "string" {
		return "string"
	}
	return `list of {"clientId":"…","clientSecret":"…"}`
}

func (t secretText) addresses() (api, login string, err error) {
	api, login = t.APIURL, t.LoginURL
	if t.Region != "" {
		domain, err := regionDomain(t.Region)
		if err != nil {
			return "", "", err
		}
		if api == "" {
			api = "https://api." + domain
		}
		if login == "" {
			login = "https://login." + domain
		}
	}
	if api == "" || login == "" {
		return "", "", errors.New("there is no region: give one, for example mypurecloud.de, or both apiUrl and loginUrl")
	}
	if api, err = address("apiUrl", api, "/api/v2"); err != nil {
		return "", "", err
	}
	if login, err = address("loginUrl", login, "/oauth/token"); err != nil {
		return "", "", err
	}
	return api, login, nil
}

// address checks one root address. Plain http is for this machine only: the client's secret and the token would cross the network in clear.
func address(key, text, tail string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	switch {
	case err != nil || u.Host == "":
		return "", fmt.Errorf("%s is not an address such as https://api.mypurecloud.de", key)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", fmt.Errorf("%s must be a plain address without user, query or fragment", key)
	case u.Scheme == "http" && !loopback(u.Hostname()), u.Scheme != "http" && u.Scheme != "https":
		return "", fmt.Errorf("%s must start with https:// (http:// is for this machine only)", key)
	}
	return strings.TrimRight(strings.TrimSuffix(strings.TrimRight(u.String(), "/"), tail), "/"), nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (t secretText) credentials() ([]Credentials, error) {
	all := t.Clients
	if t.secretClient != (secretClient{}) {
		all = append([]secretClient{t.secretClient}, all...)
	}
	if len(all) == 0 {
		return nil, errors.New("there is no OAuth client: give clientId and clientSecret, or a list clients")
	}
	seen := map[string]bool{}
	out := make([]Credentials, 0, len(all))
	for i, c := range all {
		switch {
		case c.ClientID == "":
			return nil, fmt.Errorf("clientId of OAuth client %d is missing", i+1)
		case c.ClientSecret == "":
			return nil, fmt.Errorf("clientSecret of OAuth client %d is missing", i+1)
		case seen[c.ClientID]:
			return nil, fmt.Errorf("OAuth client %d has the clientId of an earlier one: each needs its own, it is the name of a budget", i+1)
		}
		seen[c.ClientID] = true
		out = append(out, NewCredentials(c.ClientID, c.ClientSecret))
	}
	return out, nil
}
