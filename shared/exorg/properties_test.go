package exorg_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"excs/shared/exorg"
	"excs/shared/exorg/internal/script"
	"excs/shared/model"
)

// fault is one thing that an exchange can end with.
type fault struct {
	name  string
	reply script.Reply
	again bool // the EX Org did nothing, so that even a write may go out once more
}

func faults() []fault {
	list := []fault{
		{"ok", script.OK(`{"id":"t1"}`), false},
		{"reset", script.Reset(), false},
		{"half", script.Half(200, `{"id":"t1","name":"x"}`), false},
		{"page", script.OK(`<html>`), false},
		{"401", script.Status(401, "bad.credentials", "x"), true},
		{"429", script.Status(429, "too.many.requests", "x", "Retry-After", "30"), true},
	}
	for _, status := range []int{400, 403, 404, 408, 409, 500, 502, 503, 504} {
		list = append(list, fault{fmt.Sprint(status), script.Status(status, "c", "m"), false})
	}
	return list
}

// Whatever the network and the EX Org do, a write goes out again only if the EX Org said that it did nothing, a write whose fate is unknown is
// ambiguous and nothing else is, every request has a slot, and no call goes on for ever.
func TestAnySequenceOfAnswers(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		play := rapid.SliceOfN(rapid.SampledFrom(faults()), 8, 8).Draw(rt, "answers")
		writes := rapid.Bool().Draw(rt, "a write")
		clients := rapid.IntRange(1, 3).Draw(rt, "clients")

		s, clk, p := script.Start(t), newClock(), newPurse()
		cfg := config(t, s.URL, clk)
		cfg.HTTP.Transport.(*http.Transport).DisableKeepAlives = true // a kept connection lets net/http repeat a reset GET by itself
		cfg.Budget, cfg.Clients = p, nil
		for i := range clients {
			id := fmt.Sprintf("client-%d", i+1)
			p.free[id] = 100
			cfg.Clients = append(cfg.Clients, exorg.NewCredentials(id, "s"))
		}
		var names []string
		for _, f := range play {
			s.Then(f.reply)
			names = append(names, f.name)
		}
		r := reading()
		if writes {
			r = writing()
		}
		err := exorg.New(cfg).Call(t.Context(), r, &thing{})

		sent := len(s.Requests())
		seen := strings.Join(names[:sent], " ")
		if taken := p.total(); taken != sent {
			rt.Fatalf("%d slots for %d requests", taken, sent)
		}
		if sent == 0 || sent > 3+1+2 {
			rt.Fatalf("%d requests: %s", sent, seen)
		}
		last := play[sent-1]
		if (err == nil) != (last.name == "ok") {
			rt.Fatalf("%s ended with %v", seen, err)
		}
		if writes {
			for _, f := range play[:sent-1] {
				if !f.again {
					rt.Fatalf("a write went out again after %s", f.name)
				}
			}
		}
		unknown := writes && strings.Contains(" reset half page 408 500 502 503 504 ", " "+last.name+" ")
		if exorg.IsAmbiguous(err) != unknown {
			rt.Fatalf("%s ended with code %s", seen, model.CodeOf(err))
		}
		if err != nil && model.CodeOf(err) == model.CodeInternal {
			rt.Fatalf("%s ended with %v", seen, err)
		}
	})
}

func TestManyCallersNeverSendMoreThanTheirSlots(t *testing.T) {
	const callers, each, slots = 12, 10, 70
	s, clk, p := script.Start(t, oks(callers*each)...), newClock(), newPurse()
	for _, id := range []string{"client-1", "client-2"} {
		p.free[id], p.wait[id] = slots/2, time.Hour
	}
	cfg := config(t, s.URL, clk)
	cfg.Budget = p
	cfg.Clients = []exorg.Credentials{exorg.NewCredentials("client-1", "s"), exorg.NewCredentials("client-2", "s")}
	c := exorg.New(cfg)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			ctx := t.Context()
			if i%2 == 0 { // half of them prepay
				if paid, _, err := c.Reserve(ctx, 3, model.RankBulk); err == nil {
					ctx = paid
				}
			}
			for range each {
				if err := c.Call(ctx, writing(), &thing{}); err != nil && !exorg.IsThrottled(err) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	sent := len(s.Requests())
	if sent > p.total() || p.total() > slots {
		t.Errorf("%d requests on %d of %d slots", sent, p.total(), slots)
	}
	if sent < slots-2*2 { // an odd slot may be left when three are asked for at once
		t.Errorf("only %d of %d slots were used", sent, slots)
	}
}

func FuzzParseSecret(f *testing.F) {
	for _, seed := range []string{
		`{"region":"mypurecloud.de","clientId":"a","clientSecret":"s"}`, `{"clients":[{}]}`, `{"apiUrl":"http://[::1]:80","loginUrl":"http://127.1"}`,
		`{"region":1}`, `[]`, `{`, `{"apiUrl":"https://x","loginUrl":"https://y","clients":[{"clientId":"a","clientSecret":"s"}]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := exorg.ParseSecret([]byte(text))
		if err != nil {
			if model.CodeOf(err) != model.CodeInvalid {
				t.Errorf("code %s", model.CodeOf(err))
			}
			return
		}
		if len(s.Clients) == 0 {
			t.Error("a secret without clients was accepted")
		}
		for _, address := range []string{s.APIURL, s.LoginURL} {
			if strings.HasSuffix(address, "/") || !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "http://") {
				t.Errorf("address %q was accepted", address)
			}
		}
	})
}
