package exorg_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
	"excs/shared/exorg/internal/script"
	"excs/shared/exorg/internal/wire"
)

func TestQueueChanged(t *testing.T) {
	const was = `{"id":"q","name":"A","peerId":"1","memberCount":3,"dateModified":"2026-11-30T10:00:00.000Z","description":"x","acwSettings":{"timeoutMs":5}}`
	for _, tt := range []struct {
		name, earlier, body string
		want                bool
	}{
		{"the same", was, was, false},
		{"other order and space", was, `{"description":"x", "acwSettings":{"timeoutMs":5.0},"id":"q","name":"A"}`, false},
		{"numbers of members, stamps, name and peer id", was, `{"id":"q","name":"B","peerId":"2","memberCount":9,"joinedMemberCount":1,"dateModified":"2026-11-30T11:00:00.000Z","modifiedBy":"m","description":"x","acwSettings":{"timeoutMs":5}}`, false},
		{"a setting", was, `{"id":"q","dateModified":"2026-11-30T10:00:00.000Z","description":"y","acwSettings":{"timeoutMs":5}}`, true},
		{"a setting deep within", was, `{"id":"q","description":"x","acwSettings":{"timeoutMs":6},"dateModified":"2026-11-30T10:00:01Z"}`, true},
		{"a setting that went", was, `{"id":"q","description":"x","dateModified":"2026-11-30T10:00:01Z"}`, true},
		{"an older body", was, `{"id":"q","description":"y","dateModified":"2026-11-30T09:59:59.999Z"}`, false},
		{"nothing was seen yet", "", was, true},
		{"what was seen is no body", "[]", was, true},
		{"another queue's", was, `{"id":"r","description":"y","dateModified":"2026-11-30T11:00:00Z"}`, false},
		{"no body", was, `null`, false},
		{"rubbish", was, `{`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := exorg.QueueChanged(json.RawMessage(tt.earlier), json.RawMessage(tt.body)); got != tt.want {
				t.Errorf("changed: %v", got)
			}
		})
	}
	if exorg.QueueIDOf(json.RawMessage(was)) != "q" || exorg.QueueIDOf(nil) != "" {
		t.Error("the id of a body")
	}
}

// Bodies come whole, from both halves of the list, over pages, each once.
func TestQueueBodies(t *testing.T) {
	c, org := orgClient(t, exorgtest.WithPageSize(2))
	want := map[string]string{}
	for i := range 7 {
		in := map[string]any{"name": fmt.Sprintf("Q%d", i), "description": fmt.Sprintf("d%d", i)}
		if i%2 == 0 {
			in["peerId"] = fmt.Sprint(i)
		}
		id, err := org.AddQueue(in)
		if err != nil {
			t.Fatal(err)
		}
		want[id] = fmt.Sprintf("d%d", i)
	}
	got := map[string]string{}
	if err := c.QueueBodies(t.Context(), func(q exorg.Queue) {
		var body struct{ Description string }
		if err := json.Unmarshal(q.Raw, &body); err != nil {
			t.Error(err)
		}
		if _, twice := got[q.ID]; twice {
			t.Errorf("%s came twice", q.Name)
		}
		got[q.ID] = body.Description
	}); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A 400 whose words blame something else than a name is no duplicate; one that says nothing may be; only words that say so are taken for one.
func TestWhatA400Says(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		duplicate  bool
		taken      bool
	}{
		{"nothing", `{"message":"The request could not be understood.","code":"bad.request","status":400}`, true, false},
		{"that the name exists", `{"message":"A queue with that name already exists.","code":"bad.request","status":400}`, true, true},
		{"by its code", `{"message":"No.","code":"duplicate.value","status":400,"details":[{"fieldName":"name","errorCode":"duplicate.value"}]}`, true, true},
		{"a value", `{"message":"Value [x] is not valid for field type [Mode]. Allowable values are: a","code":"bad.request","status":400}`, false, false},
		{"another field", `{"message":"No.","code":"invalid.value","status":400,"details":[{"fieldName":"queueFlow","errorCode":"x"}]}`, false, false},
		{"a limit", `{"message":"No more.","code":"limit.exceeded","status":400,"limit":{"key":"queues.max","value":5000}}`, false, false},
		{"an empty limit", `{"message":"No.","code":"bad.request","status":400,"limit":{}}`, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _, _ := played(t, script.JSON(http.StatusBadRequest, tt.body))
			err := c.Call(t.Context(), wire.Request{Op: "create queue", Method: http.MethodPost, Route: "/routing/queues", Body: 1, Unproven: true}, nil)
			if exorg.IsDuplicate(err) != tt.duplicate || exorg.SaysTaken(err) != tt.taken || !exorg.IsRefusedBody(err) {
				t.Errorf("duplicate %v, taken %v: %v", exorg.IsDuplicate(err), exorg.SaysTaken(err), err)
			}
			if exorg.WordsOf(err) == "" {
				t.Error("no words")
			}
		})
	}
	if exorg.IsDuplicate(nil) || exorg.SaysTaken(nil) || exorg.Mentions(nil, "x") || exorg.WordsOf(nil) != "" || exorg.IsRefusedBody(nil) {
		t.Error("no error says something")
	}
}

func TestMentions(t *testing.T) {
	c, _, _ := played(t, script.JSON(http.StatusBadRequest,
		`{"message":"x","messageWithParams":"{what} of [Mode] is wrong","messageParams":{"what":"Value 7-a"},"code":"bad.request","status":400,"details":[{"fieldName":"directRouting.backupQueueId"}]}`))
	err := c.Call(t.Context(), wire.Request{Op: "x", Method: http.MethodPost, Route: "/routing/queues", Body: 1}, nil)
	for word, want := range map[string]bool{"mode": true, "directRouting": true, "backupQueueId": true, "7-a": true, "7": true, "mod": false, "Routing": false, "": false} {
		if exorg.Mentions(err, word) != want {
			t.Errorf("%q: want %v", word, want)
		}
	}
}
