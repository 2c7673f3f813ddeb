package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// script is a CLI that keeps what it was called with and answers from files: <words>.says on standard output, or <words>.fails
// on standard error. <words>.2.says answers the second call.
const script = `#!/bin/sh
echo "$NAME $* [$AWS_REGION]" >> %DIR%/calls
for words in "$1-$2-${4##*/}" "$1-$2" "$1"; do
  n=$(cat "%DIR%/$NAME-$words.count" 2>/dev/null || echo 0); n=$((n+1)); echo $n > "%DIR%/$NAME-$words.count"
  for f in "%DIR%/$NAME-$words.$n" "%DIR%/$NAME-$words"; do
    if [ -f "$f.fails" ]; then cat "$f.fails" >&2; exit 254; fi
    if [ -f "$f.says" ]; then cat "$f.says"; exit 0; fi
  done
done
exit 0
`

const config = `{"app":"x","context":{"stages":{
  "dev":{"development":true},
  "local":{"development":true},
  "prod":{"account":"111111111111","region":"eu-central-1"},
  "keyed":{"account":"111111111111","region":"eu-central-1","key":"customer"},
  "named":{"account":"111111111111","region":"eu-central-1","secrets":{"engage":"arn:e","exorg":"arn:x","exorg-read":"arn:r","webhook":"arn:w"}},
  "nowhere":{"settings":{}}}}}`

const (
	absent  = "An error occurred (ValidationError) when calling the DescribeStacks operation: Stack with id x does not exist"
	noTable = "An error occurred (ResourceNotFoundException) when calling the DescribeTable operation"
	caller  = `{"Account":"111111111111","Arn":"arn:aws:sts::111111111111:assumed-role/deploy/jane"}`
	ready   = `{"Stacks":[{"StackStatus":"UPDATE_COMPLETE"}]}`
)

// stubs are an aws and a cdk of the test, and what the operator types.
type stubs struct {
	t        *testing.T
	dir      string
	env      map[string]string
	typed    string
	terminal bool
}

func newStubs(t *testing.T) *stubs {
	t.Helper()
	s := &stubs{t: t, dir: t.TempDir(), env: map[string]string{"STAGE": "prod"}}
	for _, name := range []string{"aws", "cdk"} {
		s.put(name, strings.ReplaceAll(strings.ReplaceAll(script, "%DIR%", s.dir), "$NAME", name), 0o700)
	}
	s.put("cdk.json", config, 0o600)
	t.Setenv("PATH", s.dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	s.aws("sts-get-caller-identity.says", caller)
	s.aws("cloudformation-describe-stacks-CDKToolkit.says", ready)
	s.aws("cloudformation-describe-stacks.fails", absent)
	s.aws("dynamodb-describe-table.fails", noTable)
	s.aws("secretsmanager-describe-secret.fails", noTable)
	s.aws("cloudformation-describe-change-set.says", `{"Status":"CREATE_COMPLETE","Changes":[{"ResourceChange":{"Action":"Add","LogicalResourceId":"Table","ResourceType":"AWS::DynamoDB::Table"}}]}`)
	return s
}

func (s *stubs) put(name, text string, mode os.FileMode) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), mode); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stubs) aws(name, text string) {
	s.t.Helper()
	other := strings.TrimSuffix(strings.TrimSuffix(name, ".says"), ".fails")
	for _, end := range []string{".says", ".fails"} {
		_ = os.Remove(filepath.Join(s.dir, "aws-"+other+end))
	}
	s.put("aws-"+name, text, 0o600)
}

// run calls the command and returns its exit code, what the operator saw, and the calls that were made.
func (s *stubs) run(action string) (code int, saw string, calls []string) {
	s.t.Helper()
	var out strings.Builder
	d := &deployment{dir: s.dir, getenv: func(k string) string { return s.env[k] }, in: strings.NewReader(s.typed), out: &out, terminal: s.terminal, cdk: filepath.Join(s.dir, "cdk")}
	code = d.main(s.t.Context(), strings.Fields(action))
	text, err := os.ReadFile(filepath.Join(s.dir, "calls"))
	if err != nil && !os.IsNotExist(err) {
		s.t.Fatal(err)
	}
	return code, out.String(), strings.Split(strings.TrimSpace(string(text)), "\n")
}

func called(calls []string, begins string) bool {
	return slices.ContainsFunc(calls, func(c string) bool { return strings.HasPrefix(c, begins) })
}

// What stops a deployment before anything is called that changes something, and what the operator reads then.
func TestADeploymentThatMustNotBe(t *testing.T) {
	tests := []struct {
		name string
		set  func(s *stubs)
		code int
		want string
	}{
		{"YES=no", func(s *stubs) { s.env["YES"] = "no" }, exitUsage, "YES=no is not understood: 1, true or yes"},
		{"YES=0", func(s *stubs) { s.env["YES"] = "0" }, exitUsage, "YES=0 is not understood"},
		{"an unknown stage", func(s *stubs) { s.env["STAGE"] = "prd" }, exitUsage, `cdk.json has no stage "prd"; it has dev, keyed, local, named, nowhere, prod`},
		{"the local stage", func(s *stubs) { s.env["STAGE"] = "local" }, exitRefused, "stage local is what make local"},
		{"a stage that names no account", func(s *stubs) { s.env["STAGE"] = "nowhere" }, exitRefused, "names no account"},
		{"another account", func(s *stubs) {
			s.aws("sts-get-caller-identity.says", `{"Account":"222222222222","Arn":"arn:aws:iam::222222222222:user/jane"}`)
		}, exitRefused, "those of account 222222222222, but cdk.json says that stage prod belongs to account 111111111111"},
		{"another region asked for", func(s *stubs) { s.env["REGION"] = "us-east-1" }, exitRefused, "REGION is us-east-1, but cdk.json says that stage prod belongs to eu-central-1"},
		{"another region in the shell", func(s *stubs) { s.env["AWS_REGION"] = "us-east-1" }, exitRefused, "AWS_REGION is us-east-1"},
		{"another partition", func(s *stubs) {
			s.aws("sts-get-caller-identity.says", `{"Account":"111111111111","Arn":"arn:aws-cn:iam::111111111111:user/jane"}`)
		}, exitRefused, "another partition"},
		{"nobody is signed in", func(s *stubs) { s.aws("sts-get-caller-identity.fails", "Unable to locate credentials") }, exitFailed, "Sign in (aws configure, or aws sso login)"},
		{"an expired token", func(s *stubs) { s.aws("cloudformation-describe-stacks.fails", "An error occurred (ExpiredToken)") }, exitFailed, "whether there is a stack excs-prod cannot be told"},
		{"CDK's stack may not be seen", func(s *stubs) {
			s.aws("cloudformation-describe-stacks-CDKToolkit.fails", "An error occurred (AccessDenied)")
		}, exitFailed, "whether there is a stack CDKToolkit cannot be told"},
		{"CDK's stack is asked for too often", func(s *stubs) {
			s.aws("cloudformation-describe-stacks-CDKToolkit.fails", "An error occurred (Throttling)")
		}, exitFailed, "Throttling"},
		{"CDK was never used, under YES=1", func(s *stubs) {
			s.env["YES"] = "1"
			s.aws("cloudformation-describe-stacks-CDKToolkit.fails", absent)
		}, exitRefused, "YES=1 does not cover that"},
		{"CDK was never used, and the operator says no", func(s *stubs) {
			s.terminal, s.typed = true, "n\n"
			s.aws("cloudformation-describe-stacks-CDKToolkit.fails", absent)
		}, exitRefused, "nothing was done"},
		{"somebody else deploys", func(s *stubs) {
			s.aws("cloudformation-describe-stacks.says", `{"Stacks":[{"StackStatus":"UPDATE_IN_PROGRESS"}]}`)
		}, exitRefused, "is being changed by somebody else"},
		{"a stack that is stuck", func(s *stubs) {
			s.aws("cloudformation-describe-stacks.says", `{"Stacks":[{"StackStatus":"UPDATE_ROLLBACK_FAILED"}]}`)
		}, exitRefused, "continue-update-rollback --stack-name excs-prod"},
		{"a first deployment that failed, and nobody to ask", func(s *stubs) {
			s.aws("cloudformation-describe-stacks.says", `{"Stacks":[{"StackStatus":"ROLLBACK_COMPLETE"}]}`)
		}, exitRefused, "nobody can be asked here"},
		{"kept secrets", func(s *stubs) {
			s.aws("secretsmanager-describe-secret-engage.says", `{"ARN":"arn:aws:secretsmanager:eu-central-1:111111111111:secret:excs-prod/engage-AbCdEf"}`)
		}, exitRefused, "\"secrets\": {\n    \"engage\": \"arn:aws:secretsmanager:eu-central-1:111111111111:secret:excs-prod/engage-AbCdEf\"\n  }"},
		{"secrets about to be deleted", func(s *stubs) {
			s.aws("secretsmanager-describe-secret-exorg.says", `{"ARN":"arn:x","DeletedDate":1764000000}`)
		}, exitRefused, "aws secretsmanager restore-secret --secret-id excs-prod/exorg"},
		{"secrets that may not be seen", func(s *stubs) { s.aws("secretsmanager-describe-secret.fails", "AccessDeniedException") }, exitFailed, "cannot be told"},
		{"a table under another key", func(s *stubs) { s.aws("dynamodb-describe-table.says", `"arn:aws:kms:eu-central-1:111111111111:key/1"`) }, exitRefused, `"keyArn": "arn:aws:kms:eu-central-1:111111111111:key/1"`},
		{"a table under AWS's key, and a customer's key wanted", func(s *stubs) { s.env["STAGE"] = "keyed"; s.aws("dynamodb-describe-table.says", "null") }, exitRefused, `set "key": "aws"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStubs(t)
			test.set(s)
			code, saw, calls := s.run("deploy")
			if code != test.code || !strings.Contains(saw, test.want) {
				t.Errorf("exit %d (want %d), the operator saw:\n%s\nwant: %s", code, test.code, saw, test.want)
			}
			if called(calls, "cdk") || called(calls, "aws cloudformation delete") || called(calls, "aws cloudformation execute") {
				t.Errorf("something was called that changes something:\n%s", strings.Join(calls, "\n"))
			}
		})
	}
}

// A change set is prepared, shown, asked about and executed.
func TestADeployment(t *testing.T) {
	for _, yes := range []string{"1", "true", "YES", ""} {
		s := newStubs(t)
		s.env["YES"], s.terminal, s.typed = yes, yes == "", "y\n"
		code, saw, calls := s.run("deploy")
		if code != 0 || !strings.Contains(saw, "account 111111111111, region eu-central-1, stage prod, as arn:aws:sts::111111111111:assumed-role/deploy/jane") ||
			!strings.Contains(saw, "adds DynamoDB::Table Table") || !called(calls, "aws cloudformation execute-change-set --stack-name excs-prod") {
			t.Errorf("YES=%s: exit %d\n%s\n%s", yes, code, saw, strings.Join(calls, "\n"))
		}
		for _, c := range calls {
			if !strings.HasPrefix(c, "aws configure") && !strings.HasSuffix(c, "[eu-central-1]") {
				t.Errorf("called in another region than the stage's: %s", c)
			}
		}
	}
}

// Whoever says no gets neither the change nor the empty stack that CloudFormation made to hold the change set.
func TestADeploymentThatIsNotWanted(t *testing.T) {
	s := newStubs(t)
	s.terminal, s.typed = true, "n\n"
	code, _, calls := s.run("deploy")
	if code != exitRefused || called(calls, "aws cloudformation execute") || !called(calls, "aws cloudformation delete-stack --stack-name excs-prod") {
		t.Errorf("a new stack: exit %d\n%s", code, strings.Join(calls, "\n"))
	}
	s = newStubs(t)
	s.terminal, s.typed = true, "n\n"
	s.aws("cloudformation-describe-stacks.says", ready)
	code, _, calls = s.run("deploy")
	if code != exitRefused || called(calls, "aws cloudformation delete-stack") || !called(calls, "aws cloudformation delete-change-set") {
		t.Errorf("a stack that is there: exit %d\n%s", code, strings.Join(calls, "\n"))
	}
}

// YES=1 does not stand in for the name of the stack when a table, a queue or a key would be replaced or deleted.
func TestAChangeThatLosesDataIsTyped(t *testing.T) {
	losing := `{"Status":"CREATE_COMPLETE","Changes":[
	  {"ResourceChange":{"Action":"Modify","LogicalResourceId":"Apply","ResourceType":"AWS::Lambda::Function","Replacement":"False"}},
	  {"ResourceChange":{"Action":"Remove","LogicalResourceId":"Work","ResourceType":"AWS::SQS::Queue"}},
	  {"ResourceChange":{"Action":"Modify","LogicalResourceId":"Table","ResourceType":"AWS::DynamoDB::Table","Replacement":"True"}}]}`
	for _, test := range []struct {
		name, yes, typed string
		terminal         bool
		code             int
	}{
		{"nobody to ask", "1", "", false, exitRefused},
		{"a yes", "", "y\n", true, exitRefused},
		{"YES=1 and a yes", "1", "y\n", true, exitRefused},
		{"the name", "", "excs-prod\n", true, 0},
	} {
		s := newStubs(t)
		s.aws("cloudformation-describe-stacks.says", ready)
		s.aws("cloudformation-describe-change-set.says", losing)
		s.env["YES"], s.terminal, s.typed = test.yes, test.terminal, test.typed
		code, saw, calls := s.run("deploy")
		if code != test.code || called(calls, "aws cloudformation execute") != (code == 0) {
			t.Errorf("%s: exit %d\n%s", test.name, code, saw)
		}
		if want := "  REPLACES DynamoDB::Table Table by a new and empty one\n  DELETES SQS::Queue Work\n  changes Lambda::Function Apply\n"; !strings.Contains(saw, want) {
			t.Errorf("%s: the operator saw\n%s\nwant\n%s", test.name, saw, want)
		}
	}
}

func TestAnUpToDateStackIsLeftAlone(t *testing.T) {
	s := newStubs(t)
	s.aws("cloudformation-describe-stacks.says", ready)
	s.aws("cloudformation-describe-change-set.fails", "An error occurred (ChangeSetNotFound)")
	if code, saw, calls := s.run("deploy"); code != 0 || !strings.Contains(saw, "there is nothing to change") || called(calls, "aws cloudformation execute") {
		t.Errorf("exit %d\n%s", code, saw)
	}
}

// A failed first creation leaves a stack that can only be deleted; what it made is not in the way of the next attempt.
func TestAFailedFirstDeploymentIsClearedAndRepeated(t *testing.T) {
	s := newStubs(t)
	s.env["YES"] = "1"
	s.aws("cloudformation-describe-stacks.says", `{"Stacks":[{"StackStatus":"ROLLBACK_COMPLETE"}]}`)
	code, saw, calls := s.run("deploy")
	if code != 0 || !called(calls, "aws cloudformation delete-stack") || !called(calls, "aws cloudformation execute-change-set") {
		t.Errorf("exit %d\n%s\n%s", code, saw, strings.Join(calls, "\n"))
	}
	if i := slices.IndexFunc(calls, func(c string) bool { return strings.Contains(c, "execute-change-set") }); !strings.Contains(calls[i], "--retain-except-on-create") {
		t.Errorf("executed with %s", calls[i])
	}
}

func TestARolledBackChangeSaysWhy(t *testing.T) {
	s := newStubs(t)
	s.env["YES"] = "1"
	s.aws("cloudformation-wait.fails", "Waiter StackCreateComplete failed")
	s.aws("cloudformation-describe-stack-events.says", "WebhookRule\tThe event source is not pending\n")
	code, saw, _ := s.run("deploy")
	if code != exitFailed || !strings.Contains(saw, "The event source is not pending") || !strings.Contains(saw, "run make deploy STAGE=prod again") {
		t.Errorf("exit %d\n%s", code, saw)
	}
}

// CDK's stack is made after a question of its own, with the qualifier and name that cdk.json gives.
func TestBootstrapping(t *testing.T) {
	s := newStubs(t)
	s.put("cdk.json", strings.Replace(strings.Replace(config, `"app":"x"`, `"app":"x","toolkitStackName":"TeamToolkit"`, 1), `"stages"`, `"@aws-cdk/core:bootstrapQualifier":"team","stages"`, 1), 0o600)
	s.terminal, s.typed = true, "y\ny\n"
	code, saw, calls := s.run("deploy")
	if code != 0 || !called(calls, "cdk bootstrap aws://111111111111/eu-central-1 --toolkit-stack-name TeamToolkit --qualifier team --app") {
		t.Errorf("exit %d\n%s\n%s", code, saw, strings.Join(calls, "\n"))
	}
}

func TestDestroying(t *testing.T) {
	tests := []struct {
		name, table, yes, typed string
		terminal                bool
		state                   string
		code                    int
		want                    string
	}{
		{"nothing there", "", "1", "", false, "", 0, "nothing to do"},
		{"a yes", "", "", "y\n", true, ready, 0, ""},
		{"a no", "", "", "\n", true, ready, exitRefused, "nothing was done"},
		{"protected", "", "1", "", false, `{"Stacks":[{"StackStatus":"UPDATE_COMPLETE","EnableTerminationProtection":true}]}`, exitRefused, "--no-enable-termination-protection"},
		{"the table of another stack", "excs-dev", "1", "", false, ready, exitUsage, "TABLE=excs-dev is not excs-prod"},
		{"the table, and nobody to ask", "excs-prod", "", "", false, ready, exitRefused, "TABLE= needs YES=1 too"},
		{"the table and a mere yes", "excs-prod", "", "y\n", true, ready, exitRefused, "was not typed"},
		{"the table and its name", "excs-prod", "", "excs-prod\n", true, ready, 0, "AND its mapping table"},
		{"the table, both in the command", "excs-prod", "1", "", false, ready, 0, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStubs(t)
			if test.state != "" {
				s.aws("cloudformation-describe-stacks.says", test.state)
			}
			s.env["TABLE"], s.env["YES"], s.terminal, s.typed = test.table, test.yes, test.terminal, test.typed
			code, saw, calls := s.run("destroy")
			if code != test.code || !strings.Contains(saw, test.want) {
				t.Errorf("exit %d (want %d)\n%s", code, test.code, saw)
			}
			if destroyed := called(calls, "cdk destroy"); destroyed != (code == 0 && test.state != "") {
				t.Errorf("destroyed: %v\n%s", destroyed, strings.Join(calls, "\n"))
			}
			if freed := called(calls, "cdk deploy -c stage=prod -c destroyTable=excs-prod"); freed != (code == 0 && test.table != "") {
				t.Errorf("the table was let go: %v", freed)
			}
		})
	}
}

func TestUsage(t *testing.T) {
	s := newStubs(t)
	if code, saw, _ := s.run(""); code != exitUsage || !strings.Contains(saw, "deploy, destroy or diff") {
		t.Errorf("exit %d: %s", code, saw)
	}
	if code, saw, _ := s.run("undeploy"); code != exitUsage || !strings.Contains(saw, `"undeploy" is no action`) {
		t.Errorf("exit %d: %s", code, saw)
	}
	if code, _, calls := s.run("diff"); code != 0 || !called(calls, "cdk diff -c stage=prod") {
		t.Errorf("exit %d: %v", code, calls)
	}
}
