// Package doctor checks everything that a first plan needs: the Configuration Database, the EX Org with each permission that only reads, the
// table and the queues, the settings, and whether the schedule works.
//
// It reads through the functions and interfaces that it is given, returns one line for each check with what to do, and writes nothing. Its
// requests of the EX Org look for objects of a name that nobody has.
package doctor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"excs/shared/engage"
	"excs/shared/exorg"
	"excs/shared/model"
	"excs/shared/run"
)

// Verdict is what a check came to.
type Verdict string

// The verdicts. Unknown is what cannot be checked from here: Text says how it can be.
const (
	Fine    Verdict = "fine"
	Warning Verdict = "warning"
	Wrong   Verdict = "wrong"
	Unknown Verdict = "unknown"
)

// Line is one check.
type Line struct {
	// Area is "database", "EX Org", "AWS" or "EXCS".
	Area    string  `json:"area"`
	What    string  `json:"what"`
	Verdict Verdict `json:"verdict"`
	Text    string  `json:"text"`
	// Do is what the operator can do; "" where nothing is to be done.
	Do string `json:"do,omitempty"`
}

const (
	areaDatabase = "database"
	areaOrg      = "EX Org"
	areaAWS      = "AWS"
	areaEXCS     = "EXCS"
)

// Org is what is asked of the EX Org. *exorg.Client has it.
type Org interface {
	Org(ctx context.Context) (model.Org, error)
	HomeDivision(ctx context.Context) (exorg.Division, error)
	FindUsersByEmail(ctx context.Context, email string) ([]exorg.User, error)
	SkillsNamed(ctx context.Context, name string) ([]exorg.Skill, error)
	LanguagesNamed(ctx context.Context, name string) ([]exorg.Language, error)
	QueuesNamed(ctx context.Context, name string) ([]exorg.Queue, error)
	WrapUpCodesNamed(ctx context.Context, name string) ([]exorg.WrapUpCode, error)
	SourcesByName(ctx context.Context, name string) ([]exorg.Source, error)
}

// Config is what a check is made with. What is nil is told as not set; Lacks says why.
type Config struct {
	// Engage checks the Configuration Database line by line.
	Engage func(ctx context.Context) []engage.Finding
	Org    Org
	// Table tells the table's own id; Queues are the work queue and the dead-letter queue by name.
	Table  func(ctx context.Context) (string, error)
	Queues map[string]run.Depth
	// Status tells how the tenant stands.
	Status func(ctx context.Context) (run.Status, error)
	// Outdated says why nothing may be done by the settings; "": they are the deployment's.
	Outdated string
	// Lacks says which secret cannot be used, and why.
	Lacks error
	Now   func() time.Time
}

// Check makes all checks. It goes on after one that fails: the operator wants the whole list.
func Check(ctx context.Context, c Config) []Line {
	var lines []Line
	if c.Lacks != nil {
		lines = append(lines, Line{areaAWS, "secrets", Wrong, c.Lacks.Error(), "set the secret in Secrets Manager; the next invocation reads it"})
	}
	lines = append(lines, c.settings())
	lines = append(lines, c.database(ctx)...)
	lines = append(lines, c.org(ctx)...)
	lines = append(lines, c.aws(ctx)...)
	return append(lines, c.tenant(ctx)...)
}

func (c Config) settings() Line {
	if c.Outdated != "" {
		return Line{areaEXCS, "settings", Wrong, c.Outdated, "deploy again, so that the functions and their settings belong together"}
	}
	return Line{areaEXCS, "settings", Fine, "they are valid, and those of the deployment", ""}
}

func (c Config) database(ctx context.Context) []Line {
	if c.Engage == nil {
		return []Line{{areaDatabase, "secret", Unknown, "not checked: the Engage secret cannot be used", ""}}
	}
	var lines []Line
	for _, f := range c.Engage(ctx) {
		verdict := Fine
		if !f.OK {
			verdict = Wrong
		}
		lines = append(lines, Line{areaDatabase, f.What, verdict, f.Text, ""})
	}
	return lines
}

// nobody is a name that no object has, so that a look-up costs one small answer.
const nobody = "excs-doctor-looks-for-nobody"

func (c Config) org(ctx context.Context) []Line {
	if c.Org == nil {
		return []Line{{areaOrg, "secret", Unknown, "not checked: the EX Org secret cannot be used", ""}}
	}
	org, err := c.Org.Org(ctx)
	if err != nil {
		return []Line{failed(areaOrg, "credentials", err, "correct clientId, clientSecret and region in the EX Org secret")}
	}
	lines := []Line{{areaOrg, "credentials", Fine, "they lead to " + org.String(), ""}}
	home, err := c.Org.HomeDivision(ctx)
	lines = append(lines, result("home division", err, func() string { return home.Name }, "grant the OAuth client a role in all divisions"))
	for _, read := range []struct {
		permission string
		try        func() error
	}{
		{"directory:user:view", func() error { return second(c.Org.FindUsersByEmail(ctx, nobody+"@excs.invalid")) }},
		{"routing:skill:view", func() error { return second(c.Org.SkillsNamed(ctx, nobody)) }},
		{"routing:language", func() error { return second(c.Org.LanguagesNamed(ctx, nobody)) }},
		{"routing:queue:view", func() error { return second(c.Org.QueuesNamed(ctx, nobody)) }},
		{"routing:wrapupCode:view", func() error { return second(c.Org.WrapUpCodesNamed(ctx, nobody)) }},
		{"presence:source:view", func() error { return second(c.Org.SourcesByName(ctx, nobody)) }},
	} {
		lines = append(lines, result(read.permission, read.try(), func() string { return "it reads" }, "grant it to the role of the OAuth client, in all divisions"))
	}
	return append(lines, Line{
		areaOrg, "permissions to write", Unknown, "not tried, because that would write: compare the role with the README's list", "the first refused write is told in list and by the alarm auth-failed",
	})
}

// second drops what was found: only whether it could be asked counts.
func second[T any](_ []T, err error) error { return err }

func result(what string, err error, text func() string, do string) Line {
	if err != nil {
		return failed(areaOrg, what, err, do)
	}
	return Line{areaOrg, what, Fine, text(), ""}
}

func failed(area, what string, err error, do string) Line {
	line := Line{area, what, Wrong, err.Error(), do}
	if code := model.CodeOf(err); code == model.CodeThrottled || code == model.CodeUnavailable {
		line.Verdict, line.Do = Warning, "it may pass: ask again in a few minutes"
	}
	return line
}

func (c Config) aws(ctx context.Context) []Line {
	if c.Table == nil {
		return []Line{{areaAWS, "mapping table", Unknown, "this function does not know it", ""}}
	}
	var lines []Line
	if id, err := c.Table(ctx); err != nil {
		lines = append(lines, failed(areaAWS, "mapping table", err, "check that the table exists and that the function's role may read it"))
	} else {
		lines = append(lines, Line{areaAWS, "mapping table", Fine, "its id is " + id, ""})
	}
	for _, name := range []string{"work queue", "dead-letter queue"} {
		q, ok := c.Queues[name]
		if !ok {
			lines = append(lines, Line{areaAWS, name, Unknown, "this function does not know it", ""})
			continue
		}
		waiting, inFlight, err := q.Depth(ctx)
		if err != nil {
			lines = append(lines, failed(areaAWS, name, err, "check that the queue exists and that the function's role may ask for its attributes"))
			continue
		}
		lines = append(lines, Line{areaAWS, name, Fine, fmt.Sprintf("%d messages wait, %d are being worked on", waiting, inFlight), ""})
	}
	return append(lines, Line{
		areaAWS, "alarms", Unknown, "whether somebody gets them is not seen from here", "aws sns list-subscriptions-by-topic shows subscriptions that are not confirmed",
	})
}

// quietFor is how long the schedule may be silent: it comes each minute, and a read of a large site takes minutes.
const quietFor = 15 * time.Minute

func (c Config) tenant(ctx context.Context) []Line {
	if c.Status == nil {
		return nil
	}
	s, err := c.Status(ctx)
	if err != nil {
		return []Line{failed(areaEXCS, "status", err, "make status tells more")}
	}
	lines := []Line{c.schedule(s)}
	switch {
	case s.OtherOrg != nil:
		lines = append(lines, Line{areaEXCS, "organisation", Wrong, fmt.Sprintf("the credentials lead to %s, approved is %s: nothing is written", s.OtherOrg.Have, s.Org), "give the approved organisation's credentials back, or approve a first plan for the new one"})
	case s.FirstPlan.IsZero():
		lines = append(lines, Line{areaEXCS, "first plan", Warning, "none is approved: only plans are made", "make plan, read it, make approve HASH=…"})
	default:
		lines = append(lines, Line{areaEXCS, "first plan", Fine, "approved on " + s.FirstPlan.UTC().Format(time.DateOnly) + " for " + s.Org.String(), ""})
	}
	if s.Database.Waits() {
		lines = append(lines, Line{areaEXCS, "database", Wrong, "it is another database: " + s.Database.Why, "correct the Engage secret, or make approve HASH=" + s.Database.Hash})
	}
	if n := len(s.Paused); n > 0 {
		lines = append(lines, Line{areaEXCS, "pauses", Warning, fmt.Sprintf("%d in force: nothing in them is written", n), "make resume shows what would follow"})
	}
	return lines
}

func (c Config) schedule(s run.Status) Line {
	age := c.Now().Sub(s.LastProven)
	switch {
	case s.ProofFailed > 0:
		return Line{areaEXCS, "runs", Wrong, fmt.Sprintf("the last %d could not read Engage: %s", s.ProofFailed, s.ProofFailure), "see the lines of the database above"}
	case s.LastProven.IsZero():
		return Line{areaEXCS, "runs", Warning, "there was none yet", "the schedule makes one each minute once the secrets are set"}
	case age > quietFor:
		return Line{areaEXCS, "runs", Warning, "the last complete read of Engage was " + age.Round(time.Minute).String() + " ago", "check the schedule and the log of the function snapshot"}
	default:
		return Line{areaEXCS, "runs", Fine, "the last complete read of Engage was at " + s.LastProven.UTC().Format(time.RFC3339), ""}
	}
}

// Worst is the worst verdict of all lines; what is unknown counts as fine.
func Worst(lines []Line) Verdict {
	worst := Fine
	for _, l := range lines {
		switch l.Verdict {
		case Wrong:
			return Wrong
		case Warning:
			worst = Warning
		default:
		}
	}
	return worst
}

// String writes a line for a terminal.
func (l Line) String() string {
	mark := map[Verdict]string{Fine: "ok", Warning: "WARN", Wrong: "WRONG", Unknown: "?"}[l.Verdict]
	text := fmt.Sprintf("%s %s, %s: %s", mark, l.Area, l.What, strings.TrimSpace(l.Text))
	if l.Do != "" && l.Verdict != Fine {
		text += ". Do: " + l.Do
	}
	return text
}
