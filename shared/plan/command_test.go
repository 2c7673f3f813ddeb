package plan_test

import (
	"testing"

	"excs/shared/model"
	"excs/shared/plan"
)

// A command is written for the function and for people, and a text with the one becomes a text with the other.
func TestACommandIsWrittenBothWays(t *testing.T) {
	for _, c := range []struct {
		command        plan.Command
		payload, typed string
	}{
		{plan.Approve("12ab"), `sync {"action":"approve","planHash":"12ab"}`, "make approve HASH=12ab STAGE=prod"},
		{plan.Approve("12ab", model.KindQueue, model.KindMembers), `sync {"action":"approve","planHash":"12ab","kinds":["queue","members"]}`, "make approve HASH=12ab KINDS=queue,members STAGE=prod"},
		{plan.Command{Action: "approve", Keys: []model.Key{user(5)}}, plan.ApproveKey(user(5)), "make approve KEY=user/5 STAGE=prod"},
		{plan.Command{Action: "replay", Keys: []model.Key{user(5), queue(6)}}, `sync {"action":"replay","keys":["user/5","queue/6"]}`, "make replay KEYS=user/5,queue/6 STAGE=prod"},
		{plan.Command{Action: "resume"}, `sync {"action":"resume"}`, "make resume STAGE=prod"},
	} {
		if got := c.command.Payload(); got != c.payload {
			t.Errorf("payload %s, want %s", got, c.payload)
		}
		if got := plan.Typed("a "+c.payload+", then "+c.payload+"; b", "STAGE=prod"); got != "a "+c.typed+", then "+c.typed+"; b" {
			t.Errorf("typed %s", got)
		}
	}
	for _, text := range []string{
		"nothing", `sync {`, `sync {"action":"approve","planHash":"1; rm -rf x"}`, `sync {"action":"a b"}`, `sync {"action":"approve","kinds":["$(x)"]}`,
		`sync {"action":"approve","other":1}`, `sync {"action":"approve","keys":["user/x"]}`, `sync {}`,
	} {
		if got := plan.Typed(text, "STAGE=prod"); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}
