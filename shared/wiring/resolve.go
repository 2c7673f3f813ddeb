package wiring

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"

	"excs/shared/model"
)

// Secrets reads a secret's text.
type Secrets interface {
	GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, opts ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

// Parameters reads a parameter's text.
type Parameters interface {
	GetParameter(ctx context.Context, in *ssm.GetParameterInput, opts ...func(*ssm.Options)) (*ssm.GetParameterOutput, error)
}

// Resolver turns what a variable holds into the text it stands for.
type Resolver struct {
	Secrets    Secrets
	Parameters Parameters
}

// resolveTime bounds one look-up. Lambda kills a start after 10 s without a word; this way the log says what was slow.
const resolveTime = 4 * time.Second

// Resolve gives the text: JSON stands for itself (local runs), "ssm:NAME" for a parameter, an ARN for a secret. The error
// names the variable and never shows its value.
//
// Errors: invalid for a value of another form and for a secret or parameter that holds no JSON yet; not_found, denied and
// unavailable for what AWS answers.
func (r Resolver) Resolve(ctx context.Context, variable, value string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, resolveTime)
	defer cancel()
	op := "read " + variable
	switch {
	case strings.HasPrefix(value, "{"):
		return value, nil
	case strings.HasPrefix(value, "ssm:"):
		name := strings.TrimPrefix(value, "ssm:")
		if name == "" {
			return "", model.Errorf(model.CodeInvalid, op, "the name of the parameter is missing after ssm:")
		}
		return r.parameter(ctx, op, name)
	case strings.HasPrefix(value, "arn:"):
		return r.secret(ctx, op, value)
	default:
		return "", model.Errorf(model.CodeInvalid, op, "it holds neither JSON nor an ARN nor ssm: and a name")
	}
}

func (r Resolver) parameter(ctx context.Context, op, name string) (string, error) {
	out, err := r.Parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
	if err != nil {
		return "", model.Errorf(codeOf(err), op, "read the parameter %s: %w", name, err)
	}
	var text string
	if out.Parameter != nil {
		text = strings.TrimSpace(aws.ToString(out.Parameter.Value))
	}
	if !strings.HasPrefix(text, "{") {
		return "", model.Errorf(model.CodeInvalid, op, "the parameter %s does not hold JSON yet: put it into Parameter Store (see the README)", name)
	}
	return text, nil
}

func (r Resolver) secret(ctx context.Context, op, arn string) (string, error) {
	out, err := r.Secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn})
	if err != nil {
		return "", model.Errorf(codeOf(err), op, "read the secret: %w", err)
	}
	text := strings.TrimSpace(strings.TrimPrefix(aws.ToString(out.SecretString), "\ufeff")) // Windows editors begin a file with a byte-order mark
	switch {
	case strings.HasPrefix(text, "{"):
		return text, nil
	case generated.MatchString(text):
		return "", model.Errorf(model.CodeInvalid, op, "%w: put its JSON into Secrets Manager (see the README)", errNotSet)
	}
	return "", model.Errorf(model.CodeInvalid, op, "the secret does not hold JSON: put the JSON of the README into Secrets Manager")
}

// generated is the text with which a fresh stack makes its secrets (infra/stack): letters and digits, as many as Secrets Manager
// takes by default. Anything else was put there by somebody and is a fault to tell, with its alarm.
var generated = regexp.MustCompile(`^[A-Za-z0-9]{32}$`)

// codeOf reads the error codes of Secrets Manager and Parameter Store. A fault of the deployment is told from a passing
// one, so that an operator does not wait for it to go by.
func codeOf(err error) model.Code {
	e, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return model.CodeUnavailable
	}
	switch e.ErrorCode() {
	case "ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound":
		return model.CodeNotFound
	case "AccessDeniedException", "DecryptionFailure", "InvalidKeyId", "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException":
		return model.CodeDenied
	default:
		return model.CodeUnavailable
	}
}
