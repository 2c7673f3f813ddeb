package wiring_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"excs/shared/model"
	"excs/shared/wiring"
)

type fakeSecrets func(ctx context.Context, id string) (*secretsmanager.GetSecretValueOutput, error)

var _ wiring.Secrets = fakeSecrets(nil)

func (f fakeSecrets) GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	return f(ctx, aws.ToString(in.SecretId))
}

type fakeParameters func(name string, decrypt bool) (*ssm.GetParameterOutput, error)

var _ wiring.Parameters = fakeParameters(nil)

func (f fakeParameters) GetParameter(_ context.Context, in *ssm.GetParameterInput, _ ...func(*ssm.Options)) (*ssm.GetParameterOutput, error) {
	return f(aws.ToString(in.Name), aws.ToBool(in.WithDecryption))
}

func secretHolds(text *string) fakeSecrets {
	return func(context.Context, string) (*secretsmanager.GetSecretValueOutput, error) {
		return &secretsmanager.GetSecretValueOutput{SecretString: text}, nil
	}
}

func parameterHolds(text *string) fakeParameters {
	return func(string, bool) (*ssm.GetParameterOutput, error) {
		return &ssm.GetParameterOutput{Parameter: &ssmtypes.Parameter{Value: text}}, nil
	}
}

// JSON stands for itself and asks nobody; an ARN and ssm: ask the right one for the right name.
func TestResolve(t *testing.T) {
	var asked []string
	r := wiring.Resolver{
		Secrets: fakeSecrets(func(_ context.Context, id string) (*secretsmanager.GetSecretValueOutput, error) {
			asked = append(asked, "secret "+id)
			return &secretsmanager.GetSecretValueOutput{SecretString: aws.String("\n" + exorgJSON + " ")}, nil
		}),
		Parameters: fakeParameters(func(name string, decrypt bool) (*ssm.GetParameterOutput, error) {
			asked = append(asked, "parameter "+name)
			if !decrypt {
				t.Error("the parameter is not asked for decrypted")
			}
			return &ssm.GetParameterOutput{Parameter: &ssmtypes.Parameter{Value: aws.String(" " + settingsJSON + "\n")}}, nil
		}),
	}
	tests := []struct{ name, value, want, asked string }{
		{"JSON", settingsJSON, settingsJSON, ""},
		{"a parameter", "ssm:/excs/settings", settingsJSON, "parameter /excs/settings"},
		{"a secret", exorgARN, exorgJSON, "secret " + exorgARN},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			asked = nil
			got, err := r.Resolve(t.Context(), wiring.VarSettings, test.value)
			if err != nil || got != test.want {
				t.Errorf("%q, %v", got, err)
			}
			if strings.Join(asked, ",") != test.asked {
				t.Errorf("asked for %v", asked)
			}
		})
	}
}

// What can not be resolved is one line that names the variable, says what to do, and shows no value.
func TestResolveFails(t *testing.T) {
	notThere := &smithy.GenericAPIError{Code: "ResourceNotFoundException", Message: "Secrets Manager can't find the specified secret."}
	noParameter := &smithy.GenericAPIError{Code: "ParameterNotFound"}
	forbidden := &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not authorised"}
	throttled := &smithy.GenericAPIError{Code: "ThrottlingException", Message: "slow down"}
	failing := func(err error) wiring.Resolver {
		return wiring.Resolver{
			Secrets:    fakeSecrets(func(context.Context, string) (*secretsmanager.GetSecretValueOutput, error) { return nil, err }),
			Parameters: fakeParameters(func(string, bool) (*ssm.GetParameterOutput, error) { return nil, err }),
		}
	}
	const (
		notSet  = "the secret is not set yet: put its JSON into Secrets Manager"
		notJSON = "the secret does not hold JSON"
	)
	tests := []struct {
		name, value string
		resolver    wiring.Resolver
		code        model.Code
		says        string
	}{
		{"neither JSON nor a reference", clientSecret, wiring.Resolver{}, model.CodeInvalid, "it holds neither JSON nor an ARN nor ssm: and a name"},
		{"nothing", "", wiring.Resolver{}, model.CodeInvalid, "neither JSON nor an ARN"},
		{"ssm: without a name", "ssm:", wiring.Resolver{}, model.CodeInvalid, "the name of the parameter is missing"},
		{"a secret with the generated text of a fresh stack", exorgARN, wiring.Resolver{Secrets: secretHolds(aws.String("aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB"))}, model.CodeInvalid, notSet},
		{"a secret that somebody set to something else", exorgARN, wiring.Resolver{Secrets: secretHolds(aws.String(clientSecret))}, model.CodeInvalid, notJSON},
		{"an empty secret", exorgARN, wiring.Resolver{Secrets: secretHolds(aws.String(""))}, model.CodeInvalid, notJSON},
		{"a binary secret", exorgARN, wiring.Resolver{Secrets: secretHolds(nil)}, model.CodeInvalid, notJSON},
		{"a parameter without JSON", "ssm:/excs", wiring.Resolver{Parameters: parameterHolds(aws.String(clientSecret))}, model.CodeInvalid, "the parameter /excs does not hold JSON yet"},
		{"an answer without a parameter", "ssm:/excs", wiring.Resolver{Parameters: fakeParameters(func(string, bool) (*ssm.GetParameterOutput, error) { return &ssm.GetParameterOutput{}, nil })},
			model.CodeInvalid, "the parameter /excs does not hold JSON yet"},
		{"a secret that is not there", exorgARN, failing(notThere), model.CodeNotFound, "read the secret"},
		{"a parameter that is not there", "ssm:/excs", failing(noParameter), model.CodeNotFound, "read the parameter /excs"},
		{"a secret that the role may not read", exorgARN, failing(forbidden), model.CodeDenied, "not authorised"},
		{"a service that throttles", exorgARN, failing(throttled), model.CodeUnavailable, "slow down"},
		{"a network that fails", exorgARN, failing(errors.New("dial tcp: refused")), model.CodeUnavailable, "refused"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.resolver.Resolve(t.Context(), wiring.VarExorgSecret, test.value)
			if err == nil || got != "" || model.CodeOf(err) != test.code {
				t.Fatalf("%q, error %v of code %q, want %s", got, err, model.CodeOf(err), test.code)
			}
			text := err.Error()
			if !strings.HasPrefix(text, "read EXCS_EXORG_SECRET: ") || !strings.Contains(text, test.says) || strings.Contains(text, "\n") {
				t.Errorf("error %s, want %q in it", text, test.says)
			}
			if wiring.IsNotSet(err) != (test.says == notSet) {
				t.Errorf("%s: a secret that was never set is told from a mistake: %v", text, wiring.IsNotSet(err))
			}
			noSecrets(t, "the error", text)
		})
	}
}

// A service that does not answer ends the look-up before Lambda ends the start, and the error says what was slow.
func TestResolveIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		r := wiring.Resolver{Secrets: fakeSecrets(func(ctx context.Context, _ string) (*secretsmanager.GetSecretValueOutput, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})}
		_, err := r.Resolve(t.Context(), wiring.VarEngageSecret, engageARN)
		if model.CodeOf(err) != model.CodeUnavailable || !strings.Contains(err.Error(), wiring.VarEngageSecret) {
			t.Errorf("error %v", err)
		}
		const lambdaKills = 10 * time.Second
		if took := time.Since(begun); took <= 0 || 2*took >= lambdaKills { // the bubble's clock: two secrets are read at a start
			t.Errorf("it took %s", took)
		}
	})
}

// A secret that was written by a Windows editor begins with a byte-order mark.
func TestASecretWithAByteOrderMark(t *testing.T) {
	r := wiring.Resolver{Secrets: secretHolds(aws.String("\ufeff{\"region\":\"mypurecloud.de\"}\r\n"))}
	if got, err := r.Resolve(t.Context(), wiring.VarExorgSecret, exorgARN); err != nil || got != `{"region":"mypurecloud.de"}` {
		t.Errorf("%q, %v", got, err)
	}
}
