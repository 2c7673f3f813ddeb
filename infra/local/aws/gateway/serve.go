package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// bodyLimit is the most that a request may hold: DynamoDB's own limit.
const bodyLimit = 16 << 20

// ServeHTTP answers a request of the AWS SDK: who signed it, may that role do it, and what does the service say.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, bodyLimit))
	if err != nil {
		return // the caller is gone
	}
	prefix, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	asked, err := g.asked(prefix, operation, body)
	if err == nil {
		err = g.check(r, asked)
	}
	if err != nil {
		refuse(w, err)
		return
	}
	switch prefix {
	case targetDynamoDB:
		g.forward(w, r, g.cfg.DynamoDB, body)
	case targetSQS:
		g.forward(w, r, g.cfg.SQS, body)
	default:
		g.answer(w, operation, body)
	}
}

// The prefixes of X-Amz-Target.
const (
	targetDynamoDB = "DynamoDB_20120810"
	targetSQS      = "AmazonSQS"
	targetSecrets  = "secretsmanager"
	targetSSM      = "AmazonSSM"
)

// want is one permission that a request needs.
type want struct{ action, resource string }

// asked says what a request needs to be allowed.
func (g *Gateway) asked(prefix, operation string, body []byte) ([]want, error) {
	switch prefix {
	case targetDynamoDB:
		return g.askedOfTables(operation, body)
	case targetSQS:
		return g.askedOfQueues(operation, body)
	case targetSecrets:
		var in struct{ SecretId string }
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, unreadable(err)
		}
		return []want{{"secretsmanager:" + operation, in.SecretId}}, nil
	case targetSSM:
		var in struct{ Name string }
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, unreadable(err)
		}
		return []want{{"ssm:" + operation, g.arn("ssm", "parameter/"+strings.TrimPrefix(in.Name, "/"))}}, nil
	default:
		return nil, &refusal{code: "UnknownOperationException", text: fmt.Sprintf("the service of %q is not known to the local stack", prefix+"."+operation)}
	}
}

func unreadable(err error) error {
	return &refusal{code: "SerializationException", text: err.Error()}
}

func (g *Gateway) arn(service, rest string) string {
	return "arn:aws:" + service + ":" + g.cfg.Region + ":" + g.cfg.Account + ":" + rest
}

func (g *Gateway) askedOfTables(operation string, body []byte) ([]want, error) {
	var in struct {
		TableName, IndexName string
		RequestItems         map[string]json.RawMessage
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, unreadable(err)
	}
	action := "dynamodb:" + operation
	switch {
	case in.IndexName != "":
		return []want{{action, g.arn("dynamodb", "table/"+in.TableName+"/index/"+in.IndexName)}}, nil
	case in.TableName != "":
		return []want{{action, g.arn("dynamodb", "table/"+in.TableName)}}, nil
	case len(in.RequestItems) > 0:
		var all []want
		for table := range in.RequestItems {
			all = append(all, want{action, g.arn("dynamodb", "table/"+table)})
		}
		return all, nil
	default:
		return nil, &refusal{code: "UnknownOperationException", text: "the local stack does not know what " + action + " asks for"}
	}
}

// askedOfQueues names batches by their single call, as IAM does.
func (g *Gateway) askedOfQueues(operation string, body []byte) ([]want, error) {
	var in struct{ QueueUrl, QueueName string }
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, unreadable(err)
	}
	name := in.QueueName
	if in.QueueUrl != "" {
		name = in.QueueUrl[strings.LastIndex(in.QueueUrl, "/")+1:]
	}
	return []want{{"sqs:" + strings.TrimSuffix(operation, "Batch"), g.arn("sqs", name)}}, nil
}

// check asks whether whoever signed the request may do all of it.
func (g *Gateway) check(r *http.Request, asked []want) error {
	key, err := signer(r.Header.Get("Authorization"))
	if err != nil {
		return err
	}
	for _, a := range asked {
		if err := g.May(key, a.action, a.resource, nil); err != nil {
			return err
		}
	}
	return nil
}

// signer reads the access key of a signature. The signature itself is not checked: the secret is the same for all.
func signer(authorization string) (string, error) {
	_, rest, _ := strings.Cut(authorization, "Credential=")
	key, _, ok := strings.Cut(rest, "/")
	if !ok || key == "" {
		return "", &refusal{code: "MissingAuthenticationTokenException", text: "the request is not signed"}
	}
	return key, nil
}

func refuse(w http.ResponseWriter, err error) {
	r, ok := errors.AsType[*refusal](err)
	if !ok {
		r = &refusal{code: "InternalServerError", text: err.Error()}
	}
	w.Header().Set("X-Amzn-Errortype", r.code)
	respond(w, http.StatusBadRequest, map[string]string{"__type": "com.amazonaws.local#" + r.code, "message": r.text, "Message": r.text})
}

func respond(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a caller that is gone needs no answer
}

// forward hands a request on as it is.
func (g *Gateway) forward(w http.ResponseWriter, r *http.Request, to string, body []byte) {
	request, err := http.NewRequestWithContext(r.Context(), r.Method, to+r.URL.Path, bytes.NewReader(body)) //nolint:gosec // the stand-ins are on loopback, and the caller chooses the path only
	if err != nil {
		refuse(w, err)
		return
	}
	request.Header = r.Header.Clone()
	request.Header.Del("Connection")
	response, err := g.client.Do(request) //nolint:gosec // see above
	if err != nil {
		refuse(w, fmt.Errorf("the stand-in does not answer: %w", err))
		return
	}
	defer func() { _ = response.Body.Close() }()
	for name, values := range response.Header {
		if name != "Connection" && name != "Keep-Alive" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(w, response.Body) // a caller that is gone needs no answer
}

// answer gives a secret or a parameter.
func (g *Gateway) answer(w http.ResponseWriter, operation string, body []byte) {
	var in struct{ SecretId, Name string }
	if err := json.Unmarshal(body, &in); err != nil {
		refuse(w, unreadable(err))
		return
	}
	g.mu.Lock()
	s, hasSecret := g.secrets[in.SecretId]
	parameter, hasParameter := g.parameters[in.Name]
	g.mu.Unlock()
	switch {
	case operation == "GetSecretValue" && hasSecret:
		respond(w, http.StatusOK, map[string]any{"ARN": in.SecretId, "Name": s.name, "SecretString": s.text, "VersionId": "00000000-0000-0000-0000-000000000000"})
	case operation == "GetSecretValue":
		refuse(w, &refusal{code: "ResourceNotFoundException", text: "Secrets Manager can't find the specified secret."})
	case operation == "GetParameter" && hasParameter:
		respond(w, http.StatusOK, map[string]any{"Parameter": map[string]any{"Name": in.Name, "Type": "String", "Value": parameter, "Version": 1}})
	case operation == "GetParameter":
		refuse(w, &refusal{code: "ParameterNotFound", text: in.Name})
	default:
		refuse(w, &refusal{code: "UnknownOperationException", text: operation + " is not known to the local stack"})
	}
}
