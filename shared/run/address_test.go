package run_test

import (
	"strings"
	"testing"

	"excs/shared/engage/engagetest"
	"excs/shared/run"
)

// A Person whose address was pasted with a character that nobody sees adopts the user of that address: there is one user, and
// its address is as people read it.
func TestInvisibleCharactersDoNotMakeASecondUser(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]string{
		"a zero-width space behind it": "eve@northwind.example\u200b", "a byte order mark before it": "\ufeffeve@northwind.example",
		"a no-break space before it": "\u00a0eve@northwind.example", "a soft hyphen inside": "eve@north\u00adwind.example",
		"other case and a word joiner": "EVE@northwind.example\u2060",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var eve string
			h := lot{before: func(h *house) {
				id, err := h.org.AddUser(map[string]any{"name": "Eve Agent", "email": "eve@northwind.example", "state": "active"})
				h.do(err)
				eve = id
				_, err = h.Hire(h.ctx, engagetest.Newcomer{First: "Eve", Last: "Agent", Email: address, EmployeeID: "E77"})
				h.do(err)
			}}.build(t)
			report := h.sync()
			_, err := h.Runner.Approve(h.ctx, report.Plan.Hash, nil, run.By{})
			h.do(err)
			h.run()
			n := 0
			for _, u := range h.org.Users() {
				if u.Name == "Eve Agent" {
					n++
				}
			}
			if u, _ := h.org.User(eve); n != 1 || len(u.External) != 1 || !strings.EqualFold(u.Email, "eve@northwind.example") {
				t.Errorf("%d users, and the one that was there is %+v", n, u)
			}
		})
	}
}
