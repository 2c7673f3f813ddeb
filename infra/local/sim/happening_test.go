package sim

import (
	"math/rand/v2"
	"time"

	"excs/shared/exorg/exorgtest"
)

// happening is something that may happen at each step of a life, by a die of its own.
type happening struct {
	name string
	of   trouble
	// often is in how many of a thousand steps it happens.
	often int
	do    func(l *life, rng *rand.Rand)
}

// happenings are all of them, in the order in which they happen within a step. Others are added at the end.
func happenings() []happening {
	return concat(edits(), deeds(), mishaps(), acts())
}

func concat(lists ...[]happening) []happening {
	var all []happening
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

// begin is the first load, in half of the lives with all the trouble there is.
func (l *life) begin() {
	l.weather = weather{sweeps: time.Duration(10+l.n("sweeps", 50)) * time.Minute, out: map[dependency]time.Time{}}
	if l.troubles[troubleInhabited] && l.in("inhabited", 30) {
		l.inhabit()
	}
	early := l.in("trouble from the beginning", 50)
	if early {
		l.drawWeather()
	}
	l.live(5 * time.Minute)
	if l.oracle.closed {
		l.approveHeld()
		l.live(3 * time.Minute)
	}
	if !early {
		l.drawWeather()
	}
	l.tell("weather: %s", l.weather)
}

// step lets happen what its dice say, and some time pass.
func (l *life) step() {
	l.backups = append(l.backups, l.editor.Site().Clone())
	if l.oracle.closed && l.in("the first plan is approved", 40) {
		l.approveHeld()
	}
	for _, h := range happenings() {
		if l.troubles[h.of] && l.of(h.name).IntN(1000) < h.often {
			h.do(l, l.of(h.name))
		}
	}
	l.live(l.upTo("until the next step", 180))
}

// inhabit puts objects into the organisation that the first plan finds there, so that it needs an approval.
func (l *life) inhabit() {
	rng := l.of("inhabitants")
	site := l.editor.Site()
	add := func(what string, err error) {
		if err != nil {
			panic(err)
		}
		l.tell("EX Org: there already: %s", what)
	}
	for _, p := range site.Persons {
		if p.Tenant == site.Tenant && p.Agent && p.Email != "" && rng.IntN(4) == 0 {
			_, err := l.org.AddUser(map[string]any{"name": one(l.dice, "inhabitant", p.First+" "+p.Last, "Somebody"), "email": p.Email, "title": "was here"})
			add(p.Email, err)
		}
	}
	for _, d := range site.Queues() {
		if d.Alias != "" && rng.IntN(4) == 0 {
			_, err := l.org.AddQueue(map[string]any{"name": d.Alias, "description": "was here"})
			add(d.Alias, err)
		}
	}
	for _, s := range site.Skills {
		if s.Tenant == site.Tenant && rng.IntN(4) == 0 {
			_, err := l.org.AddSkill(s.Name)
			add(s.Name, err)
		}
	}
	l.oracle.closed = true
	l.stranger()
	time.Sleep(time.Hour) // they are in every list by then
}

// stranger is a user that Engage never knows.
func (l *life) stranger() string {
	l.strangers++
	id, err := l.org.AddUser(map[string]any{"name": named("Stranger", l.strangers), "email": named("stranger", l.strangers) + "@elsewhere.example"})
	if err != nil {
		panic(err)
	}
	l.oracle.keepOff(exorgtest.KindUser, id, "a user made by hand")
	return id
}
