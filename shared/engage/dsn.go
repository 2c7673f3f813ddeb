package engage

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// address is a DSN taken apart. Which form a DSN has is told by how it begins, never by what stands somewhere in it: a
// password may hold anything.
type address struct {
	user, password string
	host, port     string // PostgreSQL: lists
	path           string // what a URL has after the host: the database, the instance, the service
	options        map[string]string
}

const notAURL = "the dsn is not a valid URL: in user and password, characters such as / # ? % @ must be written as %2F %23 %3F %25 %40"

// parseURL takes scheme://user:password@host:port/path?options apart. Its errors quote nothing: where a character of the
// password is not escaped, any part may be a piece of the password.
func parseURL(dsn string) (address, error) {
	bad := errors.New(notAURL)
	_, rest, _ := strings.Cut(dsn, "://")
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, rest := rest[:end], rest[end:]
	at := strings.LastIndex(authority, "@")
	if strings.Contains(rest, "#") || at < 0 && strings.Contains(rest, "@") {
		return address{}, bad
	}
	var a address
	user, password, _ := strings.Cut(authority[:max(at, 0)], ":")
	path, query, _ := strings.Cut(rest, "?")
	var errs [4]error
	a.user, errs[0] = url.PathUnescape(user)
	a.password, errs[1] = url.PathUnescape(password)
	a.path, errs[2] = url.PathUnescape(strings.TrimPrefix(path, "/"))
	values, err := url.ParseQuery(query)
	errs[3] = err
	if errors.Join(errs[:]...) != nil {
		return address{}, bad
	}
	if a.host, a.port, err = splitHosts(authority[at+1:]); err != nil {
		return address{}, err
	}
	a.options = map[string]string{}
	for key, v := range values {
		low := strings.ToLower(key)
		if _, twice := a.options[low]; twice || len(v) > 1 && low != "server" {
			return address{}, errors.New("the dsn gives an option twice")
		}
		a.options[low] = v[0]
	}
	return a, nil
}

// splitHosts splits host:port, or a list of them, into the hosts and the ports.
func splitHosts(text string) (hosts, ports string, err error) {
	var hs, ps []string
	given := false
	for _, h := range strings.Split(text, ",") {
		port := ""
		if i := strings.LastIndex(h, ":"); i >= 0 && !strings.HasSuffix(h, "]") && (strings.Count(h, ":") == 1 || strings.HasPrefix(h, "[")) {
			h, port = h[:i], h[i+1:]
		}
		if n, err := strconv.ParseUint(port, 10, 16); port != "" && (err != nil || n == 0) {
			return "", "", errors.New("the dsn's port is not a number from 1 to 65535 (or a character of the password is not escaped: " + notAURL + ")")
		}
		given = given || port != ""
		hs, ps = append(hs, strings.Trim(h, "[]")), append(ps, port)
	}
	if !given {
		return strings.Join(hs, ","), "", nil
	}
	return strings.Join(hs, ","), strings.Join(ps, ","), nil
}

// optionRules is what a DBMS's driver takes in a DSN.
type optionRules struct {
	known   []string            // in lower case
	seconds []string            // of these: whole numbers of seconds
	files   []string            // of these: files or folders
	oneOf   map[string][]string // of these: a fixed set of values
}

// check says what is wrong with the options, before anybody connects.
func (r optionRules) check(options map[string]string) error {
	for _, key := range slices.Sorted(maps.Keys(options)) {
		value := options[key]
		switch {
		case !slices.Contains(r.known, key):
			return fmt.Errorf("the dsn has an option that the driver does not know%s: use some of %s", quoted(key), strings.Join(r.known, ", "))
		case slices.Contains(r.seconds, key) && !isDigits(value):
			return fmt.Errorf("the dsn's option %s is a whole number of seconds, without a unit", key)
		case r.oneOf[key] != nil && !slices.Contains(r.oneOf[key], strings.ToLower(value)):
			return fmt.Errorf("the dsn's option %s is none of %s", key, strings.Join(r.oneOf[key], ", "))
		case slices.Contains(r.files, key) && value != "" && value != "system":
			if _, err := os.Stat(value); err != nil {
				return fmt.Errorf("the dsn's option %s names a file or folder that is not there: in AWS, give root certificates as rootCertificate in the Engage secret", key)
			}
		}
	}
	return nil
}

// quoted shows an option's name if it can not be a piece of a password that was not escaped.
func quoted(key string) string {
	if !regexp.MustCompile(`^[a-z][a-z ]*[_ ]?[a-z]+$`).MatchString(key) {
		return ""
	}
	return " (" + key + ")"
}

func isDigits(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// setDefaults adds what the DSN does not say itself.
func (a *address) setDefaults(defaults ...[2]string) {
	for _, d := range defaults {
		if _, given := a.options[d[0]]; !given {
			a.options[d[0]] = d[1]
		}
	}
}

// prepareSQLite opens an existing file and nothing else (a wrong path would otherwise make an empty database), has
// SQLite refuse every write, and waits a moment for a lock.
func prepareSQLite(s Secret) (prepared, error) {
	dsn := s.DSN
	if regexp.MustCompile(`^[a-z]+://`).MatchString(dsn) {
		return prepared{}, errors.New("the dsn is not one of SQLite: write the path of the file, or file:path?…")
	}
	path, query, _ := strings.Cut(dsn, "?")
	q, err := url.ParseQuery(query)
	if err != nil {
		return prepared{}, errors.New("the dsn's parameters after the ? are not valid")
	}
	memory := strings.Contains(path, ":memory:") || q.Get("mode") == "memory"
	if !strings.HasPrefix(path, "file:") && !memory {
		path = "file:" + (&url.URL{Path: path}).EscapedPath()
	}
	if !memory && !q.Has("mode") {
		q.Set("mode", "rw")
	}
	for _, pragma := range []string{"query_only(1)", "busy_timeout(10000)"} {
		name, _, _ := strings.Cut(pragma, "(")
		if !slices.ContainsFunc(q["_pragma"], func(p string) bool { return strings.HasPrefix(p, name) }) {
			q.Add("_pragma", pragma)
		}
	}
	return prepared{path + "?" + q.Encode(), []string{dsn}, "a file"}, nil
}

// secretsOf lists the texts that no message may hold, longest first: the DSNs and the passwords, as they are and as a
// URL has them.
func secretsOf(texts ...string) []string {
	var hide []string
	for _, t := range texts {
		for _, form := range []string{t, url.QueryEscape(t), url.PathEscape(t), strings.ReplaceAll(t, `"`, `""`), keywordEscapes.Replace(t)} {
			if form != "" && !slices.Contains(hide, form) {
				hide = append(hide, form)
			}
		}
	}
	slices.SortFunc(hide, func(a, b string) int { return len(b) - len(a) })
	return hide
}

// longSecret is from which length on a secret is hidden inside of words too. A shorter one can be a part of a word that
// means nothing: a password "or" would blot out half of "password".
const longSecret = 8

// scrub makes one line of a text and blots out everything that must stay hidden.
func scrub(text string, hide []string) string {
	for _, h := range hide {
		text = blot(text, h)
	}
	return strings.Join(strings.Fields(text), " ")
}

func blot(text, secret string) string {
	if utf8.RuneCountInString(secret) >= longSecret {
		return strings.ReplaceAll(text, secret, "***")
	}
	var b strings.Builder
	for from := 0; ; {
		i := strings.Index(text[from:], secret)
		if i < 0 {
			return b.String() + text[from:]
		}
		i += from
		end := i + len(secret)
		b.WriteString(text[from:i])
		if isInWord(text[:i], secret, text[end:]) {
			b.WriteString(secret)
		} else {
			b.WriteString("***")
		}
		from = end
	}
}

// isInWord says whether a text is a part of a longer word.
func isInWord(before, text, after string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	first, _ := utf8.DecodeRuneInString(text)
	end, _ := utf8.DecodeLastRuneInString(text)
	next, _ := utf8.DecodeRuneInString(after)
	return isWord(last) && isWord(first) && before != "" || isWord(end) && isWord(next) && after != ""
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// rootFile writes the secret's root certificates where a driver that wants a file finds them. The name is that of the
// text, so a function that stays warm writes it once.
func rootFile(pem string) (string, error) {
	path := filepath.Join(os.TempDir(), "excs-roots-"+hashOf(pem)+".pem")
	if old, err := os.ReadFile(path); err == nil && string(old) == pem {
		return path, nil
	}
	if err := os.WriteFile(path, []byte(pem), 0o600); err != nil {
		return "", errors.New("rootCertificate can not be written to the temporary folder: " + err.Error())
	}
	return path, nil
}
