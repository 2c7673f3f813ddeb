package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/jsii-runtime-go"
)

// secret names a secret; the stack's name and a slash stand before it.
type secret string

const (
	engageSecret  secret = "engage"
	exorgSecret   secret = "exorg"
	readSecret    secret = "exorg-read"
	webhookSecret secret = "webhook"
)

// webhookLength is longer than the least that the webhook takes.
const webhookLength = 48

// credentials makes the secrets, or takes those that the stage names. A fresh one holds a generated text, on which a
// function says that it is not set yet; the webhook's is ready for use.
//
// CAUTION: a change of what generates the text makes CloudFormation generate a new one over what the operator put in.
func (s *Stack) credentials() {
	what := map[secret]string{ //nolint:gosec // descriptions
		engageSecret: `EXCS: how to reach the Configuration Database, {"driver":"postgres","dsn":"…"}`,
		exorgSecret:  `EXCS: the OAuth client that writes to the EX Org, {"region":"…","clientId":"…","clientSecret":"…"}`,
	}
	if s.stage.ReadSecret {
		what[readSecret] = `EXCS: the OAuth client that only reads the EX Org, {"region":"…","clientId":"…","clientSecret":"…"}`
	}
	if s.stage.WebhookURL {
		what[webhookSecret] = `EXCS: what the header x-excs-secret of a notification must hold, {"secret":"…"}`
	}
	s.secrets = map[secret]*string{}
	for _, name := range sortedKeys(what) {
		if arn := s.stage.Secrets[name]; arn != "" {
			s.secrets[name] = jsii.String(arn)
			continue
		}
		s.secrets[name] = s.newSecret(name, what[name])
	}
}

func (s *Stack) newSecret(name secret, what string) *string {
	// Letters and digits: a text that begins with a brace would be taken for the JSON that an operator put in.
	generate := &awssecretsmanager.SecretStringGenerator{ExcludePunctuation: jsii.Bool(true)}
	if name == webhookSecret {
		generate.SecretStringTemplate, generate.GenerateStringKey = jsii.String("{}"), jsii.String("secret")
		generate.PasswordLength = jsii.Number(webhookLength)
	}
	props := &awssecretsmanager.SecretProps{
		SecretName:           jsii.String(s.name + "/" + string(name)),
		Description:          &what,
		GenerateSecretString: generate,
		// Kept outside of development: somebody put it in by hand. CloudFormation can not take a secret back into a new stack
		// by its name, so a stage that is deployed again names its ARN (secrets.<name>).
		RemovalPolicy: s.guarded(),
	}
	if s.key != nil {
		props.EncryptionKey = s.key
	}
	return awssecretsmanager.NewSecret(s.Stack, jsii.String(constructOf(string(name))+"Credentials"), props).SecretArn()
}

// exorgSecretOf gives the secret with which a function reaches the EX Org. Only the worker writes, so only it has the one
// for writing; the others share it when the stage has no secret for reading.
func (s *Stack) exorgSecretOf(function string) secret {
	if function == apply || !s.stage.ReadSecret {
		return exorgSecret
	}
	return readSecret
}
