package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/excstest"
	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/rules"
)

// double puts a message on the queue once more, as SQS does now and then, or as the release of November 2026 sent it:
// without a lane. In a group of its own it is worked on at the same time as the first.
func (l *life) double(m queue.Received) {
	again := m.Message
	if l.n("former release", 2) == 0 {
		again.Lane = model.Lane("")
		l.struck["queue: a message of the former release"]++
	}
	body, err := again.Encode()
	if err != nil {
		panic(err)
	}
	l.struck["queue: a message is doubled"]++
	l.root.Work.PutBody(l.newToken(), l.newToken(), body)
}

// mishaps are what does not happen every day.
func mishaps() []happening {
	return []happening{
		{"tokens", troubleTokens, 25, func(l *life, _ *rand.Rand) {
			l.struckBy("all tokens are revoked")
			l.tell("EX Org: all tokens are revoked")
			l.org.RevokeTokens()
		}},
		{"outage", troubleOutage, 45, func(l *life, rng *rand.Rand) { l.outage(rng, seconds(30+rng.IntN(240))) }},
		{"long outage", troubleLongOutage, 6, func(l *life, rng *rand.Rand) { l.outage(rng, time.Duration(1+23*rng.IntN(2))*time.Hour) }},
		{"blind", troubleBlind, 20, (*life).blind},
		{"lagging replica", troubleLagging, 10, (*life).lagging},
		{"backup of the database", troubleBackup, 5, (*life).restored},
		{"another database", troubleDatabase, 12, (*life).anotherDatabase},
		{"another organisation", troubleOtherOrg, 20, (*life).otherOrg},
		{"invisible", troubleInvisible, 10, (*life).invisible},
		{"denied", troubleDenied, 15, (*life).denied},
		{"refused", troubleRefused, 25, (*life).refused},
		{"backup of the table", troubleOldTable, 6, (*life).oldTable},
		{"settings", troubleSettings, 25, (*life).deploy},
	}
}

// outage lets one of the systems be away for a time, while everything else goes on.
func (l *life) outage(rng *rand.Rand, d time.Duration) {
	on := []dependency{dependsOnTable, dependsOnQueue, dependsOnOrg, dependsOnLogin, dependsOnEngage}[rng.IntN(5)]
	l.tell("outage of %s for %s", on, d)
	l.weather.out[on] = time.Now().Add(d)
	l.live(min(d, 5*time.Minute))
	if d > time.Hour/2 {
		l.struckBy(fmt.Sprintf("an outage of %s: %s", d, on))
		l.interval = 10 * time.Minute
		l.everyday(rng)
		l.live(d - 5*time.Minute)
		l.interval = time.Minute
	}
	delete(l.weather.out, on)
}

// seeing lets reads of Engage see something else than the site for some minutes. It is no truth: the oracle knows the site.
func (l *life) seeing(rng *rand.Rand, what string, view *engagetest.Site, bend func(*model.Snapshot)) {
	l.struckBy("engage: " + what)
	l.tell("Engage: reads see %s", what)
	l.view, l.bend = view, bend
	l.live(seconds(60 + rng.IntN(600)))
	l.view, l.bend = nil, nil
	l.tell("Engage: it is as it was (%s)", what)
}

// blind lets reads see a table without rows, half of one, no e-mail column, or a tenant that is not enabled.
func (l *life) blind(rng *rand.Rand) {
	tables := []engagetest.Table{
		engagetest.TablePerson, engagetest.TableDN, engagetest.TableLink, engagetest.TableLevel, engagetest.TableSkill, engagetest.TableGroup,
		engagetest.TableMember, engagetest.TableSwitch, engagetest.TableAttribute, engagetest.TableValue, engagetest.TableProp,
	}
	table := tables[rng.IntN(len(tables))]
	switch view := l.editor.Site().Clone(); rng.IntN(8) {
	case 0:
		l.seeing(rng, "no e-mail column", nil, func(s *model.Snapshot) {
			s.HasEmailColumn = false
			for i := range s.Persons {
				s.Persons[i].Email = ""
			}
		})
	case 1:
		l.seeing(rng, "a tenant that is disabled", nil, func(s *model.Snapshot) { s.Tenant.State = model.CfgState(engagetest.StateDisabled) })
	default:
		if err := engagetest.NewEditor(view, nil, engagetest.SQLite).EmptyTable(context.Background(), table); err != nil {
			panic(err)
		}
		l.seeing(rng, fmt.Sprintf("no rows of %s", table), view, nil)
	}
}

// lagging lets reads see the site as it was at an earlier step.
func (l *life) lagging(rng *rand.Rand) {
	l.seeing(rng, "a lagging replica", l.backups[rng.IntN(len(l.backups))].Clone(), nil)
}

// restored brings the database back from a backup, for good: DBIDs are given again then.
func (l *life) restored(rng *rand.Rand) {
	l.struckBy("engage: restored from a backup")
	l.edited("the database is restored from a backup", l.editor.RestoreBackup(context.Background(), l.backups[rng.IntN(len(l.backups))].Clone()))
}

// anotherDatabase lets reads see another contact centre with the same DBIDs.
func (l *life) anotherDatabase(rng *rand.Rand) {
	other := engagetest.NewOfSize(sizeOf(rng), l.number^0xffff)
	same := 0
	for _, p := range other.Persons {
		if mine, ok := l.editor.Site().Person(p.DBID); ok && p.Agent && mine.Agent && p.Tenant == other.Tenant && p.EmployeeID != mine.EmployeeID && p.UserName != mine.UserName && p.Email != mine.Email {
			same++
		}
	}
	if same < 12 {
		return // too few for anybody to tell it from a day's work
	}
	l.seeing(rng, "another database", other, nil)
}

// otherOrg lets the credentials of one function, or of all, lead to another organisation.
func (l *life) otherOrg(rng *rand.Rand) {
	if !l.oracle.opened {
		return // as long as nobody approved any, the other one may be the tenant's
	}
	which := [][]access{{reading}, {writing}, {reading, writing}}[rng.IntN(3)]
	home := l.config
	l.struckBy(fmt.Sprintf("another organisation: %v", which))
	l.tell("the credentials for %v lead to another organisation", which)
	for _, a := range which {
		l.leadTo(a, l.other, "other-")
	}
	if rng.IntN(2) == 0 { // else warm processes go on with those that they have
		clear(l.processes)
	}
	l.live(seconds(60 + rng.IntN(600)))
	l.config, l.plan = home, heldPlan{}
	clear(l.processes)
	l.tell("the credentials lead home again")
}

// leadTo gives the functions that begin from now on the credentials of an organisation.
func (l *life) leadTo(of access, org *exorgtest.Org, prefix string) {
	secret := excstest.Secret("")
	switch of {
	case reading:
		secret.Clients = []exorg.Credentials{exorg.NewCredentials(prefix+readerID, readerSecret)}
		l.config.ReadSecret, l.config.ReadHTTP = secret, l.client(of, org)
	default:
		secret.Clients = []exorg.Credentials{exorg.NewCredentials(prefix+exorgtest.DefaultClientID, exorgtest.DefaultClientSecret)}
		l.config.Secret, l.config.HTTP = secret, l.client(of, org)
	}
}

// invisible takes the division of everything out of the view of EXCS.
func (l *life) invisible(rng *rand.Rand) {
	client := []string{readerID, exorgtest.DefaultClientID, ""}[rng.IntN(3)]
	l.struckBy("org: a division is out of sight")
	l.tell("EX Org: the home division is out of the sight of '%s'", client)
	l.org.Blind(client, l.org.HomeDivision())
	l.live(seconds(60 + rng.IntN(400)))
	l.org.Unblind(client)
	l.tell("EX Org: the home division is in sight")
}

// denied takes a permission away.
func (l *life) denied(rng *rand.Rand) {
	routes := []string{"/api/v2/users", "/routingskills", "/members", "/api/v2/routing/queues", "/externalid", "/wrapupcodes", "/api/v2/routing/skills", "/api/v2/tokens/me"}
	route := routes[rng.IntN(len(routes))]
	l.struckBy("org: denied")
	l.tell("EX Org: 403 for what has %s in its path", route)
	armed := l.org.Fail(exorgtest.Fault{Kind: exorgtest.Answer, Status: 403, Path: route})
	l.live(seconds(60 + rng.IntN(400)))
	armed.Disarm()
	l.tell("EX Org: allowed again")
}

// refused lets the organisation refuse one value, wherever it stands in a body. What is refused is let go at rest.
func (l *life) refused(rng *rand.Rand) {
	user, ok := pick(rng, l.org.Users(), func(u exorgtest.User) bool { return u.State != "deleted" && len(u.External) > 0 })
	skill, oks := pick(rng, l.org.Skills(), func(s exorgtest.Skill) bool { return s.State != "deleted" })
	if !ok || !oks {
		return
	}
	f := exorgtest.Fault{Kind: exorgtest.Answer, Status: []int{400, 409, 413, 422}[rng.IntN(4)], Code: "bad.request", Message: "the simulation refuses it"}
	what := ""
	switch rng.IntN(4) {
	case 0:
		f.Body, what = `"`+skill.ID+`"`, "the skill "+skill.Name
	case 1:
		f.Method, f.Body, what = "PATCH", `"email":`, "every new address"
		f.Path = user.ID
	case 2:
		f.Body, what = `"`+user.ID+`"`, "the user "+user.Email+" wherever it is named"
	default:
		f.Path, f.Method, what = user.ID+"/routingskills", "PATCH", "skills of "+user.Email
	}
	l.struckBy("org: a part is refused")
	l.tell("EX Org: refuses %s with %d", what, f.Status)
	l.refusals = append(l.refusals, l.org.Fail(f))
	l.live(seconds(rng.IntN(300)))
}

// oldTable puts a copy of the mapping table in its place, as a restore does: of now, or of an earlier step.
func (l *life) oldTable(rng *rand.Rand) {
	if l.backup == nil || rng.IntN(2) == 0 {
		l.backup = l.root.Table.Restore()
		if rng.IntN(2) == 0 {
			l.tell("table: a backup is taken")
			return
		}
	}
	l.struckBy("table: restored from a backup")
	l.tell("table: restored from a backup")
	for _, a := range l.actors {
		l.gate.kill(a)
	}
	clear(l.processes)
	l.root.Table, l.backup, l.plan = l.backup, nil, heldPlan{}
	l.oracle.closed = true
	l.live(seconds(rng.IntN(300)))
}

// deploy puts other settings in the place of those that there are, and after some minutes these back. First only their text
// changes: functions that begin refuse them, because they were deployed with others, and warm ones go on by the old ones.
func (l *life) deploy(rng *rand.Rand) {
	before := l.config.Settings
	s := before
	what := ""
	switch rng.IntN(5) {
	case 0:
		s.Queues.Types = s.Queues.Types[:1]
		what = fmt.Sprintf("queues of type %v only", s.Queues.Types)
	case 1:
		s.Proficiency.Scale, what = 10, "another scale"
	case 2:
		s.Members.Control, what = rules.Additive, "members are added only"
	case 3:
		s.Requests.PerMinute, what = 150, "half of the requests"
	default:
		s.WrapUpCodes.Attributes, what = []string{"NoSuchAttribute"}, "codes of an attribute that is not there"
	}
	l.struckBy("settings: deployed")
	l.rollOut(rng, s, what)
	l.live(seconds(rng.IntN(400)))
	l.rollOut(rng, before, "the former ones")
}

func (l *life) rollOut(rng *rand.Rand, s rules.Settings, what string) {
	l.tell("settings: %s", what)
	l.config.Settings, l.config.Outdated = s, "the settings are not those of the deployment (the simulation)"
	l.oracle.limit = max(l.oracle.limit, s.Requests.PerMinute)
	l.live(seconds(rng.IntN(120)))
	l.config.Outdated = ""
	clear(l.processes) // those at work end by the settings that they have
	l.tell("settings: deployed")
}
