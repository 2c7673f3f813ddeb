package wiring

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

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

// Resolve gives the text: JSON stands for itself (local runs), "ssm:NAME" for a parameter, an ARN for a secret. The error
// names the variable and never shows its value.
func (r Resolver) Resolve(ctx context.Context, variable, value string) (string, error) {
	op := "read " + variable
	switch {
	case strings.HasPrefix(value, "{"):
		return value, nil
	case strings.HasPrefix(value, "ssm:"):
		name := strings.TrimPrefix(value, "ssm:")
		out, err := r.Parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
		if err != nil {
			return "", model.Errorf(model.CodeUnavailable, op, "read the parameter %s: %w", name, err)
		}
		if out.Parameter == nil {
			return "", model.Errorf(model.CodeNotFound, op, "the parameter %s is empty", name)
		}
		return aws.ToString(out.Parameter.Value), nil
	case strings.HasPrefix(value, "arn:"):
		out, err := r.Secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &value})
		if err != nil {
			return "", model.Errorf(model.CodeUnavailable, op, "read the secret: %w", err)
		}
		text := strings.TrimSpace(aws.ToString(out.SecretString))
		if !strings.HasPrefix(text, "{") {
			return "", model.Errorf(model.CodeInvalid, op, "the secret is not set yet: put its JSON into Secrets Manager (see the README)")
		}
		return text, nil
	default:
		return "", model.Errorf(model.CodeInvalid, op, "it holds neither JSON nor an ARN nor ssm: and a name")
	}
}
