package model_test

import (
	"encoding/json"
	"math"
	"testing"

	"pgregory.net/rapid"

	"excs/shared/model"
)

func TestProficiencyOf(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		level float64
		want  model.Proficiency
	}{
		{0, 0}, {1, 10}, {3.5, 35}, {5, 50}, {0.1, 1}, {4.9, 49},
		{0.04, 0}, {0.05, 1}, {0.25, 3}, {2.449999, 24}, {2.45, 25}, {4.95, 50}, {3.3333333, 33}, {1.6666667, 17},
		{-0.04, 0}, {-0.05, 0}, {-7, 0}, {5.04, 50}, {7, 50}, {1e300, 50}, {math.Inf(1), 50}, {math.Inf(-1), 0}, {math.NaN(), 0},
	} {
		if got := model.ProficiencyOf(tc.level); got != tc.want {
			t.Errorf("%v gives %d tenths, want %d", tc.level, got, tc.want)
		}
	}
}

// Languages hold whole levels: 0.5 is 1, as the EX Org rounds them.
func TestWhole(t *testing.T) {
	t.Parallel()
	for tenths, want := range map[model.Proficiency]model.Proficiency{0: 0, 4: 0, 5: 10, 9: 10, 10: 10, 14: 10, 15: 20, 34: 30, 35: 40, 44: 40, 45: 50, 50: 50} {
		if got := tenths.Whole(); got != want {
			t.Errorf("%s becomes %s, want %s", tenths, got, want)
		}
	}
}

func TestProficiencyIsWrittenAsTheAPIHasIt(t *testing.T) {
	t.Parallel()
	for p, want := range map[model.Proficiency]string{0: "0", 1: "0.1", 10: "1", 35: "3.5", 50: "5"} {
		b, err := json.Marshal(p)
		if err != nil || string(b) != want || p.String() != want {
			t.Errorf("%d tenths are written %s and %s, want %s: %v", int(p), b, p, want, err)
		}
	}
	if model.MaxProficiency.Float() != 5 {
		t.Errorf("the highest level is %v", model.MaxProficiency.Float())
	}
}

func TestProficiencyIsReadFromNumbers(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]model.Proficiency{"0": 0, "3": 30, "3.5": 35, "3.50": 35, "2.5e0": 25, "0.05": 1, "9": 50, "-1": 0} {
		var p model.Proficiency
		if err := json.Unmarshal([]byte(in), &p); err != nil || p != want {
			t.Errorf("%s is read as %s, want %s: %v", in, p, want, err)
		}
	}
	for _, in := range []string{`"3"`, `true`, `{}`, `[3]`} {
		p := model.Proficiency(20)
		err := json.Unmarshal([]byte(in), &p)
		if model.CodeOf(err) != model.CodeInvalid || p != 20 {
			t.Errorf("%s is read as %s, %v", in, p, err)
		}
	}
	kept := model.Proficiency(20)
	if err := json.Unmarshal([]byte("null"), &kept); err != nil || kept != 20 {
		t.Errorf("null is read as %s, %v", kept, err)
	}
}

func TestProficiencyProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := model.Proficiency(rapid.IntRange(0, int(model.MaxProficiency)).Draw(t, "tenths"))
		if back := model.ProficiencyOf(p.Float()); back != p {
			t.Fatalf("%s comes back as %s", p, back)
		}
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var back model.Proficiency
		if err := json.Unmarshal(b, &back); err != nil || back != p {
			t.Fatalf("%s comes back from JSON as %s: %v", p, back, err)
		}
		if w := p.Whole(); w%10 != 0 || w < p-4 || w > p+5 || w.Whole() != w || w < 0 || w > model.MaxProficiency {
			t.Fatalf("%s becomes %s", p, w)
		}
		level := rapid.Float64().Draw(t, "level")
		if got := model.ProficiencyOf(level); got < 0 || got > model.MaxProficiency {
			t.Fatalf("%v gives %d tenths", level, got)
		}
		more := level + rapid.Float64Range(0, 10).Draw(t, "more")
		if model.ProficiencyOf(more) < model.ProficiencyOf(level) {
			t.Fatalf("%v gives more than %v", level, more)
		}
	})
}
