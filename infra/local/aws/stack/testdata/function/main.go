// Command function is a function that does what its event says, for the tests of the stack.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func main() { lambda.Start(handle) }

type event struct {
	Do, Text       string
	Records        []events.SQSMessage
	RequestContext json.RawMessage
}

func handle(_ context.Context, raw json.RawMessage) (any, error) {
	var e event
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, err
	}
	switch {
	case len(e.Records) > 0:
		return batch(e.Records), nil
	case len(e.RequestContext) > 0:
		return url(raw)
	case e.Do == "fail":
		return nil, errors.New(e.Text)
	case e.Do == "environ":
		return os.Getenv(e.Text), nil
	case e.Do == "print":
		fmt.Println(e.Text)
		return nil, nil
	default:
		fmt.Printf("got %s\n", raw)
		return "done", nil
	}
}

func batch(records []events.SQSMessage) events.SQSEventResponse {
	r := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for _, m := range records {
		fmt.Printf("worked on %s\n", m.Body)
		if m.Body == "fail" {
			r.BatchItemFailures = append(r.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		}
	}
	return r
}

func url(raw json.RawMessage) (any, error) {
	var r events.LambdaFunctionURLRequest
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, err
	}
	switch r.RawPath {
	case "/fail":
		return nil, errors.New("no luck")
	case "/plain":
		return map[string]int{"a": 1}, nil
	case "/base64":
		return events.LambdaFunctionURLResponse{StatusCode: 200, Body: "aGk=", IsBase64Encoded: true, Cookies: []string{"a=1"}}, nil
	case "/broken":
		return events.LambdaFunctionURLResponse{StatusCode: 200, Body: "%", IsBase64Encoded: true}, nil
	}
	r.Headers = map[string]string{"x-test": r.Headers["x-test"], "x-forwarded-proto": r.Headers["x-forwarded-proto"], "content-type": r.Headers["content-type"]}
	body, err := json.Marshal(r)
	return events.LambdaFunctionURLResponse{StatusCode: 202, Headers: map[string]string{"X-Answer": "yes"}, Body: string(body)}, err
}
