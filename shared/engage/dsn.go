package engage

import (
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// What EXCS adds to a DSN is added only where the DSN does not say it itself, but for standard_conforming_strings.

const notAURL = "the dsn is not a valid URL: in user and password, characters such as / # ? % must be written as %2F %23 %3F %25"

// preparePostgres adds standard_conforming_strings=on: Genesys tells administrators to run the server with off, where
// pgx refuses to work in simple protocol (facts 3.2). It also bounds the time per host and names the program.
func preparePostgres(dsn string) (string, error) {
	defaults := [][2]string{{"connect_timeout", "5"}, {"application_name", "excs"}}
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		return editURL(dsn, func(q url.Values) {
			q.Set("standard_conforming_strings", "on")
			setDefaults(q, defaults)
		})
	}
	if strings.Contains(dsn, "://") || !strings.Contains(dsn, "=") {
		return "", errNotPostgres()
	}
	for _, d := range defaults {
		if !strings.Contains(dsn, d[0]) {
			dsn += " " + d[0] + "=" + d[1]
		}
	}
	return dsn + " standard_conforming_strings=on", nil
}

func errNotPostgres() error {
	return errors.New("the dsn is not one of PostgreSQL: write postgres://user:password@host:5432/database or host=… user=… password=… dbname=…")
}

// prepareSQLServer hints that the connection only reads, which also lets an availability group send it to a readable
// secondary. The driver accepts the hint only together with a database.
func prepareSQLServer(dsn string) (string, error) {
	defaults := [][2]string{{"app name", "excs"}, {"dial timeout", "10"}}
	readOnly := [2]string{"ApplicationIntent", "ReadOnly"}
	if strings.HasPrefix(dsn, "sqlserver://") {
		return editURL(dsn, func(q url.Values) {
			if hasKey(q, "database") || hasKey(q, "initial catalog") {
				defaults = append(defaults, readOnly)
			}
			setDefaults(q, defaults)
		})
	}
	if strings.Contains(dsn, "://") || !strings.Contains(dsn, "=") {
		return "", errors.New("the dsn is not one of SQL Server: write sqlserver://user:password@host:1433?database=… or server=…;user id=…;password=…;database=…")
	}
	low := strings.ToLower(dsn)
	if strings.HasPrefix(low, "odbc:") { // ODBC has no keyword for the time-out
		defaults = defaults[:1]
	}
	if strings.Contains(low, "database=") || strings.Contains(low, "initial catalog=") {
		defaults = append(defaults, readOnly)
	}
	for _, d := range defaults {
		if !strings.Contains(low, strings.ToLower(d[0])) {
			dsn = strings.TrimRight(dsn, "; ") + ";" + d[0] + "=" + d[1]
		}
	}
	return dsn, nil
}

// prepareOracle fetches more rows per round trip than the driver's 25.
func prepareOracle(dsn string) (string, error) {
	if !strings.HasPrefix(dsn, "oracle://") {
		return "", errors.New("the dsn is not one of Oracle: write oracle://user:password@host:1521/service")
	}
	return editURL(dsn, func(q url.Values) { setDefaults(q, [][2]string{{"PREFETCH_ROWS", "500"}}) })
}

// prepareSQLite opens an existing file and nothing else (a wrong path would otherwise make an empty database), has
// SQLite refuse every write, and waits a moment for a lock.
func prepareSQLite(dsn string) (string, error) {
	if strings.Contains(dsn, "://") && !strings.HasPrefix(dsn, "file:") {
		return "", errors.New("the dsn is not one of SQLite: write the path of the file, or file:path?…")
	}
	path, query, _ := strings.Cut(dsn, "?")
	q, err := url.ParseQuery(query)
	if err != nil {
		return "", errors.New("the dsn's parameters after the ? are not valid")
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
	return path + "?" + q.Encode(), nil
}

// editURL changes the parameters of a DSN in URL form. The text of a parse error may hold a part of the password, so it
// is not passed on.
func editURL(dsn string, edit func(url.Values)) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return "", errors.New(notAURL)
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "", errors.New(notAURL)
	}
	edit(q)
	// %20 instead of + for a space: drivers that do not decode a query as a form read both.
	u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20")
	return u.String(), nil
}

func setDefaults(q url.Values, defaults [][2]string) {
	for _, d := range defaults {
		if !hasKey(q, d[0]) {
			q.Set(d[0], d[1])
		}
	}
}

func hasKey(q url.Values, key string) bool {
	for k := range q {
		if strings.EqualFold(k, key) {
			return true
		}
	}
	return false
}

// secretsOf lists the texts of a DSN that no message may hold, longest first: the DSN itself and every password in it,
// as written and decoded.
func secretsOf(dsns ...string) []string {
	var hide []string
	add := func(s string) {
		if s != "" && !slices.Contains(hide, s) {
			hide = append(hide, s)
		}
	}
	keyword := regexp.MustCompile(`(?i)(?:password|pwd)\s*=\s*`)
	for _, dsn := range dsns {
		add(dsn)
		if u, err := url.Parse(dsn); err == nil && u.User != nil {
			if p, ok := u.User.Password(); ok {
				add(p)
				add(url.QueryEscape(p))
				add(url.PathEscape(p))
			}
		}
		for _, at := range keyword.FindAllStringIndex(dsn, -1) {
			for _, v := range valuesAt(dsn[at[1]:]) {
				add(v)
				if p, err := url.QueryUnescape(v); err == nil {
					add(p)
				}
			}
		}
	}
	slices.SortFunc(hide, func(a, b string) int { return len(b) - len(a) })
	return hide
}

// valuesAt lists what the value at the start of a text may be. Where it ends depends on the form of the DSN (a space, a
// semicolon, an ampersand, a closing quote), so every reading is taken: hiding too much costs nothing.
func valuesAt(rest string) []string {
	values := []string{rest}
	for _, end := range []string{" ", ";", "&"} {
		v, _, _ := strings.Cut(rest, end)
		values = append(values, v, strings.Trim(v, `'"`))
	}
	if m := regexp.MustCompile(`^(?:'((?:[^'\\]|\\.)*)'|"([^"]*)"|\{([^}]*)\})`).FindStringSubmatch(rest); m != nil {
		quoted := m[1] + m[2] + m[3]
		values = append(values, quoted, regexp.MustCompile(`\\(.)`).ReplaceAllString(quoted, "$1"))
	}
	return values
}

// scrub makes one line of a text and blots out everything that must stay hidden.
func scrub(text string, hide []string) string {
	for _, h := range hide {
		text = strings.ReplaceAll(text, h, "***")
	}
	return strings.Join(strings.Fields(text), " ")
}
