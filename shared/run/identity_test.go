package run

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/shared/model"
)

// Somebody else is who differs in every field that is filled both times, of at least two.
func TestIsOther(t *testing.T) {
	t.Parallel()
	person := func(employee, user, mail string) identity {
		return identity{digest(employee), digest(user), digest(mail)}
	}
	ann := person("1", "ann", "ann@x")
	for name, c := range map[string]struct {
		was, now identity
		want     bool
	}{
		"all three differ":                         {ann, person("2", "bob", "bob@x"), true},
		"one is the same":                          {ann, person("2", "bob", "ann@x"), false},
		"two can be compared and differ":           {ann, person("2", "bob", ""), true},
		"two can be compared and one is the same":  {ann, person("1", "bob", ""), false},
		"one can be compared":                      {ann, person("2", "", ""), false},
		"one can be compared, empty on both sides": {person("1", "", "ann@x"), person("", "bob", "bob@x"), false},
		"nothing can be compared":                  {ann, person("", "", ""), false},
		"only case and form of letters differ":     {ann, person("1", "ANN", "Ann@X"), false},
	} {
		if c.was.isOther(c.now) != c.want {
			t.Errorf("%s: somebody else: %v", name, !c.want)
		}
	}
}

// Another database shows by the larger of 10 and a fifth who are somebody else, or by more than half who are gone.
func TestAnother(t *testing.T) {
	t.Parallel()
	// site has so many Persons and queues; of the Persons the first others are somebody else, then some are not there.
	site := func(persons, queues, others, gone, bare int) identities {
		all := identities{}
		for n := range persons {
			mark := ""
			if n < others {
				mark = "other"
			}
			i := identity{digest(fmt.Sprint(mark, "e", n)), digest(fmt.Sprint(mark, "u", n)), 0}
			if n >= persons-bare {
				i[1] = 0
			}
			if n < others || n >= others+gone {
				all[model.Key{Kind: model.KindUser, DBID: int64(n)}] = i
			}
		}
		for n := range queues {
			all[model.Key{Kind: model.KindQueue, DBID: int64(n)}] = identity{digest(fmt.Sprint("q", n)), digest("switch")}
		}
		return all
	}
	for name, c := range map[string]struct {
		was, now identities
		want     string
	}{
		"the same":                               {site(40, 5, 0, 0, 0), site(40, 5, 0, 0, 0), ""},
		"nothing is remembered":                  {identities{}, site(40, 5, 0, 0, 0), ""},
		"nine of nine":                           {site(9, 0, 0, 0, 0), site(9, 0, 9, 0, 0), ""},
		"ten of ten":                             {site(10, 0, 0, 0, 0), site(10, 0, 10, 0, 0), "10 of 10 mapped"},
		"nine of 45":                             {site(40, 5, 0, 0, 0), site(40, 5, 9, 0, 0), ""},
		"ten of 45":                              {site(40, 5, 0, 0, 0), site(40, 5, 10, 0, 0), "10 of 45 mapped"},
		"39 of 200":                              {site(200, 0, 0, 0, 0), site(200, 0, 39, 0, 0), ""},
		"40 of 200":                              {site(200, 0, 0, 0, 0), site(200, 0, 40, 0, 0), "40 of 200 mapped"},
		"40 of 201, rounded up":                  {site(201, 0, 0, 0, 0), site(201, 0, 40, 0, 0), ""},
		"who can not be compared does not count": {site(250, 0, 0, 0, 50), site(250, 0, 40, 0, 50), "40 of 200 mapped"},
		"half are gone":                          {site(40, 0, 0, 0, 0), site(40, 0, 0, 20, 0), ""},
		"more than half are gone":                {site(40, 0, 0, 0, 0), site(40, 0, 0, 21, 0), "21 of 40 mapped"},
		"few are mapped and most are gone":       {site(9, 0, 0, 0, 0), site(9, 0, 0, 8, 0), ""},
		"the table of Persons is empty":          {site(40, 9, 0, 0, 0), site(0, 9, 0, 0, 0), ""},
		"both tables are empty":                  {site(40, 9, 0, 0, 0), identities{}, ""},
		"an empty table says nothing, and the other one is of another database": {
			site(40, 10, 0, 0, 0), site(40, 0, 10, 0, 0), "10 of 40 mapped",
		},
	} {
		if got := c.was.another(c.now); got == "" != (c.want == "") || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: says %q, want %q", name, got, c.want)
		}
	}
}

// What is packed comes out again; bytes of a later version, and cut ones, are refused and not read as nobody.
func TestIdentitiesPacked(t *testing.T) {
	t.Parallel()
	all := identities{
		{Kind: model.KindUser, DBID: 7}:         {1, 0, 3},
		{Kind: model.KindUser, DBID: 5_000_000}: {4, 5, 6},
		{Kind: model.KindQueue, DBID: 7}:        {8, 9},
	}
	packed := all.encode()
	back, err := decodeIdentities(packed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(all, back); diff != "" {
		t.Error(diff)
	}
	for n := 1; n < len(packed); n++ {
		if got, err := decodeIdentities(packed[:n]); err == nil {
			t.Errorf("%d of %d bytes are read as %v", n, len(packed), got)
		}
	}
	packed[0]++
	if _, err := decodeIdentities(packed); model.CodeOf(err) != model.CodeInternal {
		t.Errorf("a later version: %v", err)
	}
}

// A field that is empty now is remembered as it was.
func TestAfter(t *testing.T) {
	t.Parallel()
	if got := (identity{1, 0, 3}).after(identity{4, 5, 6}); !cmp.Equal(got, identity{1, 5, 3}) {
		t.Errorf("%v", got)
	}
	if got := (identity{1, 0, 3}).after(nil); !cmp.Equal(got, identity{1, 0, 3}) {
		t.Errorf("of a newcomer: %v", got)
	}
}
