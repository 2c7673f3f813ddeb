package run_test

import (
	"testing"

	"excs/shared/sides"
)

// What the workers share about refusals only spares calls: when it is damaged, or written by another release, nobody waits for it.
func TestADamagedListOfCausesHoldsUpNobody(t *testing.T) {
	for _, body := range []string{"{damaged", "null", `[1]`, `{"skills x":"of another form"}`} {
		h := lot{site: crew(t)}.build(t)
		h.settled()
		home, err := sides.Home(h.ctx, h.Table)
		h.do(err)
		h.do(h.Table.PutDocument(home, "causes", 0, []byte(body)))
		f := furnisher{t: t, e: h.Editor}
		good := f.skill("Good")
		h.do(h.AddLevel(h.ctx, h.person("P1").DBID, good, 3))
		h.minutes(5)
		h.equal()
	}
}
