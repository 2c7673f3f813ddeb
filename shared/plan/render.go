package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"excs/shared/model"
)

// Format is a way to write a plan.
type Format string

// The formats of the function sync.
const (
	FormatText     Format = "text"
	FormatJSON     Format = "json"
	FormatMarkdown Format = "markdown"
)

// Options limit what a rendered plan shows. Zero values give the defaults.
type Options struct {
	// Lines is the most lines of each section (default 2,000), Items the most members or skills of one line (default 12).
	Lines int
	Items int
	// Bytes is the most the whole may be (default 4,000,000: a Lambda answers at most 6 MB, and quoting adds to it). Lines
	// are left out until it fits.
	Bytes int
}

func (o Options) filled() Options {
	if o.Lines <= 0 {
		o.Lines = 2000
	}
	if o.Items <= 0 {
		o.Items = 12
	}
	if o.Bytes <= 0 {
		o.Bytes = 4_000_000
	}
	return o
}

// fit renders with fewer and fewer lines until the result is small enough, or down to one line a section.
func fit(o Options, render func(Options) []byte) []byte {
	for o = o.filled(); ; o.Lines /= 2 {
		if b := render(o); len(b) <= o.Bytes || o.Lines <= 1 {
			return b
		}
	}
}

// Render writes the plan in one of the formats. The error is CodeInvalid for an unknown format.
func (p Plan) Render(f Format, o Options) (string, error) {
	switch f {
	case FormatText:
		return p.Text(o), nil
	case FormatJSON:
		b, err := p.JSON(o)
		return string(b), err
	case FormatMarkdown:
		return p.Markdown(o), nil
	}
	return "", model.Errorf(model.CodeInvalid, "render plan", "unknown format %q: use one of %s, %s, %s", f, FormatJSON, FormatText, FormatMarkdown)
}

// sign is the mark at the beginning of a change's line.
func sign(a model.Action) string {
	switch a {
	case model.ActionCreate:
		return "+"
	case model.ActionAdopt:
		return "&"
	case model.ActionRestore:
		return "^"
	case model.ActionDelete:
		return "-"
	case model.ActionEmpty:
		return "0"
	case model.ActionOrphan:
		return "?"
	case model.ActionRefresh:
		return "."
	default:
		return "~"
	}
}

const legend = "+ create   & adopt   ^ restore   ~ update or deactivate   0 empty   - delete   ? orphan: left to the administrator"

// line writes one change: "~ user/1042 jane.doe@x.com: skills +Billing(3) -Sales, state active → inactive".
func line(c model.Change, items int) string {
	var b strings.Builder
	b.WriteString(sign(c.Action) + " " + c.Key.String())
	switch {
	case c.Label == "":
	case c.Key.Kind == model.KindUser:
		b.WriteString(" " + address(c.Label))
	default:
		b.WriteString(" " + quoted(c.Label))
	}
	parts := origin(c)
	if c.Action == model.ActionCreate && len(c.Fields) == 0 {
		parts = append(parts, contents(c.Object)...)
	}
	for _, f := range c.Fields {
		parts = append(parts, field(f, items))
	}
	if len(parts) > 0 {
		b.WriteString(": " + strings.Join(parts, ", "))
	}
	return b.String()
}

// origin says where the EX object comes from, if it is there already.
func origin(c model.Change) []string {
	switch {
	case c.Action == model.ActionCreate && c.Object.SameAs != 0:
		return []string{"shares the EX object of " + model.Key{Kind: c.Key.Kind, DBID: c.Object.SameAs}.String()}
	case c.Action == model.ActionCreate && !c.From.IsZero():
		return []string{"made again as " + c.From.String() + " was"}
	case c.Action == model.ActionCreate && len(c.Fields) > 0:
		return []string{"a new EX object"}
	case !c.From.IsZero():
		return []string{"takes over " + c.From.String()}
	case c.Action == model.ActionRestore:
		return []string{"restores " + word(c.Adopt)}
	case c.Adopt != "":
		return []string{"adopts " + word(c.Adopt)}
	}
	return nil
}

// contents says what a new object holds, in few words.
func contents(o model.Object) []string {
	var parts []string
	if o.Key.Kind == model.KindMembers {
		return []string{count(len(o.Members), "member")}
	}
	if o.Key.Kind != model.KindUser {
		return nil
	}
	if o.Email != "" {
		parts = append(parts, quoted(o.Name))
	}
	if o.State == model.StateInactive {
		parts = append(parts, string(o.State))
	}
	if n := len(o.Skills); n > 0 {
		parts = append(parts, count(n, "skill"))
	}
	if n := len(o.Languages); n > 0 {
		parts = append(parts, count(n, "language"))
	}
	return parts
}

func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return thousands(n) + " " + noun
}

// thousands writes 12345 as 12,345.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func field(f model.Field, items int) string {
	if len(f.Added)+len(f.Removed) == 0 {
		return f.Name + " " + word(f.Before) + " → " + word(f.After)
	}
	var b strings.Builder
	b.WriteString(f.Name)
	some(&b, " +", f.Added, items)
	some(&b, " -", f.Removed, items)
	return b.String()
}

func some(b *strings.Builder, mark string, values []string, items int) {
	for i, v := range values {
		if i == items {
			fmt.Fprintf(b, "%s(%s more)", mark, thousands(len(values)-items))
			return
		}
		b.WriteString(mark + word(v))
	}
}

// shown are the changes that people want to read: a refresh writes nothing to the EX Org and is only counted.
func (p Plan) shown() []model.Change {
	return slices.DeleteFunc(slices.Clone(p.Changes), func(c model.Change) bool { return c.Action == model.ActionRefresh })
}

// group are held changes with one reason.
type group struct {
	code   HeldCode
	reason string
	since  time.Time
	held   []Held
}

// groups collects what is held, in the order of its first key.
func (p Plan) groups() []group {
	var gs []group
	at := map[string]int{}
	for _, h := range p.Held {
		id := string(h.Code) + "\x00" + h.Reason
		i, ok := at[id]
		if !ok {
			i = len(gs)
			at[id] = i
			gs = append(gs, group{code: h.Code, reason: h.Reason, since: h.Since})
		}
		gs[i].held = append(gs[i].held, h)
		if h.Since.Before(gs[i].since) {
			gs[i].since = h.Since
		}
	}
	return gs
}

// approvals are the commands that let held changes pass: one a kind, after one for all if there are several kinds.
func (p Plan) approvals() []string {
	var commands []string
	for _, k := range model.Kinds() {
		if hash := p.HeldHash[k]; hash != "" {
			commands = append(commands, ApproveCommand(hash, k))
		}
	}
	if len(commands) > 1 {
		return append([]string{ApproveCommand(p.HeldHashAll)}, commands...)
	}
	return commands
}

// columns are the headings of the table of counts, and the counts under them.
func columns() []string {
	return []string{"in Engage", "create", "adopt", "update", "restore", "delete", "empty", "deactivate", "orphan", "refresh", "held", "rejected", "unchanged"}
}

func (c Counts) cells() []int {
	return []int{c.Engage, c.Create, c.Adopt, c.Update, c.Restore, c.Delete, c.Empty, c.Deactivate, c.Orphan, c.Refresh, c.Held, c.Rejected, c.Unchanged}
}

// headline says the plan in one line.
func (p Plan) headline() string {
	run := "Plan"
	if p.Run != 0 {
		run += " of run " + strconv.FormatInt(p.Run, 10)
	}
	changes := len(p.shown())
	if changes+len(p.Held)+len(p.Rejects) == 0 {
		return run + ": nothing to do"
	}
	return fmt.Sprintf("%s: %s, %s held, %s rejected", run, count(changes, "change"), thousands(len(p.Held)), thousands(len(p.Rejects)))
}
