package mapping

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"excs/shared/model"
)

// throttledFor is what DynamoDB's refusal for rate is worth waiting: it tells no time itself.
const throttledFor = time.Second

// codeOf gives the code of an error that the service answered. Its names are in the API's reference; only this file knows
// them.
func codeOf(name string) model.Code {
	switch name {
	case "ProvisionedThroughputExceededException", "ThrottlingException", "Throttling", "RequestLimitExceeded",
		"LimitExceededException", "TransactionConflictException", "ReplicatedWriteConflictException":
		return model.CodeThrottled
	case "ResourceNotFoundException", "ValidationException", "ItemCollectionSizeLimitExceededException", "UnknownOperationException",
		"SerializationException":
		return model.CodeInvalid
	case "AccessDeniedException", "UnrecognizedClientException", "IncompleteSignatureException", "InvalidSignatureException",
		"MissingAuthenticationTokenException", "MissingAuthenticationToken", "ExpiredTokenException", "InvalidClientTokenId",
		"KMSAccessDeniedException":
		return model.CodeDenied
	default:
		return ""
	}
}

// failed turns an error of the SDK into one of the core. write says that the request changes something: without an answer
// that leaves open whether it did.
func failed(table, op string, write bool, err error) error {
	var condition *types.ConditionalCheckFailedException
	if errors.As(err, &condition) {
		return &conditionError{current: condition.Item}
	}
	e := &model.Error{Op: op, Err: err}
	var answered smithy.APIError
	if errors.As(err, &answered) {
		e.Code, e.Err = codeOf(answered.ErrorCode()), explain(table, answered, err)
	}
	if e.Code == "" {
		e.Code = codeOfFault(write, err)
	}
	if e.Code == model.CodeThrottled {
		e.RetryAfter = throttledFor
	}
	return e
}

// explain adds what the operator can do.
func explain(table string, answered smithy.APIError, err error) error {
	switch answered.ErrorCode() {
	case "ResourceNotFoundException":
		return fmt.Errorf("table %s (or its index %s) does not exist: deploy the stack, or set EXCS_TABLE and the region to where it is: %w", table, IndexName, err)
	case "ValidationException":
		return fmt.Errorf("table %s refuses the request; is it the mapping table of this version of EXCS? %w", table, err)
	case "AccessDeniedException", "KMSAccessDeniedException":
		return fmt.Errorf("the function's role may not use table %s or its key: %w", table, err)
	default:
		return err
	}
}

// codeOfFault judges an error without a known code. A write is ambiguous unless it can not have arrived. An answer of 5xx
// leaves a write open too: DynamoDB's documentation says so.
func codeOfFault(write bool, err error) model.Code {
	if !write {
		return model.CodeUnavailable
	}
	// Without an answer the SDK wraps the failure in a response of status 0.
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) && answer.Response != nil && answer.HTTPStatusCode() > 0 {
		if answer.HTTPStatusCode() < http.StatusInternalServerError {
			return model.CodeInternal
		}
		return model.CodeAmbiguous
	}
	if neverSent(err) {
		return model.CodeUnavailable
	}
	return model.CodeAmbiguous
}

// neverSent says whether no attempt can have reached the service. After several attempts only the last one's error is
// known, so that proves nothing.
func neverSent(err error) bool {
	var tries *retry.MaxAttemptsError
	if errors.As(err, &tries) && tries.Attempt > 1 {
		return false
	}
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return true
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return true
	}
	var sending *smithyhttp.RequestSendError
	var canceled *smithy.CanceledError
	return !errors.As(err, &sending) && !errors.As(err, &canceled) &&
		!errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}
