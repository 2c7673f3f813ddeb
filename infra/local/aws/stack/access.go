package stack

import (
	"context"
	"encoding/json"
	"fmt"

	"excs/infra/local/aws/policy"
	"excs/infra/local/aws/template"
	"excs/shared/awstest"
)

// role is a role that was made. Whoever acts under it signs with its access key.
type role struct {
	name, arn, accessKey string
	trust                policy.Document
}

func (s *Stack) makeRole(_ context.Context, r template.Resource) (template.Made, error) {
	var p struct {
		RoleName, Description    string
		AssumeRolePolicyDocument json.RawMessage
		Policies                 []struct {
			PolicyName     string
			PolicyDocument json.RawMessage
		}
		Tags any
	}
	if err := s.values.Properties(r, &p); err != nil {
		return template.Made{}, err
	}
	name := p.RoleName
	if name == "" {
		name = s.cfg.Name + "-" + r.ID
	}
	// The stand-ins take letters and digits only.
	made := &role{name: name, arn: "arn:aws:iam::" + awstest.Account + ":role/" + name, accessKey: "ROLE" + r.ID}
	var err error
	if made.trust, err = policy.Parse(p.AssumeRolePolicyDocument); err != nil {
		return template.Made{}, err
	}
	var documents []*policy.Document
	for _, inline := range p.Policies {
		d, err := policy.Parse(inline.PolicyDocument)
		if err != nil {
			return template.Made{}, fmt.Errorf("policy %s: %w", inline.PolicyName, err)
		}
		documents = append(documents, &d)
	}
	s.roles[made.arn] = made
	s.gateway.AddRole(made.accessKey, name, documents...)
	return template.Made{Ref: name, Attributes: map[string]string{"Arn": made.arn, "RoleId": made.accessKey}}, nil
}

// assume gives the role that a service acts under, if the role trusts the service.
func (s *Stack) assume(arn, service string, source map[string]string) (*role, error) {
	r := s.roles[arn]
	if r == nil {
		return nil, fmt.Errorf("the role %s is not in the stack", arn)
	}
	context := map[string]string{"aws:SourceAccount": awstest.Account}
	for key, value := range source {
		context[key] = value
	}
	if !policy.Decide(policy.Request{Principal: "Service:" + service, Action: "sts:AssumeRole", Context: context}, &r.trust).Allowed {
		return nil, fmt.Errorf("the role %s does not trust %s", r.name, service)
	}
	return r, nil
}

// permission is a Lambda permission: who may invoke a function.
type permission struct {
	function, action, principal  string
	sourceARN, authType, account string
	viaURL                       bool
}

func (s *Stack) makePermission(_ context.Context, r template.Resource) (template.Made, error) {
	var p struct {
		FunctionName, Action, Principal string
		SourceArn, SourceAccount        string //nolint:revive,staticcheck // CloudFormation's names
		FunctionUrlAuthType             string //nolint:revive,staticcheck // CloudFormation's name
		InvokedViaFunctionUrl           bool   //nolint:revive,staticcheck // CloudFormation's name
	}
	if err := s.values.Properties(r, &p); err != nil {
		return template.Made{}, err
	}
	f, err := s.functionAt(p.FunctionName)
	if err != nil {
		return template.Made{}, err
	}
	s.grants = append(s.grants, permission{
		function: f.Name(), action: p.Action, principal: p.Principal, sourceARN: p.SourceArn, account: p.SourceAccount,
		authType: p.FunctionUrlAuthType, viaURL: p.InvokedViaFunctionUrl,
	})
	return template.Made{Ref: r.ID}, nil
}

// permits says whether a permission of the function lets a service in.
func (s *Stack) permits(function, principal, sourceARN string) bool {
	for _, g := range s.grants {
		if g.function == function && g.action == "lambda:InvokeFunction" && g.principal == principal && !g.viaURL &&
			(g.sourceARN == "" || g.sourceARN == sourceARN) && (g.account == "" || g.account == awstest.Account) {
			return true
		}
	}
	return false
}

// permitsURL says whether the function's URL lets everybody in. AWS asks for both permissions.
func (s *Stack) permitsURL(function string) bool {
	url, invoke := false, false
	for _, g := range s.grants {
		if g.function != function || g.principal != "*" {
			continue
		}
		url = url || g.action == "lambda:InvokeFunctionUrl" && g.authType == authNone
		invoke = invoke || g.action == "lambda:InvokeFunction" && g.viaURL
	}
	return url && invoke
}

func (s *Stack) makeKey(_ context.Context, r template.Resource) (template.Made, error) {
	return template.Made{Ref: r.ID, Attributes: map[string]string{"Arn": s.arn("kms", "key/"+r.ID)}}, nil
}
