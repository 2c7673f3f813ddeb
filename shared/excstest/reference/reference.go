package reference

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"

	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
)

// Picture is an EX Org reduced to what Engage decides, in words: one line an object, by kind.
type Picture map[string][]string

func (p Picture) add(kind, format string, args ...any) {
	p[kind] = append(p[kind], fmt.Sprintf(format, args...))
}

func (p Picture) sorted() Picture {
	for _, lines := range p {
		sort.Strings(lines)
	}
	return p
}

// Expected paints the picture of a site under the default settings with the domain for made-up addresses. virtualOnly is the
// preset "current".
func Expected(site *engagetest.Site, domain string, virtualOnly bool) Picture {
	r := &reference{site: site, domain: domain, languages: map[string]bool{}, skills: map[int64]string{}, levels: map[int64]map[string]int{}, scripts: site.Scripts(), groups: map[int64]map[int64]bool{}}
	r.readSkills()
	p := Picture{}
	p.add("source", "EXCS")
	for _, name := range r.skills {
		if r.languages[fold(name)] {
			p.add("language", "%s", name)
		} else {
			p.add("skill", "%s", name)
		}
	}
	for _, name := range r.codes() {
		p.add("wrapupcode", "%s", name)
	}
	for _, person := range r.agents() {
		p.add("user", "%s", r.user(person))
	}
	queues := r.queues(virtualOnly)
	for _, d := range queues {
		p.add("queue", "%s peer=%d", r.queueName(d, queues), d.DBID)
		if emails, linked := r.members(d); linked {
			p.add("members", "%s: %s", r.queueName(d, queues), strings.Join(emails, " "))
		}
	}
	return p.sorted()
}

type reference struct {
	site      *engagetest.Site
	domain    string
	languages map[string]bool          // folded
	skills    map[int64]string         // of the tenant
	levels    map[int64]map[string]int // person: skill name: level
	scripts   map[int64]string         // of groups
	groups    map[int64]map[int64]bool // who is in a group, once it was asked for: many queues ask for the same one
}

func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

func (r *reference) readSkills() {
	for _, v := range r.site.ValuesOf(engagetest.LanguageAttribute) {
		r.languages[fold(v.Name)] = true
		r.languages[fold(v.DisplayName)] = true
	}
	delete(r.languages, "")
	for _, s := range r.site.Skills {
		if s.Tenant == r.site.Tenant {
			r.skills[s.DBID] = strings.TrimSpace(s.Name)
		}
	}
	for _, l := range r.site.Levels {
		if name, ok := r.skills[l.Skill]; ok {
			if r.levels[l.Person] == nil {
				r.levels[l.Person] = map[string]int{}
			}
			r.levels[l.Person][name] = l.Level
		}
	}
}

func (r *reference) codes() []string {
	values := r.site.ValuesOf(engagetest.WrapUpAttribute)
	count := map[string]int{}
	for _, v := range values {
		count[fold(v.DisplayName)]++
	}
	var names []string
	for _, v := range values {
		name := strings.TrimSpace(v.DisplayName)
		if count[fold(name)] > 1 {
			name += " (" + strings.TrimSpace(v.Name) + ")"
		}
		names = append(names, name)
	}
	return names
}

func (r *reference) agents() []engagetest.Person {
	var list []engagetest.Person
	for _, p := range r.site.Persons {
		if p.Tenant == r.site.Tenant && p.Agent && p.State != engagetest.StateDeleted {
			list = append(list, p)
		}
	}
	return list
}

func (r *reference) email(p engagetest.Person) string {
	switch {
	case strings.Contains(p.Email, "@"):
		return p.Email
	case strings.Contains(p.UserName, "@"):
		return p.UserName
	default:
		return p.EmployeeID + "@" + r.domain
	}
}

func (r *reference) user(p engagetest.Person) string {
	state := "active"
	if p.State == engagetest.StateDisabled {
		state = "inactive"
	}
	var skills, languages []string
	for name, level := range r.levels[p.DBID] {
		s := name + "=" + strconv.Itoa(min(5, max(0, level)))
		if r.languages[fold(name)] {
			languages = append(languages, s)
		} else {
			skills = append(skills, s)
		}
	}
	sortFolded(skills)
	sortFolded(languages)
	return fmt.Sprintf("%s %q %s home ext=%d skills[%s] languages[%s]", fold(r.email(p)), p.First+" "+p.Last, state, p.DBID,
		strings.Join(skills, ","), strings.Join(languages, ","))
}

func (r *reference) queues(virtualOnly bool) []engagetest.DN {
	return slices.DeleteFunc(r.site.Queues(), func(d engagetest.DN) bool {
		return virtualOnly && d.Type != engagetest.VirtualQueue || d.State == engagetest.StateDeleted
	})
}

func (r *reference) plainName(d engagetest.DN) string {
	name := strings.TrimSpace(d.Alias)
	if name == "" {
		name = d.Number + "@" + r.switchName(d)
	}
	return strings.ReplaceAll(name, "*", "_")
}

func (r *reference) switchName(d engagetest.DN) string {
	for _, s := range r.site.Switches {
		if s.DBID == d.Switch {
			return s.Name
		}
	}
	return ""
}

func (r *reference) queueName(d engagetest.DN, all []engagetest.DN) string {
	name, same := r.plainName(d), 0
	for _, o := range all {
		if fold(r.plainName(o)) == fold(name) {
			same++
		}
	}
	if same > 1 {
		return name + " (" + d.Number + "@" + r.switchName(d) + ")"
	}
	return name
}

// members gives the e-mail addresses of the enabled agents that the groups listing the DN hold, and whether any group
// lists it.
func (r *reference) members(d engagetest.DN) ([]string, bool) {
	in, linked := map[int64]bool{}, false
	for _, l := range r.site.Links {
		if l.DN != d.DBID {
			continue
		}
		linked = true
		if g, ok := r.site.Group(l.Group); ok && g.State != engagetest.StateDisabled {
			maps.Copy(in, r.held(l.Group))
		}
	}
	var emails []string
	for _, p := range r.agents() {
		if in[p.DBID] && p.State == engagetest.StateEnabled {
			emails = append(emails, fold(r.email(p)))
		}
	}
	sort.Strings(emails)
	return emails, linked
}

// held gives the persons that a group holds: those whom its expression accepts, or its explicit agents.
func (r *reference) held(group int64) map[int64]bool {
	if in, ok := r.groups[group]; ok {
		return in
	}
	in := map[int64]bool{}
	r.groups[group] = in
	if script, ok := r.scripts[group]; ok {
		for _, p := range r.agents() {
			if accepts(script, r.levels[p.DBID]) {
				in[p.DBID] = true
			}
		}
		return in
	}
	for _, m := range r.site.Members {
		if m.Group == group {
			in[m.Person] = true
		}
	}
	return in
}

// Observed paints the picture of an EX Org, out of the twin's own store. withMembers says which queues have a member list
// that Engage decides.
func Observed(org *exorgtest.Org, withMembers func(queueName string) bool) Picture {
	p := Picture{}
	skills := p.named("skill", org.Skills())
	languages := p.named("language", org.Languages())
	emails, ours := map[string]string{}, map[string]bool{} // a member without an external id was put in by hand
	for _, u := range org.Users() {
		if u.State == "deleted" {
			continue
		}
		ours[u.ID] = len(u.External) > 0
		emails[u.ID] = fold(u.Email)
		p.add("user", "%s", userLine(org, u, skills, languages))
	}
	for _, c := range org.Codes() {
		p.add("wrapupcode", "%s", c.Name)
	}
	for _, s := range org.Sources() {
		if !s.Deactivated {
			p.add("source", "%s", s.Name)
		}
	}
	for _, q := range org.Queues() {
		p.add("queue", "%s peer=%s", q.Name, q.PeerID)
		if withMembers(q.Name) {
			p.add("members", "%s: %s", q.Name, strings.Join(membersOf(org, q.ID, ours, emails), " "))
		}
	}
	return p.sorted()
}

// named adds skills or languages that are not deleted, and gives their names by id.
func (p Picture) named(kind string, all []exorgtest.Skill) map[string]string {
	names := map[string]string{}
	for _, s := range all {
		if s.State != "deleted" {
			names[s.ID] = s.Name
			p.add(kind, "%s", s.Name)
		}
	}
	return names
}

func membersOf(org *exorgtest.Org, queue string, ours map[string]bool, emails map[string]string) []string {
	var members []string
	for _, m := range org.Members(queue) {
		if m.ByUser && ours[m.UserID] {
			members = append(members, emails[m.UserID])
		}
	}
	sort.Strings(members)
	return members
}

func userLine(org *exorgtest.Org, u exorgtest.User, skills, languages map[string]string) string {
	division := "elsewhere"
	if u.DivisionID == org.HomeDivision() {
		division = "home"
	}
	ext := ""
	for _, x := range u.External {
		ext += fmt.Sprintf(" ext=%s", x.Key)
	}
	return fmt.Sprintf("%s %q %s %s%s skills[%s] languages[%s]", fold(u.Email), u.Name, u.State, division, ext, levels(u.Skills, skills), levels(u.Languages, languages))
}

func levels(have map[string]float64, names map[string]string) string {
	var list []string
	for id, level := range have {
		list = append(list, names[id]+"="+strconv.FormatFloat(level, 'f', -1, 64))
	}
	sortFolded(list)
	return strings.Join(list, ",")
}

// sortFolded sorts without case: an adopted skill keeps its spelling.
func sortFolded(list []string) {
	sort.Slice(list, func(i, j int) bool { return fold(list[i]) < fold(list[j]) })
}

// Diff lists, by kind, the lines of want that got does not have (-) and the other way round (+), at most so many of each
// kind. It is empty for equal pictures.
func Diff(want, got Picture, most int) []string {
	kinds := map[string]bool{}
	for kind := range want {
		kinds[kind] = true
	}
	for kind := range got {
		kinds[kind] = true
	}
	var all []string
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		all = append(all, limited(kind, "-", only(want[kind], got[kind]), most)...)
		all = append(all, limited(kind, "+", only(got[kind], want[kind]), most)...)
	}
	return all
}

func limited(kind, sign string, lines []string, most int) []string {
	var all []string
	for i, line := range lines {
		if i == most {
			return append(all, fmt.Sprintf("%s %s: and %d more", sign, kind, len(lines)-i))
		}
		all = append(all, fmt.Sprintf("%s %s: %s", sign, kind, line))
	}
	return all
}

// only lists what a has and b has not, counting what is there more than once.
func only(a, b []string) []string {
	have := map[string]int{}
	for _, line := range b {
		have[line]++
	}
	var all []string
	for _, line := range a {
		if have[line]--; have[line] < 0 {
			all = append(all, line)
		}
	}
	return all
}
