package gateway

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"excs/infra/local/aws/policy"
)

// Config says where a gateway stands and what is behind it.
type Config struct {
	Region, Account string
	// DynamoDB and SQS are the URLs of the stand-ins.
	DynamoDB, SQS string
}

// Gateway is safe for concurrent use.
type Gateway struct {
	cfg    Config
	server *http.Server
	served chan struct{}
	url    string
	client *http.Client

	mu         sync.Mutex
	roles      map[string]*role // by access key
	resources  map[string]*policy.Document
	secrets    map[string]secret // by ARN
	parameters map[string]string
	denied     []string
}

// role is who calls: a role of the template.
type role struct {
	name      string
	documents []*policy.Document
	uses      policy.Uses
	calls     map[string]int
}

type secret struct{ name, text string }

// New starts a gateway on a free port of the loopback interface. It runs until Close; the context is that of the start.
func New(ctx context.Context, c Config) (*Gateway, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the gateway to AWS: %w", err)
	}
	const connections = 64 // workers look at ten objects at once
	g := &Gateway{
		cfg: c, url: "http://" + l.Addr().String(), served: make(chan struct{}),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections, IdleConnTimeout: time.Minute, DisableCompression: true}},
		roles:  map[string]*role{}, resources: map[string]*policy.Document{}, secrets: map[string]secret{}, parameters: map[string]string{},
	}
	g.server = &http.Server{Handler: g, ReadHeaderTimeout: time.Minute}
	go func() {
		defer close(g.served)
		_ = g.server.Serve(l) // it ends with Close
	}()
	return g, nil
}

// URL is what AWS_ENDPOINT_URL of a function holds.
func (g *Gateway) URL() string { return g.url }

// Close ends the gateway and its connections.
func (g *Gateway) Close() error {
	err := g.server.Close()
	<-g.served
	g.client.CloseIdleConnections()
	return err
}

// AddRole lets those who sign with the access key do what the documents allow.
func (g *Gateway) AddRole(accessKey, name string, documents ...*policy.Document) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.roles[accessKey] = &role{name: name, documents: documents, uses: policy.Uses{}, calls: map[string]int{}}
}

// AddResourcePolicy gives a resource, by its ARN, a policy of its own.
func (g *Gateway) AddResourcePolicy(arn string, d *policy.Document) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.resources[arn] = d
}

// PutSecret sets a secret's text.
func (g *Gateway) PutSecret(arn, name, text string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.secrets[arn] = secret{name, text}
}

// Secret gives a secret's text by its ARN, "" when there is none.
func (g *Gateway) Secret(arn string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.secrets[arn].text
}

// Parameter gives a parameter of Parameter Store, "" for none.
func (g *Gateway) Parameter(name string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.parameters[name]
}

// PutParameter sets a parameter of Parameter Store.
func (g *Gateway) PutParameter(name, text string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.parameters[name] = text
}

// May says whether a service of AWS, or the role of an access key, may do something: services by the resource's own policy,
// roles by theirs too. What was allowed counts as used.
func (g *Gateway) May(who, action, arn string, context map[string]string) error {
	r := policy.Request{Action: action, Resource: arn, Context: g.context(context)}
	g.mu.Lock()
	defer g.mu.Unlock()
	if service, ok := strings.CutPrefix(who, "Service:"); ok {
		r.Principal = who
		return g.decide(nil, service, r)
	}
	caller, known := g.roles[who]
	if !known {
		return &refusal{code: "UnrecognizedClientException", text: "The security token included in the request is invalid: no role has the access key " + who}
	}
	return g.decide(caller, "arn:aws:sts::"+g.cfg.Account+":assumed-role/"+caller.name, r)
}

func (g *Gateway) context(given map[string]string) map[string]string {
	all := map[string]string{"aws:SecureTransport": "true", "aws:SourceAccount": g.cfg.Account}
	maps.Copy(all, given)
	return all
}

func (g *Gateway) decide(caller *role, name string, r policy.Request) error {
	var documents []*policy.Document
	if caller != nil {
		r.Principal = "AWS:" + name
		documents = append(documents, caller.documents...)
	}
	if d := g.resources[r.Resource]; d != nil {
		documents = append(documents, d)
	}
	decision := policy.Decide(r, documents...)
	if decision.Allowed {
		if caller != nil {
			caller.uses.Note(r, decision)
			caller.calls[r.Action]++
		}
		return nil
	}
	why := "because no policy allows it"
	if decision.Denied() {
		why = "with an explicit deny"
	}
	text := fmt.Sprintf("%s is not authorized to perform: %s on resource: %s %s", name, r.Action, r.Resource, why)
	g.denied = append(g.denied, text)
	return &refusal{code: "AccessDeniedException", text: text}
}

// refusal is an error that a caller of AWS gets.
type refusal struct{ code, text string }

func (r *refusal) Error() string { return r.code + ": " + r.text }

// IsDenied says whether an error of May is a missing permission.
func IsDenied(err error) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && r.code == "AccessDeniedException"
}

// Denied lists what was refused so far, oldest first.
func (g *Gateway) Denied() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.denied)
}

// Calls counts what was allowed so far: by role, by action.
func (g *Gateway) Calls() map[string]map[string]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := map[string]map[string]int{}
	for _, r := range g.roles {
		all[r.name] = maps.Clone(r.calls)
	}
	return all
}

// Unused lists, by role, the grants that nobody has needed so far, of those services that the gateway sees.
func (g *Gateway) Unused() map[string][]policy.Use {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := map[string][]policy.Use{}
	for _, r := range g.roles {
		if unused := r.uses.Unused(seen, r.documents...); len(unused) > 0 {
			all[r.name] = unused
		}
	}
	return all
}

// seen says whether calls of an action come by here.
func seen(action string) bool {
	service, _, _ := strings.Cut(action, ":")
	return slices.Contains([]string{"dynamodb", "sqs", "secretsmanager", "ssm", "lambda"}, service)
}
