package rules

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
)

const day = 24 * time.Hour

// entries lists every setting in the order in which people read them. Tenant and preset come first: Parse needs them to
// choose the defaults.
func entries() []entry {
	return slices.Concat(
		shaping(tenantEntry()),
		[]entry{choice("preset", "the published rule set that gives the defaults", func(s *Settings) *Preset { return &s.Preset }, Presets()...)},
		shaping(userEntries()...),
		shaping(emailEntries()...),
		shaping(queueEntries()...),
		[]entry{adoptedDeleteEntry()},
		shaping(wrapUpAndLanguageEntries()...),
		shaping(scopeEntries()...),
		limitEntries(),
		guardEntries(),
		workEntries(),
	)
}

func tenantEntry() entry {
	return entry{
		path: "tenant", meaning: "the DBID of the Engage tenant; it must be given", allowed: "a DBID from 1",
		read: func(s *Settings, v any) string {
			n, ok := whole(v)
			if !ok || n < 1 {
				return show(v)
			}
			s.Tenant = n
			return ""
		},
		write: func(s Settings) any { return s.Tenant },
	}
}

func userEntries() []entry {
	sets := []SetControl{Exact, Additive, SetIgnored}
	controls := []Control{Controlled, AtCreation, Ignored}
	return []entry{
		choice("users.who", "which Persons become users: agents (is_agent = 2) or all", func(s *Settings) *string { return &s.Users.Who }, WhoAgents, WhoAll),
		choice("users.onDelete", "what happens to the user of a Person that is gone", func(s *Settings) *OnDelete { return &s.Users.OnDelete }, Orphan, Deactivate),
		choice("users.name", "how far Engage decides the name", func(s *Settings) *Control { return &s.Users.Name }, controls...),
		choice("users.email", "how far Engage decides the e-mail address", func(s *Settings) *Control { return &s.Users.Email }, controls...),
		choice("users.state", "how far Engage decides active and inactive", func(s *Settings) *Control { return &s.Users.State }, controls...),
		divisionEntry(),
		text("users.authority", "the authority of the external id; the key is the Person's DBID", "1 to 64 letters, digits, '.', '_' or '-'",
			func(s *Settings) *string { return &s.Users.Authority }, regexp.MustCompile(`^[\w.-]{1,64}$`).MatchString),
		choice("users.skills", "how far Engage decides the set of skills", func(s *Settings) *SetControl { return &s.Users.Skills }, sets...),
		choice("users.languages", "how far Engage decides the set of languages", func(s *Settings) *SetControl { return &s.Users.Languages }, sets...),
	}
}

// divisionEntry uses the design's words: enforced undoes moves out of the Home Division.
func divisionEntry() entry {
	e := choice("users.division", "users are created in the Home Division; enforced also undoes moves out of it", func(s *Settings) *Control { return &s.Users.Division },
		"enforced", AtCreation)
	read, write := e.read, e.write
	e.read = func(s *Settings, v any) string {
		fault := read(s, v)
		if fault == "" && s.Users.Division == "enforced" {
			s.Users.Division = Controlled
		}
		return fault
	}
	e.write = func(s Settings) any {
		if s.Users.Division == Controlled {
			return "enforced"
		}
		return write(s)
	}
	return e
}

func emailEntries() []entry {
	return []entry{
		text("email.domain", "the value of {domain} in email.template; given alone it switches on the template "+DefaultTemplate, "a domain name, or \"\"",
			func(s *Settings) *string { return &s.Email.Domain }, func(t string) bool { return t == "" || isDomain(t) }),
		text("email.template", "the address of a Person that has none; \"\" switches the step off",
			"an address made of {employee_id}, {user_name}, {dbid}, {domain} and plain text, one of the first three at least; or \"\"",
			func(s *Settings) *string { return &s.Email.Template }, func(t string) bool { return t == "" || isTemplate(t) }),
		list("email.ignore", "texts in the e-mail column that look like an address and mean none, compared without case",
			func(s *Settings) *[]string { return &s.Email.Ignore }),
	}
}

func isDomain(t string) bool {
	return !strings.ContainsFunc(t, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("@{}", r) }) &&
		!strings.HasPrefix(t, ".") && !strings.HasSuffix(t, ".")
}

// isTemplate says whether the text makes addresses that can differ between Persons.
func isTemplate(t string) bool {
	known := strings.NewReplacer("{employee_id}", "1", "{user_name}", "1", "{dbid}", "1")
	filled := strings.ReplaceAll(known.Replace(t), "{domain}", "example.com")
	plain := strings.ReplaceAll(t, "{domain}", "example.com")
	local, domain, ok := strings.Cut(filled, "@")
	return ok && local != "" && domain != "" && isDomain(domain) && filled != plain && !strings.ContainsAny(filled, "{}") &&
		!strings.ContainsFunc(filled, unicode.IsSpace)
}

func queueEntries() []entry {
	return []entry{
		typesEntry(),
		onDeleteEntry(),
		choice("members.control", "how far Engage decides the members of a queue; exact removes mapped users only", func(s *Settings) *SetControl { return &s.Members.Control },
			Exact, Additive, SetIgnored),
		flag("members.union", "explicit agents count beside a group's skill expression", func(s *Settings) *bool { return &s.Members.Union }),
		absentEntry(),
	}
}

// adoptedDeleteEntry shapes nothing: what is desired stays, only who is asked differs.
func adoptedDeleteEntry() entry {
	return choice("queues.adoptedDelete", "what the delete of a queue that was there before EXCS needs: an approval of its own, or no more than that of a queue that EXCS made",
		func(s *Settings) *AdoptedDelete { return &s.Queues.AdoptedDelete }, AdoptedApprove, AdoptedAsMade)
}

func wrapUpAndLanguageEntries() []entry {
	anything := func(string) bool { return true }
	return []entry{
		text("languages.attribute", "the Business Attribute whose values name the languages; \"\" for none", "a text",
			func(s *Settings) *string { return &s.Languages.Attribute }, anything),
		list("languages.names", "further skills that are languages, compared without case", func(s *Settings) *[]string { return &s.Languages.Names }),
		text("languages.pattern", "a regular expression; a skill whose whole name it matches, without case, is a language; \"\" for none", "a regular expression (RE2)",
			func(s *Settings) *string { return &s.Languages.Pattern }, isPattern),
		proficiencyEntry(),
		list("wrapUpCodes.attributes", "the Business Attributes whose values become wrap-up codes", func(s *Settings) *[]string { return &s.WrapUpCodes.Attributes }),
		codeNameEntry(),
		text("source.name", "the name of the Source that EXCS creates", "a text of 1 to 256 characters",
			func(s *Settings) *string { return &s.SourceName }, func(t string) bool { return t != "" && len([]rune(t)) <= 256 }),
	}
}

func isPattern(t string) bool {
	_, err := Languages{Pattern: t}.Compile()
	return err == nil
}

func scopeEntries() []entry {
	return []entry{
		list("scope.groups", "agent groups whose agents become users; none: every agent", func(s *Settings) *[]string { return &s.Scope.Groups }),
		linkedEntry(),
		list("scope.switches", "switches whose DNs become queues; none: every switch", func(s *Settings) *[]string { return &s.Scope.Switches }),
		count("limits.queues", "the most queues that the EX Org takes", 1, math.MaxInt32, func(s *Settings) *int { return &s.Limits.Queues }),
		count("limits.queueMembers", "the most members of one queue that the EX Org takes", 1, math.MaxInt32, func(s *Settings) *int { return &s.Limits.QueueMembers }),
	}
}

func limitEntries() []entry {
	return []entry{
		count("limits.bulkPerCall", "skills and languages in one call", 1, 50, func(s *Settings) *int { return &s.Limits.BulkPerCall }),
		count("limits.membersPerCall", "members in one call", 1, 100, func(s *Settings) *int { return &s.Limits.MembersPerCall }),
	}
}

func guardEntries() []entry {
	return slices.Concat(removalEntries(), allowanceEntries(), patienceEntries())
}

func removalEntries() []entry {
	return []entry{
		count("guard.removals.count", "removals of users, or of queues, within the window that pass without approval", 0, math.MaxInt32, func(s *Settings) *int { return &s.Guard.Removals.Count }),
		share("guard.removals.share", "the same as a share of the mapped objects; the larger of the two counts", func(s *Settings) *float64 { return &s.Guard.Removals.Share }),
		duration("guard.removalWindow", "the window of removals", time.Minute, 31*day, func(s *Settings) *time.Duration { return &s.Guard.RemovalWindow }),
		count("guard.updates.count", "updates of one kind within the window that pass without approval", 0, math.MaxInt32, func(s *Settings) *int { return &s.Guard.Updates.Count }),
		share("guard.updates.share", "the same as a share of the mapped objects; the larger of the two counts", func(s *Settings) *float64 { return &s.Guard.Updates.Share }),
		duration("guard.updateWindow", "the window of updates and memberships", time.Minute, 31*day, func(s *Settings) *time.Duration { return &s.Guard.UpdateWindow }),
		count("guard.activeFrom", "mapped objects of a kind from which on the guard counts", 0, math.MaxInt32, func(s *Settings) *int { return &s.Guard.ActiveFrom }),
		share("guard.queueLoss", "a queue that would lose more of its members than this waits for a second read", func(s *Settings) *float64 { return &s.Guard.QueueLoss }),
		count("guard.queueSize", "members of a queue from which on guard.queueLoss counts", 0, math.MaxInt32, func(s *Settings) *int { return &s.Guard.QueueSize }),
		count("guard.memberLossCount", "memberships lost within guard.updateWindow that pass without approval", 0, math.MaxInt32, func(s *Settings) *int { return &s.Guard.MemberLossCount }),
		share("guard.memberLoss", "the same as a share of all memberships; the larger of the two counts", func(s *Settings) *float64 { return &s.Guard.MemberLoss }),
	}
}

// allowance gives the two settings of a threshold.
func allowance(path, meaning string, at func(*Settings) *Threshold) []entry {
	return []entry{
		count(path+".count", meaning+" that pass without approval", 0, math.MaxInt32, func(s *Settings) *int { return &at(s).Count }),
		share(path+".share", "the same as a share; the larger of the two counts", func(s *Settings) *float64 { return &at(s).Share }),
	}
}

func allowanceEntries() []entry {
	return slices.Concat(
		allowance("guard.agents", "agents left without any queue within guard.updateWindow, of the mapped users,", func(s *Settings) *Threshold { return &s.Guard.Agents }),
		allowance("guard.joins", "memberships added to users that were mapped before, within guard.updateWindow, of all memberships,", func(s *Settings) *Threshold { return &s.Guard.Joins }),
		[]entry{count("guard.queueGrowth", "a queue of guard.queueSize or more that would grow to more than this many times its members waits for a second read", 1, math.MaxInt32,
			func(s *Settings) *int { return &s.Guard.QueueGrowth })},
		allowance("guard.made", "users, or queues, made or adopted within guard.removalWindow, of the mapped ones,", func(s *Settings) *Threshold { return &s.Guard.Made }),
		allowance("guard.names", "skills, languages, or wrap-up codes made or adopted within guard.removalWindow, of the mapped ones,", func(s *Settings) *Threshold { return &s.Guard.Names }),
		allowance("guard.assignments", "users who lose skills or languages, or get them at another level, within guard.updateWindow, of the mapped ones,", func(s *Settings) *Threshold { return &s.Guard.Assignments }),
		allowance("guard.addresses", "users who get another address within guard.removalWindow, of the mapped ones,", func(s *Settings) *Threshold { return &s.Guard.Addresses }),
		[]entry{count("guard.gapHours", "by how many hours without a complete read the allowances of guard.updateWindow for additions and fields grow at most", 1, 24*31,
			func(s *Settings) *int { return &s.Guard.GapHours })},
	)
}

func patienceEntries() []entry {
	return []entry{
		duration("approval", "how long an approval may be used", time.Minute, 7*day, func(s *Settings) *time.Duration { return &s.Approval }),
		duration("secondRead.members", "how much later a second read must agree that a queue loses, or gets, many members", 0, day, func(s *Settings) *time.Duration { return &s.SecondRead.Members }),
		duration("secondRead.allMembers", "the same for a queue that loses over half of them", 0, day, func(s *Settings) *time.Duration { return &s.SecondRead.AllMembers }),
		duration("secondRead.kind", "the same for a kind or link table that had rows and is empty", 0, 7*day, func(s *Settings) *time.Duration { return &s.SecondRead.Kind }),
		duration("secondRead.address", "the same for an address that another mapped user had within guard.removalWindow", 0, day, func(s *Settings) *time.Duration { return &s.SecondRead.Address }),
	}
}

func workEntries() []entry {
	return []entry{
		text("timeZone", "the time zone in which operators write hours, as in pause UNTIL=06:00", "a name of the IANA list, as Europe/Berlin",
			func(s *Settings) *string { return &s.TimeZone }, regexp.MustCompile(`^[A-Z][A-Za-z0-9_+/-]{1,40}$`).MatchString),
		duration("indexLag", "how long a created object may stay unseen by look-ups", 0, day, func(s *Settings) *time.Duration { return &s.IndexLag }),
		count("attempts", "failures of one object until it is quarantined", 1, 1000, func(s *Settings) *int { return &s.Attempts }),
		count("requests.perMinute", "calls a minute to the EX Org, over all workers of one OAuth client", 1, 100000, func(s *Settings) *int { return &s.Requests.PerMinute }),
		share("requests.bulkShare", "the share of the calls that drift and bulk work may use", func(s *Settings) *float64 { return &s.Requests.BulkShare }),
		share("verify.share", "the share of the calls that the sweep of the EX Org may use", func(s *Settings) *float64 { return &s.Verify.Share }),
		duration("verify.absence", "how far apart two reads must miss an object before it counts as deleted", 0, day, func(s *Settings) *time.Duration { return &s.Verify.Absence }),
		duration("verify.round", "the time in which the sweep reads every member list and external id once", time.Hour, 30*day, func(s *Settings) *time.Duration { return &s.Verify.Round }),
		count("fights", "times an hour that the same field of one object is set back before it is left to people", 1, 8, func(s *Settings) *int { return &s.Fights }),
	}
}
