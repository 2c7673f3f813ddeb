package queue

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"excs/shared/model"
)

// classify gives an SDK error its code. Sending is idempotent by the deduplication id, so nothing is ambiguous here.
func classify(op string, err error) error {
	if _, ok := errors.AsType[*types.QueueDoesNotExist](err); ok {
		return &model.Error{Code: model.CodeInvalid, Op: op, Err: missingQueue{err}}
	}
	code := model.CodeUnavailable
	var api interface{ ErrorCode() string }
	if errors.As(err, &api) {
		code = codeOf(api.ErrorCode(), false)
	}
	return model.Errorf(code, op, "%w", err)
}

// missingQueue is the refusal of every call, not of one batch.
type missingQueue struct{ error }

// Error says what an operator can check.
func (m missingQueue) Error() string {
	return "the queue does not exist: check EXCS_QUEUE_URL and EXCS_DLQ_URL: " + m.error.Error()
}

// Unwrap gives the SDK's error.
func (m missingQueue) Unwrap() error { return m.error }

// refusesTheBatch says whether it is the content of the call that was refused: another batch may pass.
func refusesTheBatch(err error) bool {
	_, gone := errors.AsType[missingQueue](err)
	return model.CodeOf(err) == model.CodeInvalid && !gone
}

// entryError is the error of one entry of a batch.
func entryError(op string, key model.Key, f types.BatchResultErrorEntry) error {
	return &model.Error{
		Code: codeOf(aws.ToString(f.Code), f.SenderFault), Op: op, Key: key,
		Err: fmt.Errorf("SQS refused it: %s %s", aws.ToString(f.Code), aws.ToString(f.Message)),
	}
}

// codeOf knows SQS's error names, with and without the prefix of its older protocol. A name that it does not know is
// invalid if SQS says that the sender is at fault, else a passing fault.
func codeOf(name string, senderFault bool) model.Code {
	switch strings.TrimPrefix(name, "AWS.SimpleQueueService.") {
	case "AccessDenied", "AccessDeniedException", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidSecurity",
		"SignatureDoesNotMatch", "ExpiredToken", "ExpiredTokenException", "MissingAuthenticationToken", "KmsAccessDenied", "KMS.AccessDeniedException",
		"KmsDisabled", "KMS.DisabledException", "KmsOptInRequired", "KMS.OptInRequired":
		return model.CodeDenied
	case "RequestThrottled", "Throttling", "ThrottlingException", "KmsThrottled", "KMS.ThrottlingException", "OverLimit":
		return model.CodeThrottled
	case "InvalidMessageContents", "InvalidBatchEntryId", "BatchRequestTooLong", "BatchEntryIdsNotDistinct", "EmptyBatchRequest",
		"TooManyEntriesInBatchRequest", "InvalidParameterValue", "InvalidAttributeName", "InvalidAddress", "MissingParameter",
		"ReceiptHandleIsInvalid", "MessageNotInflight", "UnsupportedOperation":
		return model.CodeInvalid
	}
	if senderFault {
		return model.CodeInvalid
	}
	return model.CodeUnavailable
}
