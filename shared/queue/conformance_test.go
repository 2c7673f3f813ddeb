package queue_test

import (
	"errors"
	"testing"

	"excs/shared/awstest"
	"excs/shared/queue/queuetest"
)

// The twin keeps every promise.
func TestMemoryConforms(t *testing.T) {
	t.Parallel()
	queuetest.Run(t, queuetest.InMemory, nil)
}

// fauxqs is the server that a FIFO queue is tried on end to end.
func TestFauxqsConforms(t *testing.T) {
	t.Parallel()
	s, err := awstest.StartNode(t.Context(), `
		import { buildApp } from "fauxqs";
		const app = buildApp({ logger: false });
		console.log(await app.listen({ host: "127.0.0.1", port: 0 }));`)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	queuetest.Run(t, queuetest.OnServer(queuetest.NewClient(s.URL)), queuetest.Allowances{
		"S37 a receipt that was never given is invalid, the others of its batch are deleted": {Reason: "a made-up receipt is answered with success"},
		"one receive takes several messages of a key, and the key is blocked until all of them are answered": {
			Reason: "a receive gives one message of a group at most",
		},
		"letters beyond the first 65,536 come as they were sent": {Reason: "the two halves of a surrogate pair are refused as invalid characters"},
	})
}

// moto is an implementation that shares nothing with fauxqs: what both keep is likely to hold on SQS.
func TestMotoConforms(t *testing.T) {
	t.Parallel()
	s, err := awstest.StartMoto(t.Context())
	if errors.Is(err, awstest.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	queuetest.Run(t, queuetest.OnServer(queuetest.NewClient(s.URL)), queuetest.Allowances{
		"S22 a message sent again after it was deleted does not come again":     {Reason: "a deduplication id is forgotten with its message"},
		"S36 one refused entry is named, the others of its batch are delivered": {Reason: "a control character in a batch is accepted"},
		"S48 eight receivers of 200 messages get each once":                     {Reason: "two receivers may get one message: it is not safe for threads", Flaky: true},
	})
}
