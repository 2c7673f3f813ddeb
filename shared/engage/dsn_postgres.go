package engage

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strings"
)

//nolint:gosec // a form, no password
const postgresForm = "write postgres://user:password@host:5432/database?sslmode=verify-full or host=… port=5432 user=… password='…' dbname=… sslmode=verify-full"

var postgresOptions = optionRules{
	known: []string{
		"connect_timeout", "sslmode", "sslkey", "sslcert", "sslrootcert", "sslpassword", "sslsni", "sslnegotiation", "krbspn", "krbsrvname",
		"target_session_attrs", "passfile", "service", "servicefile", "min_protocol_version", "max_protocol_version", "channel_binding", "require_auth",
		"default_query_exec_mode", "statement_cache_capacity", "description_cache_capacity",
		"application_name", "client_encoding", "options", "search_path", "role", "standard_conforming_strings", "timezone", "datestyle",
		"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "work_mem", "jit",
	},
	seconds: []string{"connect_timeout"},
	files:   []string{"sslkey", "sslcert", "sslrootcert"},
	oneOf: map[string][]string{
		"sslmode":                 {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"},
		"default_query_exec_mode": {"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"},
	},
}

// preparePostgres adds standard_conforming_strings=on, also where the DSN says otherwise: Genesys tells administrators to
// run the server with off, where pgx refuses to work in simple protocol (facts 3.2). Statements are sent without a name:
// each is used once, a kept one fails after a table was altered, and a pooler in transaction mode knows none.
func preparePostgres(s Secret) (prepared, error) {
	a, err := parsePostgres(s.DSN)
	if err != nil {
		return prepared{}, err
	}
	if a.options["ssl"] == "true" {
		a.setDefaults([2]string{"sslmode", "require"})
		delete(a.options, "ssl")
	}
	if err := postgresOptions.check(a.options); err != nil {
		return prepared{}, err
	}
	if s.RootCertificate != "" {
		if slices.Contains([]string{"disable", "allow", "prefer"}, a.options["sslmode"]) {
			return prepared{}, errors.New("rootCertificate is given, but the dsn's sslmode does not verify the server: set sslmode=verify-full")
		}
		file, err := rootFile(s.RootCertificate)
		if err != nil {
			return prepared{}, err
		}
		a.setDefaults([2]string{"sslmode", "verify-full"}, [2]string{"sslrootcert", file})
	}
	a.setDefaults([2]string{"connect_timeout", "5"}, [2]string{"application_name", "excs"}, [2]string{"default_query_exec_mode", "exec"})
	a.options["standard_conforming_strings"] = "on"
	var b strings.Builder
	put := func(key, value string) {
		if value != "" {
			b.WriteString(key + "='" + keywordEscapes.Replace(value) + "' ")
		}
	}
	put("host", a.host)
	put("port", everyPort(a.port))
	put("user", a.user)
	put("password", a.password)
	put("dbname", a.path)
	for _, key := range slices.Sorted(maps.Keys(a.options)) {
		put(key, a.options[key])
	}
	return prepared{strings.TrimSpace(b.String()), []string{s.DSN, b.String(), a.password, a.options["sslpassword"]}, postgresTLS(a.options)}, nil
}

func postgresTLS(options map[string]string) string {
	switch mode := options["sslmode"]; {
	case mode == "verify-full":
		return tlsVerified
	case mode == "verify-ca", mode == "require" && options["sslrootcert"] != "":
		return tlsVerified + ", but not its name"
	case mode == "require":
		return tlsUnverified
	case mode == "disable":
		return tlsNone
	}
	return "encrypted where the server offers it, but the server is not verified"
}

var keywordEscapes = strings.NewReplacer(`\`, `\\`, `'`, `\'`)

// parsePostgres takes either form apart; host, port, user, password and database may be options of the URL too.
func parsePostgres(dsn string) (address, error) {
	var a address
	var err error
	switch {
	case strings.HasPrefix(dsn, "postgres://"), strings.HasPrefix(dsn, "postgresql://"):
		a, err = parseURL(dsn)
	case isScheme(dsn) || !strings.Contains(dsn, "="):
		err = errNotPostgres()
	default:
		a.options, err = keywords(dsn)
	}
	if err != nil {
		return address{}, err
	}
	for key, field := range map[string]*string{"host": &a.host, "port": &a.port, "user": &a.user, "password": &a.password, "dbname": &a.path, "database": &a.path} {
		if v, given := a.options[key]; given {
			*field = v
			delete(a.options, key)
		}
	}
	return a, nil
}

// isScheme says whether a DSN begins like a URL.
func isScheme(dsn string) bool {
	scheme, _, found := strings.Cut(dsn, "://")
	return found && scheme != "" && !strings.ContainsFunc(scheme, func(r rune) bool { return !isWord(r) })
}

func errNotPostgres() error { return errors.New("the dsn is not one of PostgreSQL: " + postgresForm) }

// keywords takes key=value pairs apart as libpq does: a value with spaces stands in single quotes, in which a backslash
// keeps the next character.
func keywords(dsn string) (map[string]string, error) {
	options := map[string]string{}
	bad := errors.New("the dsn's key=value pairs do not parse: put the password in single quotes and write \\' and \\\\ for ' and \\ in it; " + postgresForm)
	for rest := strings.TrimSpace(dsn); rest != ""; rest = strings.TrimSpace(rest) {
		key, value, found := strings.Cut(rest, "=")
		key = strings.ToLower(strings.TrimSpace(key))
		if !found || key == "" || strings.ContainsAny(key, " '\\\t\n") {
			return nil, bad
		}
		value = strings.TrimLeft(value, " \t\n")
		v, after, ok := keywordValue(value)
		if !ok {
			return nil, bad
		}
		options[key], rest = v, after
	}
	return options, nil
}

// keywordValue reads one value and gives what follows it.
func keywordValue(text string) (value, rest string, ok bool) {
	quoted := strings.HasPrefix(text, "'")
	if quoted {
		text = text[1:]
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		case quoted && c == '\'':
			return b.String(), text[i+1:], true
		case !quoted && strings.ContainsRune(" \t\n\r", rune(c)):
			return b.String(), text[i:], true
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), "", !quoted
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// everyPort gives hosts without a port PostgreSQL's own where others have one: the driver takes no gap in the list.
func everyPort(ports string) string {
	if !strings.Contains(ports, ",") {
		return ports
	}
	all := strings.Split(ports, ",")
	for i, p := range all {
		if p == "" {
			all[i] = "5432"
		}
	}
	return strings.Join(all, ",")
}
