package translate

import (
	"slices"
	"strconv"
	"strings"

	"excs/shared/model"
)

// The steps of the e-mail chain (RULES 3). A higher number is a lower step.
const (
	stepNone     = 0
	stepColumn   = 1
	stepUserName = 2
	stepTemplate = 3
)

// address is what the chain gave for a Person. own is the address that Engage itself holds, "" under the template.
type address struct {
	text string
	step int
	own  string
}

// addressOf walks down the chain: the e-mail column, the user name, the template.
func (t *translation) addressOf(p *model.Person) address {
	if column := model.Clean(p.Email); isAddress(column) && !t.isPlaceholder(column) {
		return address{column, stepColumn, column}
	}
	if name := model.Clean(p.UserName); isAddress(name) {
		return address{name, stepUserName, name}
	}
	if made := t.fillTemplate(p); isAddress(made) {
		return address{made, stepTemplate, ""}
	}
	return address{}
}

func (t *translation) isPlaceholder(column string) bool {
	return slices.ContainsFunc(t.settings.Email.Ignore, func(i string) bool { return model.SameName(i, column) })
}

// fillTemplate gives "" when the template is off or the Person lacks what it asks for.
func (t *translation) fillTemplate(p *model.Person) string {
	made := t.settings.Email.Template
	for placeholder, value := range map[string]string{
		"{employee_id}": p.EmployeeID,
		"{user_name}":   p.UserName,
		"{dbid}":        strconv.FormatInt(p.DBID, 10),
		"{domain}":      t.settings.Email.Domain,
	} {
		if !strings.Contains(made, placeholder) {
			continue
		}
		if value = model.Clean(value); value == "" {
			return ""
		}
		made = strings.ReplaceAll(made, placeholder, value)
	}
	return made
}

// The longest address and local part that mail takes, and the longest label of a domain (RFC 5321, RFC 1035).
const (
	longestAddress = 254
	longestLocal   = 64
	longestLabel   = 63
)

// isAddress reports whether the EX Org would take a text as an e-mail address: one @, a dot-atom before it, a domain of two
// or more labels of letters, digits and inner hyphens behind it. "mailto:a@x.com", "a@x.com; b@x.com", "Ann <a@x.com>",
// "'a@x.com'" and "a..b@x.com" are none, nor is a Windows user name such as ann@corp: the chain goes on.
func isAddress(text string) bool {
	local, domain, ok := strings.Cut(text, "@")
	return ok && len(text) <= longestAddress && isDotAtom(local) && isDomain(domain)
}

// isDotAtom reports whether the text is runs of the characters that mail allows, joined by single dots.
func isDotAtom(local string) bool {
	if len(local) > longestLocal {
		return false
	}
	for atom := range strings.SplitSeq(local, ".") {
		if atom == "" || strings.ContainsFunc(atom, func(r rune) bool { return !isAlphanumeric(r) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r) }) {
			return false
		}
	}
	return !strings.HasPrefix(local, "'")
}

func isDomain(domain string) bool {
	labels := strings.Split(domain, ".")
	for _, label := range labels {
		if label == "" || len(label) > longestLabel || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") ||
			strings.ContainsFunc(label, func(r rune) bool { return !isAlphanumeric(r) && r != '-' }) {
			return false
		}
	}
	return len(labels) > 1
}

func isAlphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

// keepAddress holds a mapped user on its step of the chain: it never falls to a lower one, for an address that vanishes
// in Engage is an accident more often than a wish, and the user's login hangs on it (RULES 4.2).
func (t *translation) keepAddress(c *candidate) {
	last := c.row.Object.Identity.AddressStep
	if !c.mapped || c.row.Object.Email == "" || c.row.Orphan && c.address.text == "" {
		return
	}
	if c.address.text != "" && (last == stepNone || c.address.step <= last) {
		return
	}
	c.address = c.lastAddress()
	t.freeze(c.key)
	t.note(c.key, "%s: Engage no longer gives the address from %s: the user keeps its last one", label(c.person), stepName(last))
}

func stepName(step int) string {
	switch step {
	case stepColumn:
		return "the e-mail column"
	case stepUserName:
		return "the user name"
	case stepTemplate:
		return "the template"
	default:
		return "any step of the chain"
	}
}

// rejectAddress says what an administrator can do about a Person without an address.
func (t *translation) rejectAddress(c *candidate) {
	remedy := "set one in Engage or give the setting email.template"
	if t.settings.Email.Template != "" {
		remedy = "set one in Engage, or what the setting email.template asks for (" + t.settings.Email.Template + ")"
	}
	t.reject(c.key, "%s has no e-mail address: %s", label(c.person), remedy)
}
