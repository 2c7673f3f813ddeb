package plan_test

import (
	"fmt"
	"testing"

	"excs/shared/model"
	"excs/shared/plan"
)

// large is the large tier of FACTS E12: 10,000 persons with 12 skills each, 1,000 queues of 300 members.
func large() []model.Object {
	var objects []model.Object
	for i := int64(1); i <= 300; i++ {
		objects = append(objects, named(model.KindSkill, i, fmt.Sprint("Skill ", i)))
	}
	for i := int64(1); i <= 10_000; i++ {
		u := aUser(i)
		for s := range int64(12) {
			u.Skills = append(u.Skills, model.Assignment{DBID: (i+s*17)%300 + 1, Name: fmt.Sprint("Skill ", (i+s*17)%300+1), Level: 30})
		}
		u.Normalize()
		objects = append(objects, u)
	}
	for i := int64(1); i <= 1000; i++ {
		objects = append(objects, aQueue(i), aMembers(i, numbers((i*9)%9000+1, 300)...))
	}
	return objects
}

// The first plan of a large site: everything is created.
func BenchmarkFirstPlan(b *testing.B) {
	in := world2023().input(large()...)
	b.ReportAllocs()
	for b.Loop() {
		if p := plan.Make(in); len(p.Changes) != 12_300 {
			b.Fatal(len(p.Changes))
		}
	}
}

// A run of a large site that has nothing to do.
func BenchmarkNoChange(b *testing.B) {
	objects := large()
	in := world2023().have(objects...).input(objects...)
	b.ReportAllocs()
	for b.Loop() {
		if p := plan.Make(in); !p.Empty() {
			b.Fatal(said(p))
		}
	}
}

// A run of a large site in which everything is held: every user changed and every queue lost.
func BenchmarkEverythingHeld(b *testing.B) {
	objects := large()
	w := world2023().have(objects...)
	var now []model.Object
	for _, o := range objects {
		if o.Key.Kind == model.KindUser {
			o.Name += "x"
			now = append(now, o)
		}
	}
	in := w.input(now...)
	b.ReportAllocs()
	for b.Loop() {
		p := plan.Make(in)
		if len(p.Held) < 11_000 {
			b.Fatal(len(p.Held))
		}
		if len(p.Text(plan.Options{})) == 0 {
			b.Fatal("no text")
		}
	}
}
