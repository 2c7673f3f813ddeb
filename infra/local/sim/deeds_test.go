package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"excs/shared/exorg/exorgtest"
)

// things are what a person in the EX Org lays hands on.
type things struct {
	user  exorgtest.User
	queue exorgtest.Queue
	skill exorgtest.Skill
	code  exorgtest.Code
}

// deeds are what people do in the EX Org: with what Engage controls, which is set right, and with what it does not.
func deeds() []happening {
	all := []happening{}
	deed := func(name string, of trouble, often int, do func(l *life, rng *rand.Rand, x things) (what string, err error)) {
		all = append(all, happening{name: name, of: of, often: often, do: func(l *life, rng *rand.Rand) {
			if x, ok := l.things(rng); ok {
				what, err := do(l, rng, x)
				if err != nil {
					what = fmt.Sprintf("%s: %v", what, err)
				}
				l.tell("EX Org: %s", what)
			}
		}})
	}
	user := func(name string, often int, do func(l *life, rng *rand.Rand, x things) error) {
		deed(name, troubleMeddle, often, func(l *life, rng *rand.Rand, x things) (string, error) {
			return name + " " + x.user.Email, do(l, rng, x)
		})
	}
	user("rename user", 18, func(l *life, _ *rand.Rand, x things) error {
		return l.org.EditUser(x.user.ID, func(raw map[string]any) { raw["name"] = "Meddled" })
	})
	user("other address for", 10, func(l *life, rng *rand.Rand, x things) error {
		return l.org.EditUser(x.user.ID, func(raw map[string]any) {
			raw["email"] = fmt.Sprintf("meddled%d@elsewhere.example", rng.IntN(1_000_000))
		})
	})
	user("title of", 15, func(l *life, rng *rand.Rand, x things) error {
		return l.org.EditUser(x.user.ID, func(raw map[string]any) { raw["title"] = fmt.Sprint("Title ", rng.IntN(100)) })
	})
	user("deactivate", 18, func(l *life, _ *rand.Rand, x things) error { return l.org.DeactivateUser(x.user.ID) })
	user("delete", 18, func(l *life, _ *rand.Rand, x things) error { return l.org.DeleteUser(x.user.ID) })
	user("delete and restore", 8, func(l *life, rng *rand.Rand, x things) error {
		if err := l.org.DeleteUser(x.user.ID); err != nil {
			return err
		}
		l.live(seconds(rng.IntN(90)))
		return l.org.RestoreUser(x.user.ID)
	})
	user("activate", 8, func(l *life, _ *rand.Rand, x things) error { return l.org.ActivateUser(x.user.ID) })
	user("touch", 15, func(l *life, _ *rand.Rand, x things) error { return l.org.TouchUser(x.user.ID) })
	user("take the external id of", 8, func(l *life, _ *rand.Rand, x things) error {
		return l.org.RemoveExternalID(x.user.ID, x.user.External[0])
	})
	deed("erase", troubleErased, 6, func(l *life, _ *rand.Rand, x things) (string, error) {
		if err := l.org.DeleteUser(x.user.ID); err != nil {
			return "delete " + x.user.Email, err
		}
		return "erase " + x.user.Email, l.org.EraseUser(x.user.ID)
	})
	deed("give a skill", troubleMeddle, 18, func(l *life, _ *rand.Rand, x things) (string, error) {
		return "give " + x.user.Email + " " + x.skill.Name, l.org.SetUserSkill(x.user.ID, x.skill.ID, 3)
	})
	deed("take a skill", troubleMeddle, 10, func(l *life, _ *rand.Rand, x things) (string, error) {
		return "take " + x.skill.Name + " from " + x.user.Email, l.org.RemoveUserSkill(x.user.ID, x.skill.ID)
	})
	deed("delete skill", troubleMeddle, 18, func(l *life, _ *rand.Rand, x things) (string, error) {
		return "delete skill " + x.skill.Name, l.org.DeleteSkill(x.skill.ID)
	})
	deed("new skill", troubleMeddle, 15, func(l *life, rng *rand.Rand, _ things) (string, error) {
		id, err := l.org.AddSkill(fmt.Sprint("By hand ", rng.IntN(1_000_000)))
		l.oracle.keepOff(exorgtest.KindSkill, id, "a skill made by hand")
		return "new skill by hand", err
	})
	deedsOnQueues(deed)
	return all
}

func deedsOnQueues(deed func(name string, of trouble, often int, do func(l *life, rng *rand.Rand, x things) (string, error))) {
	queue := func(name string, often int, do func(l *life, rng *rand.Rand, x things) error) {
		deed(name, troubleMeddle, often, func(l *life, rng *rand.Rand, x things) (string, error) {
			return name + " " + x.queue.Name + " (" + x.user.Email + ", " + x.code.Name + ")", do(l, rng, x)
		})
	}
	queue("delete queue", 18, func(l *life, _ *rand.Rand, x things) error { return l.org.DeleteQueue(x.queue.ID) })
	queue("rename queue", 18, func(l *life, rng *rand.Rand, x things) error {
		return l.org.EditQueue(x.queue.ID, func(raw map[string]any) { raw["name"] = fmt.Sprint("Meddled ", rng.IntN(1000)) })
	})
	queue("description of queue", 15, func(l *life, rng *rand.Rand, x things) error {
		return l.org.EditQueue(x.queue.ID, func(raw map[string]any) { raw["description"] = fmt.Sprint("Text ", rng.IntN(100)) })
	})
	queue("put a user into", 18, func(l *life, _ *rand.Rand, x things) error { return l.org.AddMembers(x.queue.ID, x.user.ID) })
	queue("put a stranger into", 18, func(l *life, _ *rand.Rand, x things) error { return l.org.AddMembers(x.queue.ID, l.stranger()) })
	queue("take somebody out of", 15, func(l *life, rng *rand.Rand, x things) error {
		if m, ok := pick(rng, l.org.Members(x.queue.ID), func(m exorgtest.Member) bool { return m.ByUser }); ok {
			return l.org.RemoveMembers(x.queue.ID, m.UserID)
		}
		return nil
	})
	queue("ring number in", 10, func(l *life, rng *rand.Rand, x things) error {
		if m, ok := pick(rng, l.org.Members(x.queue.ID), func(m exorgtest.Member) bool { return m.ByUser }); ok {
			return l.org.SetMember(x.queue.ID, m.UserID, 1+rng.IntN(6), rng.IntN(2) == 0)
		}
		return nil
	})
	queue("put a code onto", 15, func(l *life, _ *rand.Rand, x things) error { return l.org.AssignCodes(x.queue.ID, x.code.ID) })
	queue("delete code beside", 15, func(l *life, _ *rand.Rand, x things) error { return l.org.DeleteCode(x.code.ID) })
	queue("rename code beside", 10, func(l *life, rng *rand.Rand, x things) error {
		return l.org.EditCode(x.code.ID, func(raw map[string]any) { raw["name"] = fmt.Sprint("Meddled ", rng.IntN(1000)) })
	})
}

// things draws one of each kind; without one of each nobody does anything.
func (l *life) things(rng *rand.Rand) (x things, ok bool) {
	var found [4]bool
	x.user, found[0] = pick(rng, l.org.Users(), func(u exorgtest.User) bool { return u.State == "active" && len(u.External) > 0 })
	x.queue, found[1] = pick(rng, l.org.Queues(), func(q exorgtest.Queue) bool { return q.PeerID != "" })
	x.skill, found[2] = pick(rng, l.org.Skills(), func(s exorgtest.Skill) bool { return s.State != "deleted" && l.oracle.foreign[s.ID] == "" })
	x.code, found[3] = pick(rng, l.org.Codes(), func(exorgtest.Code) bool { return true })
	return x, !slices.Contains(found[:], false)
}

func named(what string, n int) string { return fmt.Sprint(what, n) }
