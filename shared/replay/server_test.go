package replay_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"excs/shared/awstest"
	"excs/shared/mapping"
	"excs/shared/queue"
	"excs/shared/queue/queuetest"
	"excs/shared/replay"
)

// The same on an SQS server, whose receives give one letter of an object at a time: all letters of an object go for one
// message, what is left is visible at once, and a dry run before it changes nothing.
func TestOnServer(t *testing.T) {
	s, err := awstest.StartNode(t.Context(), `
		import { buildApp } from "fauxqs";
		const app = buildApp({ logger: false });
		console.log(await app.listen({ host: "127.0.0.1", port: 0 }));`)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	client := queuetest.NewClient(s.URL)
	work, _ := onServer(t, client, "work.fifo")
	dead, url := onServer(t, client, "dead.fifo")
	h := newHouse()
	var letters []queue.Message
	for _, n := range []int64{1, 2} {
		version := h.row(t, user(n), mapping.StateQuarantined).Version
		for i := range 3 {
			l := h.letter(user(n), version)
			l.Token = strconv.Itoa(i)
			letters = append(letters, l)
		}
	}
	letters = append(letters, h.letter(user(3), h.row(t, user(3), mapping.StateHeld).Version), h.letter(user(4), h.row(t, user(4), mapping.StateConverged).Version))
	if err := dead.Send(t.Context(), letters); err != nil {
		t.Fatal(err)
	}
	group, body := "user/5", "nonsense"
	if _, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body, MessageGroupId: &group, MessageDeduplicationId: &group}); err != nil {
		t.Fatal(err)
	}
	r := replay.New(replay.Config{Letters: dead, Work: work, Rows: h.table, PerMinute: 300, Wait: time.Second, Now: h.clock.Now})
	dry, err := r.Replay(t.Context(), replay.Request{Dry: true})
	if err != nil || dry.Remaining != 9 || dry.Counts.Objects != 2 {
		t.Fatalf("%v, %+v, remaining %d", err, dry.Counts, dry.Remaining)
	}
	report, err := r.Replay(t.Context(), replay.Request{})
	if err != nil || report.Counts != (replay.Counts{Letters: 9, Moved: 6, Dropped: 1, Left: 2, Objects: 2}) || report.Remaining != 2 {
		t.Fatalf("%v, %+v, remaining %d", err, report.Counts, report.Remaining)
	}
	again, err := r.Replay(t.Context(), replay.Request{})
	if d := cmp.Diff(report.Left, again.Left); err != nil || d != "" || again.Acts() {
		t.Errorf("%v, the second replay %+v, %s", err, again.Counts, d)
	}
	if waiting, inFlight, err := work.Depth(t.Context()); err != nil || waiting != 2 || inFlight != 0 {
		t.Errorf("%d messages wait, %d are in flight, %v", waiting, inFlight, err)
	}
}

func onServer(t *testing.T, client *sqs.Client, name string) (*queue.SQS, string) {
	t.Helper()
	url, err := queuetest.CreateFIFO(t.Context(), client, name, nil)
	if err != nil {
		t.Fatal(err)
	}
	return queue.NewSQS(client, url), url
}
