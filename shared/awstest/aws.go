package awstest

import (
	"context"
	"fmt"
	"strconv"
)

// Account is the account number that the stand-ins of StartDynamoDB and StartSQS put into ARNs: fauxqs knows no other.
const Account = "000000000000"

// StartDynamoDB runs dynalite, which plays DynamoDB in the region. The error wraps ErrMissing when it is not installed.
func StartDynamoDB(ctx context.Context, region string) (*Server, error) {
	const script = `
		process.env.AWS_REGION = %s; process.env.AWS_ACCOUNT_ID = %s;
		const dynalite = (await import("dynalite")).default;
		const s = dynalite({ createTableMs: 0, deleteTableMs: 0 });
		s.keepAliveTimeout = 120000;
		s.listen(0, "127.0.0.1", () => console.log("http://127.0.0.1:" + s.address().port));`
	return StartNode(ctx, fmt.Sprintf(script, strconv.Quote(region), strconv.Quote(Account)))
}

// StartSQS runs fauxqs, which plays SQS in the region. The error wraps ErrMissing when it is not installed.
func StartSQS(ctx context.Context, region string) (*Server, error) {
	const script = `
		import { buildApp } from "fauxqs";
		const app = buildApp({ logger: false, defaultRegion: %s });
		app.server.keepAliveTimeout = 120000;
		console.log(await app.listen({ host: "127.0.0.1", port: 0 }));`
	return StartNode(ctx, fmt.Sprintf(script, strconv.Quote(region)))
}
