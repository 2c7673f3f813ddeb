package write_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
	"excs/shared/exorg/internal/script"
	"excs/shared/exorg/write"
	"excs/shared/model"
)

// rich is a queue as an administrator may have set it up, with fields that EXCS does not know and numbers that a float can not hold.
const rich = `{
	"id":"q1","name":"Sales","division":{"id":"d1","name":"Home","selfUri":"/d/d1"},"description":"<b>&amp; \"quoted\" ünïcode</b>",
	"dateCreated":"2024-01-01T00:00:00Z","dateModified":"2024-01-02T00:00:00Z","modifiedBy":"m","createdBy":"c",
	"memberCount":12,"userMemberCount":11,"joinedMemberCount":10,"peerId":"77","selfUri":"/q/q1",
	"mediaSettings":{"call":{"alertingTimeoutSeconds":30,"serviceLevel":{"percentage":0.80,"durationMs":20000}}},
	"memberGroups":[{"id":"g1","name":"G","type":"TEAM","memberCount":3,"division":{"id":"d1","selfUri":"/d/d1"},"selfUri":"/g/g1"}],
	"bullseye":{"rings":[{"memberGroups":[{"id":"g2","memberCount":4,"selfUri":"x"}],"expansionCriteria":[{"type":"TIMEOUT_SECONDS","threshold":10.50}]}]},
	"defaultScripts":{"CALL":{"id":"s1","name":"S","selfUri":"/s/s1"}},
	"outboundEmailAddress":{"domain":{"id":"dom"},"route":{"id":"r1","name":"R","status":"Active","selfUri":"/r/r1"}},
	"futureField":{"big":12345678901234567890123,"list":[1,2.50,{"selfUri":"z","keep":null}],"nothing":null,"flag":false},
	"autoAnswerOnly":true,"emptyList":[],"emptyObject":{}
}`

const richPut = `{
	"name":"Sales","division":{"id":"d1","name":"Home"},"description":"<b>&amp; \"quoted\" ünïcode</b>",
	"dateCreated":"2024-01-01T00:00:00Z","dateModified":"2024-01-02T00:00:00Z","modifiedBy":"m","createdBy":"c","peerId":"77",
	"mediaSettings":{"call":{"alertingTimeoutSeconds":30,"serviceLevel":{"percentage":0.80,"durationMs":20000}}},
	"memberGroups":[{"id":"g1","name":"G","type":"TEAM","division":{"id":"d1"}}],
	"bullseye":{"rings":[{"memberGroups":[{"id":"g2"}],"expansionCriteria":[{"type":"TIMEOUT_SECONDS","threshold":10.50}]}]},
	"defaultScripts":{"CALL":{"id":"s1","name":"S"}},
	"outboundEmailAddress":{"domain":{"id":"dom"},"route":{"id":"r1","name":"R"}},
	"futureField":{"big":12345678901234567890123,"list":[1,2.50,{"selfUri":"z","keep":null}],"nothing":null,"flag":false},
	"autoAnswerOnly":true,"emptyList":[],"emptyObject":{}
}`

// tree reads JSON with its numbers as they are written.
func tree(t testing.TB, text string) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

func richQueue() exorg.Queue { return exorg.Queue{ID: "q1", Raw: json.RawMessage(rich)} }

func TestAQueueIsPutBackWithNothingElseChanged(t *testing.T) {
	tests := []struct {
		name   string
		fields write.QueueFields
		change map[string]any
	}{
		{"its name", write.QueueFields{Name: ptr("Sales <EMEA>")}, map[string]any{"name": "Sales <EMEA>"}},
		{"its peer id", write.QueueFields{PeerID: ptr("78")}, map[string]any{"peerId": "78"}},
		{"both", write.QueueFields{Name: ptr("S"), PeerID: ptr("78")}, map[string]any{"name": "S", "peerId": "78"}},
		{"nothing", write.QueueFields{}, nil},
	}
	for _, tt := range tests {
		t.Run("but "+tt.name, func(t *testing.T) {
			w, s := played(t, script.OK(rich))
			must[exorg.Queue](t)(w.UpdateQueue(t.Context(), richQueue(), tt.fields))
			r := s.Requests()[0]
			if r.Method != http.MethodPut || r.Path != "/api/v2/routing/queues/q1" {
				t.Errorf("request is %s %s", r.Method, r.Path)
			}
			want := tree(t, richPut)
			for k, v := range tt.change {
				want[k] = v
			}
			if diff := cmp.Diff(want, tree(t, r.Body)); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(r.Body, `\u003c`) || !strings.Contains(r.Body, `0.80`) {
				t.Errorf("texts or numbers were rewritten: %s", r.Body)
			}
		})
	}
}

func TestAQueueWithoutItsBodyIsNotPut(t *testing.T) {
	for _, raw := range []string{``, `null`, `[]`, `{"name":`} {
		w, s := played(t)
		_, err := w.UpdateQueue(t.Context(), exorg.Queue{ID: "q1", Raw: json.RawMessage(raw)}, write.QueueFields{Name: ptr("x")})
		wantCode(t, err, model.CodeInvalid)
		if len(s.Requests()) != 0 || !strings.Contains(err.Error(), "update queue q1") {
			t.Errorf("%q: sent %d, error %q", raw, len(s.Requests()), err)
		}
	}
}

// Whatever a queue holds, a PUT that changes the name keeps the rest.
func TestAnyBodySurvivesAPut(t *testing.T) {
	w, s := played(t)
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		leaf := rapid.OneOf(
			rapid.Just[any](nil), rapid.Just[any](true), rapid.Map(rapid.String(), func(s string) any { return s }),
			rapid.Map(rapid.StringMatching(`-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,20})?(e[0-9]{1,2})?`), func(s string) any { return json.Number(s) }),
		)
		if depth == 0 {
			return leaf
		}
		list := rapid.Map(rapid.SliceOfN(value(depth-1), 0, 3), func(l []any) any { return append([]any{}, l...) })
		object := rapid.Map(rapid.MapOfN(rapid.StringMatching(`[a-zA-Z0-9]{1,6}`), value(depth-1), 0, 3), func(m map[string]any) any { return m })
		return rapid.OneOf(leaf, list, object)
	}
	rapid.Check(t, func(rt *rapid.T) {
		fields := rapid.MapOfN(rapid.StringMatching(`[a-zA-Z0-9]{3,8}`), value(3), 0, 6).Draw(rt, "fields")
		raw, err := json.Marshal(fields)
		if err != nil {
			rt.Fatal(err)
		}
		s.Then(script.OK(`{"id":"q1"}`))
		if _, err := w.UpdateQueue(t.Context(), exorg.Queue{ID: "q1", Raw: raw}, write.QueueFields{Name: ptr("new")}); err != nil {
			rt.Fatal(err)
		}
		want := tree(t, string(raw))
		want["name"] = "new"
		sent := s.Requests()
		if diff := cmp.Diff(want, tree(t, sent[len(sent)-1].Body)); diff != "" {
			rt.Fatal(diff)
		}
	})
}

func TestAgainstAnOrgAnUncontrolledFieldSurvivesARename(t *testing.T) {
	b := newBench(t)
	id := must[string](t)(b.org.AddQueue(map[string]any{"name": "Sales", "description": "d", "autoAnswerOnly": true, "callingPartyName": "ACME"}))
	before := must[exorg.Queue](t)(b.read.Queue(t.Context(), id))
	after := must[exorg.Queue](t)(b.UpdateQueue(t.Context(), before, write.QueueFields{Name: ptr("Sales 2"), PeerID: ptr("9")}))
	if after.Name != "Sales 2" || after.PeerID != "9" {
		t.Errorf("updated to %+v", after)
	}
	was, is := tree(t, string(before.Raw)), tree(t, string(must[exorg.Queue](t)(b.read.Queue(t.Context(), id)).Raw))
	for _, name := range []string{"name", "peerId", "dateModified", "modifiedBy"} {
		delete(was, name)
		delete(is, name)
	}
	if diff := cmp.Diff(was, is); diff != "" {
		t.Error(diff)
	}
}

func TestAQueueIsCreated(t *testing.T) {
	t.Run("with name, peer id and division", func(t *testing.T) {
		b := newBench(t)
		q := must[exorg.Queue](t)(b.CreateQueue(t.Context(), write.NewQueue{Name: "Sales", PeerID: "77", DivisionID: b.org.HomeDivision()}))
		if q.Name != "Sales" || q.PeerID != "77" || q.Division.ID != b.org.HomeDivision() || len(q.Raw) == 0 {
			t.Errorf("created %+v", q)
		}
		body := lastBody(b)
		if diff := cmp.Diff(tree(t, `{"name":"Sales","peerId":"77","division":{"id":"`+b.org.HomeDivision()+`"}}`), tree(t, body)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("from the last seen body, without ids and stamps", func(t *testing.T) {
		w, s := played(t, script.OK(`{"id":"q2","name":"New"}`))
		must[exorg.Queue](t)(w.CreateQueue(t.Context(), write.NewQueue{Name: "New", PeerID: "99", Base: json.RawMessage(rich)}))
		want := tree(t, richPut)
		for _, stamp := range []string{"dateCreated", "dateModified", "createdBy", "modifiedBy"} {
			delete(want, stamp)
		}
		want["name"], want["peerId"] = "New", "99"
		if diff := cmp.Diff(want, tree(t, s.Requests()[0].Body)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("from the last seen body, without its peer id and in another division", func(t *testing.T) {
		w, s := played(t, script.OK(`{"id":"q2","name":"New"}`))
		must[exorg.Queue](t)(w.CreateQueue(t.Context(), write.NewQueue{Name: "New", DivisionID: "d9", Base: json.RawMessage(rich)}))
		got := tree(t, s.Requests()[0].Body)
		if _, has := got["peerId"]; has || !cmp.Equal(got["division"], map[string]any{"id": "d9"}) {
			t.Errorf("peer id %v, division %v", got["peerId"], got["division"])
		}
	})
	t.Run("not from rubbish", func(t *testing.T) {
		w, s := played(t)
		_, err := w.CreateQueue(t.Context(), write.NewQueue{Name: "New", Base: json.RawMessage(`[1]`)})
		wantCode(t, err, model.CodeInvalid)
		if len(s.Requests()) != 0 {
			t.Error("it was sent")
		}
	})
	for _, status := range []int{http.StatusConflict, http.StatusBadRequest} {
		t.Run(fmt.Sprintf("and a taken name shows as duplicate when it is %d", status), func(t *testing.T) {
			b := newBench(t, exorgtest.WithDuplicateStatus(status))
			n := write.NewQueue{Name: "Sales", DivisionID: b.org.HomeDivision()}
			must[exorg.Queue](t)(b.CreateQueue(t.Context(), n))
			_, err := b.CreateQueue(t.Context(), n)
			if !exorg.IsDuplicate(err) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func lastBody(b bench) string {
	log := b.org.Requests()
	return log[len(log)-1].Body
}

func TestAQueueIsDeletedByForce(t *testing.T) {
	b := newBench(t)
	q := must[exorg.Queue](t)(b.CreateQueue(t.Context(), write.NewQueue{Name: "Sales", DivisionID: b.org.HomeDivision()}))
	done(t, b.DeleteQueue(t.Context(), q.ID))
	log := b.org.Requests()
	if log[len(log)-1].Query != "forceDelete=true" {
		t.Errorf("query is %s", log[len(log)-1].Query)
	}
	if err := b.DeleteQueue(t.Context(), q.ID); !exorg.IsNotFound(err) {
		t.Errorf("a second delete: %v", err)
	}
}

func TestMembersComeAndGoAHundredACall(t *testing.T) {
	b := newBench(t)
	q := must[exorg.Queue](t)(b.CreateQueue(t.Context(), write.NewQueue{Name: "Sales", DivisionID: b.org.HomeDivision()}))
	var users []string
	for i := range 250 {
		users = append(users, must[string](t)(b.org.AddUser(map[string]any{"name": "u", "email": fmt.Sprintf("u%d@example.org", i)})))
	}
	b.org.ResetCounters()
	done(t, b.AddMembers(t.Context(), q.ID, users))
	done(t, b.AddMembers(t.Context(), q.ID, users[:1])) // again is harmless
	done(t, b.RemoveMembers(t.Context(), q.ID, users[:120]))
	done(t, b.AddMembers(t.Context(), q.ID, nil))
	if n := b.org.Calls()["POST /api/v2/routing/queues/{queueId}/members"]; n != 3+1+2 {
		t.Errorf("%d calls", n)
	}
	got := must[[]string](t)(b.read.Members(t.Context(), q.ID))
	slices.Sort(got)
	want := slices.Sorted(slices.Values(users[120:]))
	if !slices.Equal(got, want) {
		t.Errorf("%d members, want the last 130", len(got))
	}
}

func TestWrapUpCodesAreAddedToAQueue(t *testing.T) {
	b := newBench(t)
	q := must[exorg.Queue](t)(b.CreateQueue(t.Context(), write.NewQueue{Name: "Sales", DivisionID: b.org.HomeDivision()}))
	var codes []string
	for i := range 130 {
		codes = append(codes, must[exorg.WrapUpCode](t)(b.CreateWrapUpCode(t.Context(), fmt.Sprintf("Code %d", i))).ID)
	}
	done(t, b.AddQueueWrapUpCodes(t.Context(), q.ID, codes))
	if n := len(must[[]string](t)(b.read.QueueWrapUpCodes(t.Context(), q.ID))); n != 130 {
		t.Errorf("%d codes", n)
	}
}
