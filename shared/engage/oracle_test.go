package engage_test

import (
	"math"
	"strings"
	"testing"

	goora "github.com/sijms/go-ora/v2"
	"github.com/sijms/go-ora/v2/converters"

	"excs/shared/engage"
	"excs/shared/model"
)

// What go-ora makes of NUMBER, as the reader takes it: DBIDs, flags and levels, the negative and the largest too.
func TestNumbersOfOracle(t *testing.T) {
	for _, want := range []int64{0, 1, 2, 3, 10, 99, 100, 101, 1000, 65536, 9999999999, -1, -3, -100, 1<<53 - 1, math.MaxInt32} {
		n, err := goora.NewNumberFromInt64(want)
		if err != nil {
			t.Fatal(err)
		}
		text, err := n.String()
		if err != nil {
			t.Fatal(err)
		}
		if got, null, err := engage.Number(text); err != nil || null || got != want {
			t.Errorf("%d comes as %q and is read as %d, %v", want, text, got, err)
		}
	}
}

// What go-ora's character sets make of names: those of Western Europe, of UTF-8 and of China give what was written.
func TestCharacterSetsOfOracle(t *testing.T) {
	for id, texts := range map[int][]string{
		178: {"München", "Žofia Müller-Lüdenscheidt", "€"},       // WE8MSWIN1252
		873: {"München", "美咲 山田", "Обслуживание", "VQ_Sales_EN"}, // AL32UTF8
		852: {"销售", "技术", "plain"},                               // ZHS16GBK
		171: {"Обслуживание"},                                    // CL8MSWIN1251
		170: {"Łódź", "Žofia"},                                   // EE8MSWIN1250
	} {
		c := converters.NewStringConverter(id)
		if c == nil {
			t.Errorf("go-ora does not know the character set %d", id)
			continue
		}
		for _, want := range texts {
			if got := c.Decode(c.Encode(want)); got != want {
				t.Errorf("%d: %q became %q", id, want, got)
			}
		}
	}
}

// A database in US7ASCII stops the read and says what to set; with the encoding its bytes are read.
func TestUS7ASCII(t *testing.T) {
	secret, b := fakePlace(t, oracle, bare())
	b.characterSet = "US7ASCII"
	wantError(t, failed(t, secret), model.CodeInvalid, nil, "US7ASCII", "encoding in the Engage secret")
	secret.Encoding = "windows-1252"
	read(t, open(t, secret), standard())
	for _, q := range b.queried {
		if strings.Contains(q, "FROM cfg_skill s\n") && !strings.Contains(q, "COUNT") && !strings.Contains(q, "UTL_RAW.CAST_TO_RAW(s.name)") {
			t.Errorf("the bytes are not read: %s", q)
		}
	}
}

// A panic of the driver is an error that may pass, and the next read works.
func TestADriverThatPanics(t *testing.T) {
	secret, b := fakePlace(t, oracle, tiny())
	b.panics = "FROM cfg_dn d"
	r := open(t, secret)
	_, _, err := r.Read(t.Context(), standard())
	wantError(t, err, model.CodeUnavailable, nil, "the database driver failed: runtime error: index out of range", "the next run tries again")
	b.panics = ""
	read(t, r, standard())
}
