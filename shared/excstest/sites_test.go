package excstest_test

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/shared/engage/engagetest"
	"excs/shared/excstest"
	"excs/shared/model"
	"excs/shared/rules"
	"excs/shared/wiring"
)

func tiny() *engagetest.Site { return engagetest.New(engagetest.Tiny, 1) }

// read reads or ends the test.
func read(t *testing.T, r excstest.Read) *model.Snapshot {
	t.Helper()
	s, _, err := r(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Whatever administrators do between two reads, what is given is what is there, for every preset.
func TestReadIsWhatIsThere(t *testing.T) {
	shelf := excstest.NewSites()
	for _, preset := range rules.Presets() {
		s := excstest.Settings(preset)
		e := shelf.Open(t, tiny())
		kept, rng := e.Read(s), rand.New(rand.NewPCG(1, 1))
		for range 12 {
			for range 2 { // the second time it is remembered
				got, counts, err := kept(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				want, counted, err := wiring.ReadFor(e.Reader, s)(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(want, got) + cmp.Diff(counted, counts); d != "" {
					t.Fatalf("%s: what is there (-) and what is given (+) differ:\n%s", preset, d)
				}
			}
			if _, err := e.Everyday(t.Context(), rng); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// The tests of one site do not see one another's edits, whoever comes first.
func TestFilesAreTheTestsOwn(t *testing.T) {
	shelf, s := excstest.NewSites(), excstest.Settings(rules.Preset202307)
	first, second := shelf.Open(t, tiny()), shelf.Open(t, tiny())
	if err := first.Fire(t.Context(), first.Site().Persons[0].DBID); err != nil {
		t.Fatal(err)
	}
	all := len(read(t, shelf.Open(t, tiny()).Read(s)).Persons)
	if n := len(read(t, first.Read(s)).Persons); n != all-1 {
		t.Errorf("%d persons where one of %d was fired", n, all)
	}
	if n := len(read(t, second.Read(s)).Persons); n != all {
		t.Errorf("%d persons of %d where nobody was fired", n, all)
	}
	other := tiny()
	other.Persons = other.Persons[1:]
	if n := len(read(t, shelf.Open(t, other).Read(s)).Persons); n != all-1 {
		t.Errorf("another site reads as the first: %d persons", n)
	}
}

// A site that nobody has edited is read once, by the settings; after an edit the database is asked again.
func TestReadOnce(t *testing.T) {
	shelf, s := excstest.NewSites(), excstest.Settings(rules.Preset202307)
	all := len(read(t, shelf.Open(t, tiny()).Read(s)).DNs)
	e := shelf.Open(t, tiny())
	if err := e.Reader.Close(); err != nil {
		t.Fatal(err)
	}
	again := e.Read(s)
	if n := len(read(t, again).DNs); n != all {
		t.Errorf("%d DNs are remembered of %d", n, all)
	}
	if _, _, err := e.Read(excstest.Settings(rules.PresetCurrent))(t.Context()); err == nil {
		t.Error("other settings are answered by the same read")
	}
	if err := e.Fire(t.Context(), e.Site().Persons[0].DBID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := again(t.Context()); err == nil {
		t.Error("an edited site is answered from memory")
	}
}

// A read that failed is not remembered.
func TestFaultsAreNotKept(t *testing.T) {
	shelf, s := excstest.NewSites(), excstest.Settings(rules.Preset202307)
	broken := shelf.Open(t, tiny())
	if err := broken.Reader.Close(); err != nil {
		t.Fatal(err)
	}
	r := broken.Read(s)
	for range 2 {
		if _, _, err := r(t.Context()); err == nil {
			t.Fatal("a closed reader reads")
		}
	}
	if n := len(read(t, shelf.Open(t, tiny()).Read(s)).Persons); n == 0 {
		t.Error("nobody is there after another test's fault")
	}
}
