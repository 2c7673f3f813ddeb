package stack

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
)

// leastWebhook is the least time of the webhook: its reads wait for the request budget.
const leastWebhook = time.Minute

// The forms of values. They are what AWS takes; a wrong one would fail only in the middle of a deployment.
var (
	stagePattern    = regexp.MustCompile(`^[a-z][a-z0-9-]{0,18}[a-z0-9]$`)
	accountPattern  = regexp.MustCompile(`^[0-9]{12}$`)
	regionPattern   = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)
	schedulePattern = regexp.MustCompile(`^(rate\(1 (minute|hour|day)\)|rate\(([2-9]|[1-9][0-9]+) (minutes|hours|days)\)|cron\(\S+( \S+){5}\))$`)
	zonePattern     = regexp.MustCompile(`^[A-Za-z]+([/_+-][A-Za-z0-9_+-]+)*$`)
	sourcePattern   = regexp.MustCompile(`^aws\.partner/genesys\.com/[A-Za-z0-9._/-]+$`)
	keyPattern      = regexp.MustCompile(`^arn:aws:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$`)
	arnPattern      = regexp.MustCompile(`^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}$`)
	vpcPattern      = regexp.MustCompile(`^vpc-([0-9a-f]{8}|[0-9a-f]{17})$`)
	subnetPattern   = regexp.MustCompile(`^subnet-([0-9a-f]{8}|[0-9a-f]{17})$`)
	groupPattern    = regexp.MustCompile(`^sg-([0-9a-f]{8}|[0-9a-f]{17})$`)
	tablePattern    = regexp.MustCompile(`^rtb-([0-9a-f]{8}|[0-9a-f]{17})$`)
	emailPattern    = regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s]+$`)
	anything        = regexp.MustCompile(``)
)

// entries lists every setting of a stage. The tenant's own settings are shared/rules'.
func entries() []entry {
	d := defaults("")
	all := []entry{
		{"settings", "the tenant's settings; see their own reference", "a JSON object", "must be given", func(*Stage, any) string { return "" }},
		text("note", "for people; nothing reads it", "a text", "", anything, func(*Stage) *string { return new(string) }),
		flag("development", "no protection against deletion; secrets and logs go with the stack", "false", func(s *Stage) *bool { return &s.Development }),
		text("account", "the account that the stage belongs to: a deployment to another is refused", "12 digits", "", accountPattern, func(s *Stage) *string { return &s.Account }),
		text("region", "the region that the stage belongs to", "a region such as eu-central-1", "", regionPattern, func(s *Stage) *string { return &s.Region }),
		count("concurrency", "workers at the same time; the request budget is shared by all", 2, 1000, d.Concurrency, func(s *Stage, n int) { s.Concurrency = n }),
		text("snapshot", "when Engage is read", "rate(…) or cron(…)", d.Snapshot, schedulePattern, func(s *Stage) *string { return &s.Snapshot }),
		text("verify", "when the EX Org is swept for what no event told", "rate(…) or cron(…)", d.Verify, schedulePattern, func(s *Stage) *string { return &s.Verify }),
		text("timeZone", "of the schedules", "a name such as Europe/Berlin", d.TimeZone, zonePattern, func(s *Stage) *string { return &s.TimeZone }),
		flag("webhook.url", "gives the webhook an HTTPS address, which asks for a secret", "false", func(s *Stage) *bool { return &s.WebhookURL }),
		text("webhook.eventSource", "the partner event source of the EX Org; it must be pending in this account and region", "aws.partner/genesys.com/cloud/<organisation>/<suffix>", "", sourcePattern, func(s *Stage) *string { return &s.EventSource }),
		flag("exorgReadSecret", "a secret of their own for the functions that only read the EX Org; false: they use the writer's", "true", func(s *Stage) *bool { return &s.ReadSecret }),
		{"key", "who owns the key of table, queues, secrets, logs and alarms", `"aws" or "customer"`, "aws", readKey},
		text("keyArn", "a customer's key that is there already, instead of a new one: that of a table which an earlier stack left, say", "the ARN of a KMS key", "", keyPattern, func(s *Stage) *string { return &s.KeyARN }),
		{"logDays", "how long log lines are kept", "one of " + retentionList(), fmt.Sprint(d.LogDays), readLogDays},
		text("vpc.id", "the network of the functions that read the Configuration Database; it needs a way out to the EX Org", "vpc-…", "", vpcPattern, func(s *Stage) *string { return &s.VPC.ID }),
		list("vpc.subnets", "their subnets", "subnet-…", subnetPattern, func(s *Stage) *[]string { return &s.VPC.Subnets }),
		list("vpc.securityGroups", "their security groups; without one the stack makes one", "sg-…", groupPattern, func(s *Stage) *[]string { return &s.VPC.SecurityGroups }),
		flag("vpc.endpoints", "makes endpoints for DynamoDB, SQS, Secrets Manager and Parameter Store", "false", func(s *Stage) *bool { return &s.VPC.Endpoints }),
		list("vpc.routeTables", "the route tables of the subnets, for the endpoint of DynamoDB", "rtb-…", tablePattern, func(s *Stage) *[]string { return &s.VPC.RouteTables }),
		list("alarmEmails", "who is told of alarms; each has to confirm", "an address", emailPattern, func(s *Stage) *[]string { return &s.AlarmEmails }),
		{"tags", "further tags of every resource", "an object of texts", "{}", readTags},
	}
	for _, name := range []secret{engageSecret, exorgSecret, readSecret, webhookSecret} {
		all = append(all, entry{"secrets." + string(name), "a secret that is there already, instead of a new one", "the whole ARN of a secret", "", func(s *Stage, v any) string {
			arn, isText := v.(string)
			if !isText || !arnPattern.MatchString(arn) {
				return show(v)
			}
			s.Secrets[name] = arn
			return ""
		}})
	}
	return append(all, sizes()...)
}

// sizes are the entries of memory and time of each function.
func sizes() []entry {
	var all []entry
	for _, f := range bundle() {
		all = append(all,
			count("functions."+f.name+".memory", "MB; the processor's share grows with it", 128, 10240, f.size.Memory, func(s *Stage, n int) {
				size := s.Sizes[f.name]
				size.Memory = n
				s.Sizes[f.name] = size
			}),
			duration("functions."+f.name+".timeout", "when a run is cut off", 10*time.Second, 15*time.Minute, f.size.Timeout, func(s *Stage, d time.Duration) {
				size := s.Sizes[f.name]
				size.Timeout = d
				s.Sizes[f.name] = size
			}))
	}
	return all
}

func readKey(s *Stage, v any) string {
	switch v {
	case "aws", "customer":
		s.CustomerKey = v == "customer"
		return ""
	default:
		return show(v)
	}
}

func readLogDays(s *Stage, v any) string {
	days, _ := v.(float64)
	if _, ok := retentions()[int(days)]; !ok || float64(int(days)) != days {
		return show(v)
	}
	s.LogDays = int(days)
	return ""
}

func readTags(s *Stage, v any) string {
	o, isObject := v.(map[string]any)
	if !isObject {
		return show(v)
	}
	for _, key := range sortedKeys(o) {
		t, isText := o[key].(string)
		if !isText || key == "" || strings.HasPrefix(key, "aws:") {
			return show(map[string]any{key: o[key]})
		}
		s.Tags[key] = t
	}
	return ""
}

// retentions are the times that CloudWatch Logs takes, in days.
func retentions() map[int]awslogs.RetentionDays {
	return map[int]awslogs.RetentionDays{
		7: awslogs.RetentionDays_ONE_WEEK, 14: awslogs.RetentionDays_TWO_WEEKS, 30: awslogs.RetentionDays_ONE_MONTH,
		60: awslogs.RetentionDays_TWO_MONTHS, 90: awslogs.RetentionDays_THREE_MONTHS, 180: awslogs.RetentionDays_SIX_MONTHS,
		365: awslogs.RetentionDays_ONE_YEAR, 731: awslogs.RetentionDays_TWO_YEARS, 1827: awslogs.RetentionDays_FIVE_YEARS,
		3653: awslogs.RetentionDays_TEN_YEARS,
	}
}

func retentionList() string {
	var days []string
	for _, d := range sortedKeys(retentions()) {
		days = append(days, fmt.Sprint(d))
	}
	return strings.Join(days, ", ")
}

// Reference writes every setting of a stage as a Markdown table.
func Reference() string {
	var b strings.Builder
	b.WriteString("# Settings of a stage\n\n" +
		"They stand in `cdk.json` under `context.stages.<stage>`. A dot in a key stands for a nested object.\n" +
		"Unknown keys are errors, and every fault is named before anything is made.\n\n" +
		"| key | default | allowed | meaning |\n|---|---|---|---|\n")
	for _, e := range entries() {
		fallback := "-"
		if e.fallback != "" {
			fallback = "`" + e.fallback + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", e.path, fallback, strings.ReplaceAll(e.allowed, "|", `\|`), strings.ReplaceAll(e.meaning, "|", `\|`))
	}
	return b.String()
}
