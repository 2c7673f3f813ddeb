package stack

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"

	"excs/infra/local/aws/template"
)

func (s *Stack) makeParameter(_ context.Context, r template.Resource) (template.Made, error) {
	var p struct {
		Name, Type, Value, Description, Tier string
		Tags                                 any
	}
	if err := s.values.Properties(r, &p); err != nil {
		return template.Made{}, err
	}
	limit := map[string]int{"": 4096, "Standard": 4096, "Advanced": 8192}[p.Tier]
	if len(p.Value) > limit {
		return template.Made{}, fmt.Errorf("the parameter %s has %d bytes: its tier %s takes %d", p.Name, len(p.Value), p.Tier, limit)
	}
	if p.Type != "String" {
		return template.Made{}, fmt.Errorf("the parameter %s is a %s: only String is known here", p.Name, p.Type)
	}
	s.gateway.PutParameter(p.Name, p.Value)
	return template.Made{Ref: p.Name, Attributes: map[string]string{"Type": p.Type, "Value": p.Value}}, nil
}

// Parameter gives the text of a parameter of Parameter Store, "" for none.
func (s *Stack) Parameter(name string) string { return s.gateway.Parameter(name) }

// SetParameter changes a parameter of Parameter Store, as a deployment or a hand does.
func (s *Stack) SetParameter(name, text string) { s.gateway.PutParameter(name, text) }

// secretARN makes the ARN of a secret; AWS adds six characters by chance.
func (s *Stack) secretARN(name string) string {
	return s.arn("secretsmanager", "secret:"+name+"-local0")
}

func (s *Stack) makeSecret(_ context.Context, r template.Resource) (template.Made, error) {
	var p struct {
		Name, Description, SecretString string
		KmsKeyId                        string //nolint:revive,staticcheck // CloudFormation's name
		GenerateSecretString            *struct {
			ExcludePunctuation                      bool
			PasswordLength                          int
			SecretStringTemplate, GenerateStringKey string
		}
		Tags any
	}
	if err := s.values.Properties(r, &p); err != nil {
		return template.Made{}, err
	}
	text, given := s.cfg.Secrets[strings.TrimPrefix(p.Name, s.cfg.Name+"/")]
	switch g := p.GenerateSecretString; {
	case given:
	case g == nil:
		text = p.SecretString
	default:
		length := g.PasswordLength
		if length == 0 {
			length = 32
		}
		var err error
		if text, err = generated(length, g.SecretStringTemplate, g.GenerateStringKey); err != nil {
			return template.Made{}, fmt.Errorf("the secret %s: %w", p.Name, err)
		}
	}
	arn := s.secretARN(p.Name)
	s.gateway.PutSecret(arn, p.Name, text)
	return template.Made{Ref: arn, Attributes: map[string]string{"Id": arn}}, nil
}

// generated makes a text of letters and digits by chance and puts it under the key of the object, if there is one.
func generated(length int, object, key string) (string, error) {
	password := ""
	for len(password) < length {
		password += rand.Text()
	}
	password = password[:length]
	if key == "" {
		return password, nil
	}
	var o map[string]any
	if err := json.Unmarshal([]byte(object), &o); err != nil {
		return "", fmt.Errorf("SecretStringTemplate: %w", err)
	}
	o[key] = password
	text, err := json.Marshal(o)
	return string(text), err
}
