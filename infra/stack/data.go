package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/jsii-runtime-go"

	"excs/shared/mapping"
)

const (
	// restoreDays is how far back the table can be restored, the longest that DynamoDB offers.
	restoreDays = 35
	// deadDays is how long a dead letter is kept, the longest that SQS offers.
	deadDays = 14
	// workDays is how long a message waits at most. A lost one is queued again from its row.
	workDays = 4
	// receives is how often a message may be received until SQS takes it to the dead letters. Each wait for the budget costs
	// one, and the row's own count decides what failed for good: this is for crashes only.
	receives = 20
	// visibilityFactor is how many timeouts of the worker a message stays hidden: Lambda asks for six, so that a batch that
	// is throttled is not worked on twice.
	visibilityFactor = 6
)

// data makes what is remembered: key, table, queues, settings.
func (s *Stack) data() {
	if s.stage.CustomerKey {
		s.customerKey()
	}
	s.mappingTable()
	s.queues()
	s.settings()
}

// customerKey makes the key of table, queues, secrets, logs and the alarm topic. It is kept as long as the table: without
// its key a table is noise. A key that is there already belongs to whoever made it, and so does its policy: RUNBOOK says what
// it must allow.
func (s *Stack) customerKey() {
	if s.stage.KeyARN != "" {
		s.key = awskms.Key_FromKeyArn(s.Stack, jsii.String("Key"), &s.stage.KeyARN)
		return
	}
	key := awskms.NewKey(s.Stack, jsii.String("Key"), &awskms.KeyProps{
		Alias:             jsii.String("alias/" + s.name),
		Description:       jsii.String("EXCS: data of " + s.name),
		EnableKeyRotation: jsii.Bool(true),
		RemovalPolicy:     s.kept(),
	})
	s.key = key
	account := map[string]any{"aws:SourceAccount": s.Account()}
	// Without this CloudWatch can not publish to the topic, and no alarm says so.
	key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String("Alarms"),
		Principals: principals("cloudwatch.amazonaws.com"),
		Actions:    jsii.Strings("kms:Decrypt", "kms:GenerateDataKey*"),
		Resources:  jsii.Strings("*"),
		Conditions: &map[string]any{
			"StringEquals": account,
			"ArnLike":      map[string]any{"aws:SourceArn": s.arn("cloudwatch", "alarm:"+s.name+"-*")},
		},
	}), nil)
	key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String("Logs"),
		Principals: principals("logs." + *s.Region() + "." + *s.UrlSuffix()),
		Actions:    jsii.Strings("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"),
		Resources:  jsii.Strings("*"),
		Conditions: &map[string]any{
			"ArnLike": map[string]any{"kms:EncryptionContext:aws:logs:arn": s.arn("logs", "log-group:"+logPrefix+s.name+"-*")},
		},
	}), nil)
}

func principals(service string) *[]awsiam.IPrincipal {
	return &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(&service, nil)}
}

// mappingTable makes the table as shared/mapping defines it. Table, not TableV2: a global table can not be made in a stack
// that is bound to no region when it has a key of the customer's.
func (s *Stack) mappingTable() {
	schema := mapping.Schema()
	props := &awsdynamodb.TableProps{
		TableName:           s.called("mapping"),
		PartitionKey:        attribute(schema.PK),
		SortKey:             attribute(schema.SK),
		BillingMode:         awsdynamodb.BillingMode_PAY_PER_REQUEST,
		TimeToLiveAttribute: &schema.TTL,
		PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{
			PointInTimeRecoveryEnabled: jsii.Bool(true), RecoveryPeriodInDays: jsii.Number(restoreDays),
		},
		DeletionProtection: jsii.Bool(!s.stage.Development && !s.stage.Destroy),
		RemovalPolicy:      s.kept(),
	}
	if s.key != nil {
		props.Encryption, props.EncryptionKey = awsdynamodb.TableEncryption_CUSTOMER_MANAGED, s.key
	}
	s.table = awsdynamodb.NewTable(s.Stack, jsii.String("Mapping"), props)
	s.table.AddGlobalSecondaryIndex(&awsdynamodb.GlobalSecondaryIndexProps{
		IndexName:        &schema.IndexName,
		PartitionKey:     attribute(schema.IndexPK),
		SortKey:          attribute(schema.IndexSK),
		ProjectionType:   awsdynamodb.ProjectionType_INCLUDE,
		NonKeyAttributes: jsii.Strings(schema.IndexInclude...),
	})
}

func attribute(name string) *awsdynamodb.Attribute {
	return &awsdynamodb.Attribute{Name: &name, Type: awsdynamodb.AttributeType_STRING}
}

// queues makes the work queue, its dead letters, and the queue of what never reached a function. Dead letters go with the
// stack: each is a note, and the row in the table that is kept says the same and can be released without it.
func (s *Stack) queues() {
	s.dead = awssqs.NewQueue(s.Stack, jsii.String("Dead"), s.fifo(awssqs.QueueProps{
		QueueName:       s.called("dead.fifo"),
		RetentionPeriod: awscdk.Duration_Days(jsii.Number(deadDays)),
		// The ARN is built from the name: two attributes would be a circle.
		RedriveAllowPolicy: &awssqs.RedriveAllowPolicy{
			RedrivePermission: awssqs.RedrivePermission_BY_QUEUE,
			SourceQueues: &[]awssqs.IQueue{
				awssqs.Queue_FromQueueArn(s.Stack, jsii.String("WorkByName"), s.arn("sqs", s.name+"-work.fifo")),
			},
		},
	}))
	s.work = awssqs.NewQueue(s.Stack, jsii.String("Work"), s.fifo(awssqs.QueueProps{
		QueueName:         s.called("work.fifo"),
		RetentionPeriod:   awscdk.Duration_Days(jsii.Number(workDays)),
		VisibilityTimeout: awscdk.Duration_Seconds(jsii.Number(visibilityFactor * s.stage.Sizes[apply].Timeout.Seconds())),
		DeadLetterQueue:   &awssqs.DeadLetterQueue{Queue: s.dead, MaxReceiveCount: jsii.Number(receives)},
	}))
	// A standard queue: Scheduler, EventBridge and Lambda refuse a FIFO queue here. Encrypted by SQS itself: EventBridge can
	// not use a key of the customer's whose policy names its source, and would drop every event without a word.
	s.lost = awssqs.NewQueue(s.Stack, jsii.String("Undelivered"), &awssqs.QueueProps{
		QueueName:       s.called("undelivered"),
		RetentionPeriod: awscdk.Duration_Days(jsii.Number(deadDays)),
		Encryption:      awssqs.QueueEncryption_SQS_MANAGED,
		EnforceSSL:      jsii.Bool(true),
		RemovalPolicy:   awscdk.RemovalPolicy_DESTROY,
	})
}

// fifo completes a FIFO queue. No deduplication by content: two equal looks at an object are two. Deduplication and
// throughput per group, which must go together, lift the limit of 300 calls a second.
func (s *Stack) fifo(p awssqs.QueueProps) *awssqs.QueueProps {
	p.Fifo = jsii.Bool(true)
	p.DeduplicationScope = awssqs.DeduplicationScope_MESSAGE_GROUP
	p.FifoThroughputLimit = awssqs.FifoThroughputLimit_PER_MESSAGE_GROUP_ID
	p.EnforceSSL = jsii.Bool(true)
	p.RemovalPolicy = awscdk.RemovalPolicy_DESTROY
	p.Encryption = awssqs.QueueEncryption_SQS_MANAGED
	if s.key != nil {
		p.Encryption, p.EncryptionMasterKey = awssqs.QueueEncryption_KMS, s.key
		p.DataKeyReuse = awscdk.Duration_Hours(jsii.Number(1)) // few calls of the key
	}
	return &p
}

// settings makes the parameter with the tenant's settings, which every function reads when it starts.
func (s *Stack) settings() {
	tier := awsssm.ParameterTier_STANDARD
	if len(s.stage.Settings) > standardBytes {
		tier = awsssm.ParameterTier_ADVANCED
	}
	s.parameter = awsssm.NewStringParameter(s.Stack, jsii.String("Settings"), &awsssm.StringParameterProps{
		ParameterName: jsii.String("/" + s.name + "/settings"),
		Description:   jsii.String("EXCS: settings of the tenant; change them in cdk.json and deploy"),
		StringValue:   &s.stage.Settings,
		Tier:          tier,
	})
}
