package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
)

// place prepares the network of the functions that read the Configuration Database. They reach the EX Org too, so the
// subnets need a way out to it (a NAT gateway or a proxy); endpoints keep the traffic to AWS inside.
//
// The network is named by its attributes, never looked up: a look-up needs an account at synthesis.
func (s *Stack) place() {
	v := s.stage.VPC
	if v.ID == "" {
		return
	}
	s.network = &network{groups: *jsii.Strings(v.SecurityGroups...)}
	if len(v.SecurityGroups) == 0 {
		group := awsec2.NewCfnSecurityGroup(s.Stack, jsii.String("FunctionsGroup"), &awsec2.CfnSecurityGroupProps{
			VpcId: &v.ID, GroupName: s.called("functions"),
			GroupDescription:    jsii.String("EXCS: functions that read the Configuration Database; nothing comes in"),
			SecurityGroupEgress: []any{&awsec2.CfnSecurityGroup_EgressProperty{IpProtocol: jsii.String("-1"), CidrIp: jsii.String("0.0.0.0/0")}},
		})
		s.network.groups = []*string{group.AttrGroupId()}
	}
	if v.Endpoints {
		s.endpoints()
	}
}

// attach places a function in the network. It goes past CDK's own property, which wants to know zones and route tables of
// the subnets for no use.
func (s *Stack) attach(fn awslambda.Function) {
	fn.Node().DefaultChild().(awslambda.CfnFunction).SetVpcConfig(&awslambda.CfnFunction_VpcConfigProperty{
		SubnetIds: jsii.Strings(s.stage.VPC.Subnets...), SecurityGroupIds: &s.network.groups,
	})
}

// endpoints lets the functions reach what they need of AWS without leaving the network: the table through the route tables,
// queues, secrets and settings through an interface in each subnet. Logs and traces leave by Lambda's own way.
func (s *Stack) endpoints() {
	v := s.stage.VPC
	var doors []any
	for _, from := range s.network.groups {
		doors = append(doors, &awsec2.CfnSecurityGroup_IngressProperty{
			IpProtocol: jsii.String("tcp"), FromPort: jsii.Number(443), ToPort: jsii.Number(443), SourceSecurityGroupId: from,
			Description: jsii.String("functions of EXCS"),
		})
	}
	group := awsec2.NewCfnSecurityGroup(s.Stack, jsii.String("EndpointsGroup"), &awsec2.CfnSecurityGroupProps{
		VpcId: &v.ID, GroupName: s.called("endpoints"), SecurityGroupIngress: doors,
		GroupDescription: jsii.String("EXCS: endpoints of AWS services; the functions come in"),
	})
	awsec2.NewCfnVPCEndpoint(s.Stack, jsii.String("DynamodbEndpoint"), &awsec2.CfnVPCEndpointProps{
		VpcId: &v.ID, ServiceName: s.serviceName("dynamodb"), VpcEndpointType: jsii.String("Gateway"), RouteTableIds: anys(v.RouteTables...),
	})
	for _, service := range []string{"sqs", "secretsmanager", "ssm"} {
		awsec2.NewCfnVPCEndpoint(s.Stack, jsii.String(constructOf(service)+"Endpoint"), &awsec2.CfnVPCEndpointProps{
			VpcId: &v.ID, ServiceName: s.serviceName(service), VpcEndpointType: jsii.String("Interface"),
			SubnetIds: anys(v.Subnets...), SecurityGroupIds: &[]any{group.AttrGroupId()}, PrivateDnsEnabled: jsii.Bool(true),
		})
	}
}

func (s *Stack) serviceName(service string) *string {
	return jsii.String("com.amazonaws." + *s.Region() + "." + service)
}

// anys is a list in the form in which CDK takes ids of things that may also be constructs.
func anys(texts ...string) *[]any {
	list := make([]any, len(texts))
	for i, t := range texts {
		list[i] = t
	}
	return &list
}
