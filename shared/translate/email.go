package translate

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"excs/shared/model"
)

// The steps of the e-mail chain (DESIGN 2.3). A higher number is a lower step.
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
	if column := strings.TrimSpace(p.Email); isAddress(column) && !t.isPlaceholder(column) {
		return address{column, stepColumn, column}
	}
	if name := strings.TrimSpace(p.UserName); isAddress(name) {
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
		if value = strings.TrimSpace(value); value == "" {
			return ""
		}
		made = strings.ReplaceAll(made, placeholder, value)
	}
	return made
}

// isAddress says whether a text can be an e-mail address of the EX Org: one @, something before it, a domain with a dot
// behind it, and no blank, comma, semicolon or angle bracket ("a@x.com; b@x.com" and "Ann <a@x.com>" are none). A Windows
// user name such as ann@corp is none either: the chain goes on.
func isAddress(text string) bool {
	local, domain, ok := strings.Cut(text, "@")
	if !ok || local == "" || strings.Contains(domain, "@") {
		return false
	}
	dot := strings.Index(domain, ".")
	return dot > 0 && !strings.HasSuffix(domain, ".") &&
		!strings.ContainsFunc(text, func(r rune) bool {
			return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(",;<>", r)
		})
}

// keepAddress holds a mapped user on its step of the chain: it never falls to a lower one, for an address that vanishes
// in Engage is an accident more often than a wish, and the user's login hangs on it (DESIGN 2.4).
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
